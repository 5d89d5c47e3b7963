//! The options, spelt alike in `--rmicro_opt=key=value,…` and in [`Builder`](crate::Builder).
//!
//! Invariant: an option that is not known, or has the wrong form, is an error that lists the known ones; none is ignored.

use syn::parse::Parser;

use crate::error::{Result, bail};

/// Each option with its form, in the order of the README.
const KNOWN: [(&str, &str); 10] = [
    ("extern_path", "extern_path=.proto.path=::rust::path"),
    ("type_attribute", "type_attribute=path=#[attribute]"),
    ("field_attribute", "field_attribute=path=#[attribute]"),
    ("bytes", "bytes=path"),
    ("btree_map", "btree_map=path"),
    ("include_file", "include_file=mod.rs"),
    ("messages", "messages=true|false"),
    ("client", "client=true|false"),
    ("server", "server=true|false"),
    ("unimplemented_stubs", "unimplemented_stubs=true|false"),
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
    /// The file that nests the packages, if there is to be one.
    pub(crate) include_file: Option<String>,
    /// Whether to generate messages.
    pub(crate) messages: bool,
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
            include_file: None,
            messages: true,
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
        for option in split(parameter) {
            options.set(option.trim())?;
        }
        options.check()?;
        Ok(options)
    }

    /// Refuses values of the wrong form.
    pub(crate) fn check(&self) -> Result<()> {
        for (index, (proto, rust)) in self.extern_path.iter().enumerate() {
            let written = format!("extern_path={proto}={rust}");
            let is_path = proto.starts_with('.') && proto.split('.').skip(1).all(is_identifier);
            // `super` and `self` would mean another module in each place where the path is written.
            let is_fixed = !rust.starts_with("super") && !rust.starts_with("self");
            if !is_path || !is_fixed || syn::parse_str::<syn::Type>(rust).is_err() {
                return malformed("extern_path", &written);
            }
            if self.extern_path[..index]
                .iter()
                .any(|(other, _)| other == proto)
            {
                bail!("option `{written}` gives a path for `{proto}` a second time");
            }
        }
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
        match &self.include_file {
            Some(name) if name.is_empty() || name.contains(['/', '\\']) => {
                malformed("include_file", &format!("include_file={name}"))
            }
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
            ("type_attribute", _) => self.type_attribute.push(pair(name, option, value)?),
            ("field_attribute", _) => self.field_attribute.push(pair(name, option, value)?),
            ("bytes", Some(path)) => self.bytes.push(path.to_owned()),
            ("btree_map", Some(path)) => self.btree_map.push(path.to_owned()),
            ("include_file", Some(file)) => self.include_file = Some(file.to_owned()),
            ("messages", _) => self.messages = switch(name, option, value)?,
            ("client", _) => self.client = switch(name, option, value)?,
            ("server", _) => self.server = switch(name, option, value)?,
            ("unimplemented_stubs", _) => self.unimplemented_stubs = switch(name, option, value)?,
            _ if KNOWN.iter().any(|(known, _)| *known == name) => return malformed(name, option),
            _ => bail!("unknown option `{option}`; {}", known()),
        }
        Ok(())
    }
}

/// What `protoc-gen-rmicro --help` says.
#[must_use]
pub fn help() -> String {
    let forms: Vec<String> = KNOWN
        .iter()
        .map(|(_, form)| format!("  {form}\n"))
        .collect();
    format!(
        "protoc-gen-rmicro {} generates rmicro client stubs and server glue from .proto files.\n\n\
         protoc starts it, when it is on PATH:\n\n  \
         protoc --rmicro_out=DIR [--rmicro_opt=OPTION,OPTION...] -I proto greet/v1/greeter.proto\n\n\
         Options:\n\n{}\n\
         A build.rs calls protoc_gen_rmicro::compile_protos instead and needs neither protoc nor this program.\n",
        env!("CARGO_PKG_VERSION"),
        forms.concat(),
    )
}

/// The sentence that lists every option.
fn known() -> String {
    let forms: Vec<&str> = KNOWN.iter().map(|(_, form)| *form).collect();
    format!("the options are {}", forms.join(", "))
}

fn malformed<T>(name: &str, written: &str) -> Result<T> {
    let form = KNOWN.iter().find(|(known, _)| *known == name);
    let form = form.map_or(name, |(_, form)| form);
    bail!(
        "option `{written}` has the wrong form, it is `{form}`; {}",
        known()
    )
}

fn pair(name: &str, option: &str, value: Option<&str>) -> Result<(String, String)> {
    match value.and_then(|value| value.split_once('=')) {
        Some((path, value)) => Ok((path.to_owned(), value.to_owned())),
        None => malformed(name, option),
    }
}

fn switch(name: &str, option: &str, value: Option<&str>) -> Result<bool> {
    match value {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => malformed(name, option),
    }
}

fn check_attribute(name: &str, path: &str, attribute: &str) -> Result<()> {
    let attributes = syn::Attribute::parse_outer.parse_str(attribute);
    if is_matcher(path) && attributes.is_ok_and(|parsed| !parsed.is_empty()) {
        return Ok(());
    }
    malformed(name, &format!("{name}={path}={attribute}"))
}

/// Whether `path` can match something: `.`, `.from.the.root` or `the.end`.
fn is_matcher(path: &str) -> bool {
    path == "."
        || path
            .strip_prefix('.')
            .unwrap_or(path)
            .split('.')
            .all(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

/// Splits at commas that no backslash protects.
fn split(parameter: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = parameter.chars().peekable();
    while let Some(char) = chars.next() {
        let last = parts.len() - 1;
        match char {
            '\\' if chars.peek() == Some(&',') => parts[last].extend(chars.next()),
            ',' => parts.push(String::new()),
            _ => parts[last].push(char),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
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
             btree_map=.a.B,include_file=mod.rs,messages=false,client=false,server=false,unimplemented_stubs",
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
        assert_eq!(options.include_file.as_deref(), Some("mod.rs"));
        assert!(!options.messages && !options.client && !options.server);
        assert!(options.unimplemented_stubs);
    }

    #[test]
    fn an_attribute_may_hold_equal_signs() {
        let options = Options::parse("field_attribute=a.b=#[doc = \"x=y\"]").unwrap();
        assert_eq!(options.field_attribute[0].1, "#[doc = \"x=y\"]");
    }

    #[test]
    fn an_unknown_option_lists_the_known_ones() {
        let error = error("json=false");
        assert!(error.starts_with("unknown option `json=false`; the options are extern_path="));
        for (_, form) in KNOWN {
            assert!(error.contains(form), "{form} is not in {error}");
        }
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
            (
                "extern_path=.a..b=::b",
                "extern_path=.proto.path=::rust::path",
            ),
            (
                "type_attribute=.a=derive(Eq)",
                "type_attribute=path=#[attribute]",
            ),
            ("field_attribute=.a", "field_attribute=path=#[attribute]"),
            ("bytes", "bytes=path"),
            ("bytes=a b", "bytes=path"),
            ("btree_map=", "btree_map=path"),
            ("include_file=a/b.rs", "include_file=mod.rs"),
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
}
