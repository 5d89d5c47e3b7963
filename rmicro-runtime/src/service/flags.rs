//! The flags of every service, as data (go-micro v5 `cmd/cmd.go`, v2 `config/cmd/cmd.go`).
//!
//! Invariant: a flag is one row of the table; parsing, the environment and `--help` read the row. A
//! flag that go-micro knows and rmicro does not honour yet has a row, so that it is refused by
//! name.

mod table;

use super::settings::{Expected, Settings};

pub(super) use table::FLAGS;

/// One flag; its environment variables follow from its name.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// What holds when it is not given, for people to read.
    pub(super) default: &'static str,
    pub(super) about: &'static str,
    pub(super) effect: Effect,
}

/// What a flag does.
#[derive(Debug)]
pub(super) enum Effect {
    /// It changes the settings, or says what it expected.
    Set(fn(&mut Settings, &str) -> Result<(), Expected>),
    /// It chooses by URL, and go-micro has schemes that rmicro has not.
    Choose {
        set: fn(&mut Settings, &str) -> Result<(), Expected>,
        /// Why a URL cannot be chosen; `None` when it can.
        refusal: fn(&str) -> Option<String>,
    },
    /// It is go-micro's, and only this value of it is what rmicro does anyway.
    Only(&'static str),
    /// It is go-micro's, and rmicro does not honour it yet.
    NotYet,
}

impl Flag {
    /// The flag of this name; `-` stands for `_`, and v3's `service_x` is `server_x`.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let name = name.replace('-', "_");
        FLAGS
            .iter()
            .find(|flag| flag.names().any(|known| known == name))
    }

    /// Its names, the usual one first.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + use<> {
        let v3 = self
            .name
            .strip_prefix("server_")
            .map(|rest| format!("service_{rest}"));
        std::iter::once(self.name.to_owned()).chain(v3)
    }

    /// Its environment variables, the strongest first.
    pub(super) fn variables(&self) -> impl Iterator<Item = String> + use<> {
        let upper: Vec<_> = self.names().map(|name| name.to_uppercase()).collect();
        let with = move |prefix: &'static str| {
            let upper = upper.clone();
            upper.into_iter().map(move |name| format!("{prefix}{name}"))
        };
        with("RMICRO_").chain(with("MICRO_"))
    }

    /// Whether `value` is something that this version does.
    pub(super) fn honours(&self, value: &str) -> bool {
        match self.effect {
            Effect::Set(_) | Effect::Choose { .. } => true,
            Effect::Only(only) => only == value,
            Effect::NotYet => false,
        }
    }
}

/// The flag that is most like `name`, when one is like it at all.
pub(super) fn suggestion(name: &str) -> Option<String> {
    let name = name.replace('-', "_");
    let all = FLAGS
        .iter()
        .flat_map(Flag::names)
        .chain(["help".into(), "version".into()]);
    let (distance, known) = all.map(|known| (distance(&name, &known), known)).min()?;
    (distance <= 1 + name.len() / 5).then_some(known)
}

/// How many letters must be put in, taken out or changed to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.chars().enumerate() {
            let change = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_that_go_micro_v2_and_v5_share_is_known() {
        let shared = "client server client_request_timeout client_retries client_pool_size \
            client_pool_ttl \
            register_ttl register_interval server_name server_version server_id server_address \
            server_advertise server_metadata broker broker_address profile registry \
            registry_address selector store store_address store_database store_table transport \
            transport_address tracer tracer_address auth auth_id auth_secret auth_namespace \
            auth_public_key auth_private_key config";
        for name in shared.split_whitespace() {
            assert!(Flag::find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn v3s_spelling_is_the_same_flag() {
        let flag = Flag::find("service_address").unwrap();
        assert_eq!(flag.name, "server_address");
        assert_eq!(Flag::find("server-address").unwrap().name, "server_address");
        let variables: Vec<_> = flag.variables().collect();
        assert_eq!(
            variables,
            [
                "RMICRO_SERVER_ADDRESS",
                "RMICRO_SERVICE_ADDRESS",
                "MICRO_SERVER_ADDRESS",
                "MICRO_SERVICE_ADDRESS"
            ]
        );
    }

    #[test]
    fn a_name_that_is_nearly_right_is_suggested() {
        assert_eq!(suggestion("server_adress").unwrap(), "server_address");
        assert_eq!(suggestion("registery").unwrap(), "registry");
        assert_eq!(suggestion("service_idd").unwrap(), "service_id");
        assert_eq!(suggestion("hepl"), None);
        assert_eq!(suggestion("colour"), None);
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }
}
