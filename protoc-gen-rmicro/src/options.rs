//! The options, spelt alike in `--rmicro_opt=key=value,…` and in [`Builder`](crate::Builder).
//!
//! Invariant: an option that is not known, or has the wrong form, is an error that lists the known ones; none is ignored.

use std::collections::BTreeMap;

use crate::error::{Result, bail};

mod known;
mod syntax;

pub use known::help;
use known::{is_known, malformed, unknown};
use syntax::{
    attribute, check_attribute, is_file_name, is_fixed_path, is_matcher, is_proto_path, pair,
    split, switch,
};

/// The options that may be given more than once.
const MANY: [&str; 5] = [
    "extern_path",
    "type_attribute",
    "field_attribute",
    "bytes",
    "btree_map",
];

/// What to generate, and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Proto paths whose types live elsewhere, with the Rust path there.
    pub(crate) extern_path: Vec<(String, String)>,
    /// Paths of types with an attribute for them.
    pub(crate) type_attribute: Vec<(String, String)>,
    /// Paths of fields with an attribute for them.
    pub(crate) field_attribute: Vec<(String, String)>,
    /// Paths whose `bytes` fields are `Bytes` instead of `Vec<u8>`.
    pub(crate) bytes: Vec<String>,
    /// Paths whose maps are `BTreeMap` instead of `HashMap`.
    pub(crate) btree_map: Vec<String>,
    /// The files that nest the packages, one by each name.
    pub(crate) include_file: Vec<String>,
    /// Whether to generate messages.
    pub(crate) messages: bool,
    /// Whether to generate JSON, if it was said; [`has_json`](Self::has_json) knows the default.
    pub(crate) json: Option<bool>,
    /// Whether to generate client stubs.
    pub(crate) client: bool,
    /// Whether to generate handlers.
    pub(crate) server: bool,
    /// Whether a handler may leave methods out.
    pub(crate) unimplemented_stubs: bool,
    /// Whether the well-known types are those of the runtime; only the runtime's own are generated without.
    pub(crate) well_known: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            extern_path: Vec::new(),
            type_attribute: Vec::new(),
            field_attribute: Vec::new(),
            bytes: Vec::new(),
            btree_map: Vec::new(),
            include_file: Vec::new(),
            messages: true,
            json: None,
            client: true,
            server: true,
            unimplemented_stubs: false,
            well_known: true,
        }
    }
}

impl Options {
    /// Reads the parameter of the plugin. A comma inside a value is written `\,`.
    pub(crate) fn parse(parameter: &str) -> Result<Self> {
        let mut options = Self::default();
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        for option in split(parameter) {
            let option = option.trim();
            options.set(option)?;
            let name = option.split('=').next().unwrap_or(option).to_owned();
            if MANY.contains(&name.as_str()) {
                continue;
            }
            if let Some(other) = given
                .insert(name, option.to_owned())
                .filter(|other| other != option)
            {
                bail!("options `{other}` and `{option}` contradict each other; give one");
            }
        }
        options.check()?;
        Ok(options)
    }

    /// Whether messages and services have JSON: those that are generated here do, others only if somebody says so.
    pub(crate) fn has_json(&self) -> bool {
        self.json.unwrap_or(self.messages)
    }

    /// Refuses values of the wrong form, and options that another leaves without effect.
    pub(crate) fn check(&self) -> Result<()> {
        self.check_extern_paths()?;
        for (path, attribute) in &self.type_attribute {
            check_attribute("type_attribute", path, attribute)?;
        }
        for (path, attribute) in &self.field_attribute {
            check_attribute("field_attribute", path, attribute)?;
        }
        for (name, paths) in [("bytes", &self.bytes), ("btree_map", &self.btree_map)] {
            if let Some(path) = paths.iter().find(|path| !is_matcher(path)) {
                return malformed(name, &format!("{name}={path}"));
            }
        }
        match self.include_file.iter().find(|name| !is_file_name(name)) {
            Some(name) => malformed("include_file", &format!("include_file={name}")),
            None => self.check_switches(),
        }
    }

    fn check_extern_paths(&self) -> Result<()> {
        for (index, (proto, rust)) in self.extern_path.iter().enumerate() {
            let written = format!("extern_path={proto}={rust}");
            if !is_proto_path(proto) || !is_fixed_path(rust) {
                return malformed("extern_path", &written);
            }
            let mut before = self.extern_path[..index].iter();
            if before.any(|(other, _)| other == proto) {
                bail!("option `{written}` gives a path for `{proto}` a second time");
            }
        }
        Ok(())
    }

    fn check_switches(&self) -> Result<()> {
        if !self.messages && !self.client && !self.server {
            bail!(
                "with `messages=false`, `client=false` and `server=false` there is nothing to generate"
            );
        }
        if self.unimplemented_stubs && !self.server {
            bail!(
                "`unimplemented_stubs=true` is about handlers, and with `server=false` there are none"
            );
        }
        let about_messages = [
            ("type_attribute", !self.type_attribute.is_empty()),
            ("field_attribute", !self.field_attribute.is_empty()),
            ("bytes", !self.bytes.is_empty()),
            ("btree_map", !self.btree_map.is_empty()),
        ];
        match about_messages.iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) if !self.messages => bail!(
                "`{name}` is about messages, and with `messages=false` none are generated: say it to what generates them"
            ),
            _ => Ok(()),
        }
    }

    fn set(&mut self, option: &str) -> Result<()> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        match (name, value) {
            ("extern_path", _) => self.extern_path.push(pair(name, option, value)?),
            ("type_attribute", _) => self.type_attribute.push(attribute(name, option, value)?),
            ("field_attribute", _) => self.field_attribute.push(attribute(name, option, value)?),
            ("bytes", Some(path)) => self.bytes.push(path.to_owned()),
            ("btree_map", Some(path)) => self.btree_map.push(path.to_owned()),
            ("include_file", Some(file)) => self.include_file = vec![file.to_owned()],
            ("messages", _) => self.messages = switch(name, option, value)?,
            ("json", _) => self.json = Some(switch(name, option, value)?),
            ("client", _) => self.client = switch(name, option, value)?,
            ("server", _) => self.server = switch(name, option, value)?,
            ("unimplemented_stubs", _) => self.unimplemented_stubs = switch(name, option, value)?,
            _ if is_known(name) => return malformed(name, option),
            _ => return unknown(option),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(parameter: &str) -> String {
        Options::parse(parameter).unwrap_err().to_string()
    }

    #[test]
    fn every_known_option_is_read() {
        let options = Options::parse(
            "extern_path=.a.b=::c::d,type_attribute=.a=#[derive(Eq\\, Hash)],field_attribute=x=#[cfg(all())],bytes=.,\
             btree_map=.a.B,include_file=mod.rs,client=false,unimplemented_stubs",
        )
        .unwrap();
        assert_eq!(options.extern_path, [(".a.b".into(), "::c::d".into())]);
        let attribute = (".a".to_owned(), "#[derive(Eq, Hash)]".to_owned());
        assert_eq!(options.type_attribute, [attribute]);
        assert_eq!(options.field_attribute[0].1, "#[cfg(all())]");
        assert_eq!(
            (options.bytes[0].as_str(), options.btree_map[0].as_str()),
            (".", ".a.B")
        );
        assert_eq!(options.include_file, ["mod.rs"]);
        assert!(options.messages && !options.client && options.unimplemented_stubs);
        let options = Options::parse("messages=false,server=false").unwrap();
        assert!(!options.messages && options.client && !options.server);
    }

    #[test]
    fn an_attribute_may_hold_equal_signs() {
        let options = Options::parse("field_attribute=a.b=#[doc = \"x=y\"]").unwrap();
        assert_eq!(options.field_attribute[0].1, "#[doc = \"x=y\"]");
    }

    #[test]
    fn an_unknown_option_lists_the_known_ones() {
        let error = error("jsn=false");
        assert!(
            error.starts_with("unknown option `jsn=false`; the options are extern_path="),
            "{error}"
        );
    }

    #[test]
    fn a_malformed_option_says_its_form() {
        for (written, form) in [
            ("extern_path=.a", "extern_path=.proto.path=::rust::path"),
            ("extern_path=a=::b", "extern_path=.proto.path=::rust::path"),
            ("extern_path=.a=b c", "extern_path=.proto.path=::rust::path"),
            (
                "extern_path=.a=super::b",
                "extern_path=.proto.path=::rust::path",
            ),
            ("extern_path=.=::b", "extern_path=.proto.path=::rust::path"),
            (
                "extern_path=.a=(u8)",
                "extern_path=.proto.path=::rust::path",
            ),
            (
                "extern_path=.a..b=::b",
                "extern_path=.proto.path=::rust::path",
            ),
            ("bytes", "bytes=path"),
            ("bytes=a b", "bytes=path"),
            ("btree_map=", "btree_map=path"),
            ("include_file=a/b.rs", "include_file=mod.rs"),
            ("include_file=..", "include_file=mod.rs"),
            ("include_file=../mod.rs", "include_file=mod.rs"),
            ("include_file=c:mod.rs", "include_file=mod.rs"),
            ("include_file=.rs", "include_file=mod.rs"),
            ("include_file=mod", "include_file=mod.rs"),
            ("include_file=", "include_file=mod.rs"),
            ("messages=no", "messages=true|false"),
            ("client=", "client=true|false"),
        ] {
            let error = error(written);
            let wanted =
                format!("option `{written}` has the wrong form, it is `{form}`; the options are");
            assert!(error.starts_with(&wanted), "{error}");
        }
    }

    #[test]
    fn a_path_is_given_once() {
        let error = error("extern_path=.a=::b,extern_path=.a=::c");
        assert_eq!(
            error,
            "option `extern_path=.a=::c` gives a path for `.a` a second time"
        );
    }

    /// It would overflow the stack otherwise, which no panic hook sees.
    #[test]
    fn what_nests_deeper_than_anybody_writes_has_the_wrong_form() {
        let deep = |open: &str, inside: &str, close: &str| {
            let around = |part: &str| part.repeat(100_000);
            format!("{}{inside}{}", around(open), around(close))
        };
        for value in [
            format!("type_attribute=.a=#[a{}]", deep("(", "", ")")),
            format!("type_attribute=.a=#[doc = {}]", deep("(", "1", ")")),
            format!("field_attribute=.a=#[doc = {}]", deep("-", "1", "")),
            format!("field_attribute=.a=#[doc = {}]", deep("1+", "1", "")),
            format!("extern_path=.a=::b::C{}", deep("<C", "", ">")),
            format!("extern_path=.a=::b::C<{}>", deep("&", "u8", "")),
        ] {
            let error = error(&value);
            assert!(error.contains("has the wrong form"), "{}", value.len());
        }
        let written = "type_attribute=.a=#[cfg_attr(all(not(a)\\, b = \"<&*-!--------------------------\")\\, derive(A))]";
        assert!(Options::parse(written).is_ok());
    }

    /// What is behind the comma is no option, either, but not what is wrong.
    #[test]
    fn a_comma_in_an_attribute_is_told_as_one() {
        let error = error("type_attribute=.a=#[derive(Eq, Hash)]");
        let wanted = "option `type_attribute=.a=#[derive(Eq` has the wrong form";
        assert!(error.starts_with(wanted), "{error}");
    }

    #[test]
    fn a_malformed_attribute_says_how_to_write_a_comma() {
        for written in [
            "type_attribute=.a=derive(Eq)",
            "type_attribute=.a=#[derive(Eq",
            "type_attribute=.a=#[doc = \"open]",
            "type_attribute=.a=#![derive(Eq)]",
            "type_attribute=.a=#[derive(Eq)] struct B;",
            "type_attribute=a b=#[derive(Eq)]",
            "type_attribute=.a=",
            "field_attribute=.a",
        ] {
            let error = error(written);
            let (name, _) = written.split_once('=').unwrap();
            let wanted = format!(
                "option `{written}` has the wrong form, it is `{name}=path=#[attribute]` (a comma inside of a value is \
                 written `\\,`); the options are"
            );
            assert!(error.starts_with(&wanted), "{error}");
        }
    }

    #[test]
    fn a_path_may_begin_like_a_keyword() {
        let options = Options::parse("extern_path=.a=selfish::a,extern_path=.b=crate::superb");
        assert_eq!(options.unwrap().extern_path.len(), 2);
    }

    #[test]
    fn options_that_contradict_each_other_are_an_error() {
        for (written, wanted) in [
            (
                "messages=true,messages=false",
                "options `messages=true` and `messages=false` contradict each other; give one",
            ),
            (
                "include_file=a.rs,include_file=b.rs",
                "options `include_file=a.rs` and `include_file=b.rs` contradict each other; give one",
            ),
            (
                "messages=false,client=false,server=false",
                "with `messages=false`, `client=false` and `server=false` there is nothing to generate",
            ),
            (
                "unimplemented_stubs,server=false",
                "`unimplemented_stubs=true` is about handlers, and with `server=false` there are none",
            ),
            (
                "messages=false,btree_map=.",
                "`btree_map` is about messages, and with `messages=false` none are generated: say it to what generates them",
            ),
        ] {
            assert_eq!(error(written), wanted);
        }
        assert!(
            Options::parse("client=false,client=false").is_ok(),
            "said twice"
        );
    }
}
