//! The environment: `RMICRO_X` and then go-micro's `MICRO_X` for every flag, and the level of the
//! log.
//!
//! A variable of a flag that this version does not honour, and a transport or selector of go-micro's
//! in a variable of go-micro's, are told and ignored, since a whole fleet shares an environment. A
//! registry is not: a node that registers elsewhere than its fleet is lost.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::flags::FLAGS;
use super::given::Given;
use crate::error::{Error, Result};

/// The variables that concern us; those of other people are never looked at.
#[derive(Debug)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes what begins with `RMICRO_` or `MICRO_` out of `vars`; an empty variable counts as
    /// absent.
    pub(super) fn read(vars: impl Iterator<Item = (OsString, OsString)>) -> Result<Self> {
        let ours = vars.filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let ours = name.starts_with("RMICRO_") || name.starts_with("MICRO_");
            (ours && !value.is_empty()).then_some((name, value))
        });
        let text = ours.map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(Error::invalid_argument(format!("{name} is not UTF-8"))),
        });
        text.collect::<Result<_>>().map(Self)
    }

    /// The values for flags, in the order of the table, and what to warn of.
    pub(super) fn given(&self) -> (Vec<Given>, Vec<String>) {
        let given = FLAGS.iter().filter_map(|flag| {
            let found = flag
                .variables()
                .find_map(|name| self.0.get_key_value(&name));
            let (spelled, value) = found.map(|(name, value)| (name.clone(), value.clone()))?;
            Some(Given {
                flag,
                spelled,
                value,
            })
        });
        let (mut honoured, mut warnings) = (Vec::new(), Vec::new());
        for given in given {
            match given.not_honoured().or_else(|| given.of_others()) {
                Some(why) => warnings.push(format!("{why}: ignored")),
                None => honoured.push(given),
            }
        }
        (honoured, warnings)
    }

    /// The level of the log, which has no flag in go-micro either.
    pub(super) fn log_level(&self) -> Option<&str> {
        let level = self
            .0
            .get("RMICRO_LOG_LEVEL")
            .or_else(|| self.0.get("MICRO_LOG_LEVEL"));
        level.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Environment {
        Environment::read(vars.iter().map(|(name, value)| (name.into(), value.into()))).unwrap()
    }

    fn values(vars: &[(&str, &str)]) -> Vec<(String, String)> {
        let (given, warnings) = read(vars).given();
        assert_eq!(warnings, [""; 0]);
        given
            .into_iter()
            .map(|given| (given.spelled, given.value))
            .collect()
    }

    #[test]
    fn our_own_variable_is_stronger_than_go_micros() {
        let vars = [
            ("MICRO_SERVER_ADDRESS", ":1"),
            ("RMICRO_SERVICE_ADDRESS", ":2"),
        ];
        assert_eq!(
            values(&vars),
            [("RMICRO_SERVICE_ADDRESS".into(), ":2".into())]
        );
        assert_eq!(
            values(&vars[..1]),
            [("MICRO_SERVER_ADDRESS".into(), ":1".into())]
        );
    }

    #[test]
    fn an_empty_variable_and_a_strangers_are_absent() {
        assert_eq!(values(&[("RMICRO_REGISTRY", ""), ("REGISTRY", "x")]), []);
        let fallen = [("RMICRO_REGISTRY", ""), ("MICRO_REGISTRY", "mdns")];
        assert_eq!(values(&fallen), [("MICRO_REGISTRY".into(), "mdns".into())]);
    }

    #[test]
    fn a_variable_that_is_not_honoured_yet_is_one_warning() {
        let (given, warnings) = read(&[("MICRO_STORE", "file"), ("MICRO_SERVER", "grpc")]).given();
        assert_eq!(given.len(), 1);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            warnings,
            [format!(
                "MICRO_STORE is not supported by rmicro {version} yet: ignored"
            )]
        );
    }

    #[test]
    fn what_only_go_micro_has_is_one_warning_in_its_own_variable_alone() {
        for (name, value, contract, there) in [
            ("TRANSPORT", "http", "transport", "grpc, memory"),
            ("SELECTOR", "dns", "selector", "random, round_robin"),
        ] {
            let (go, own) = (format!("MICRO_{name}"), format!("RMICRO_{name}"));
            let (given, warnings) = read(&[(&go, value)]).given();
            assert_eq!(given.len(), 0);
            if cfg!(feature = "grpc") {
                let told = format!(
                    "{go}: {contract} {value:?} does not exist; there are: {there}: ignored"
                );
                assert_eq!(warnings, [told]);
            }
            assert_eq!(values(&[(&own, value)]), [(own.clone(), value.into())]);
            assert_eq!(values(&[(&go, "")]), []);
        }
        let registry = [("MICRO_REGISTRY", "consul")];
        assert_eq!(
            values(&registry),
            [("MICRO_REGISTRY".into(), "consul".into())]
        );
    }

    #[test]
    fn the_level_of_the_log_has_two_names() {
        let both = [("MICRO_LOG_LEVEL", "debug"), ("RMICRO_LOG_LEVEL", "warn")];
        assert_eq!(read(&both).log_level(), Some("warn"));
        assert_eq!(read(&both[..1]).log_level(), Some("debug"));
        assert_eq!(read(&[]).log_level(), None);
    }
}
