//! The flags on the command line: `-x v`, `--x v` and `--x=v`, before and after arguments.

use std::ffi::OsString;

use lexopt::{Arg, Parser};

use super::flags::{Flag, suggestion};
use super::given::Given;
use crate::error::{Error, Result};

/// What the command line says.
#[derive(Debug)]
pub(super) enum Arguments {
    /// These values, in their order; arguments that are not flags belong to the program.
    Given(Vec<Given>),
    /// Tell the flags, and end.
    Help,
    /// Tell the version, and end.
    Version,
}

/// Reads `args`, without the program's name.
///
/// An unknown flag, one without its value and one that this version does not honour are errors of
/// one line.
pub(super) fn parse(args: impl Iterator<Item = OsString>) -> Result<Arguments> {
    let args: Vec<_> = args.collect();
    let mut parser = Parser::from_args(args);
    parser.set_short_equals(false);
    let mut given = Vec::new();
    while let Some(word) = next_word(&mut parser)? {
        match word.name.as_str() {
            "help" | "h" => return Ok(Arguments::Help),
            "version" | "v" => return Ok(Arguments::Version),
            _ => given.push(word.into_given(&mut parser)?),
        }
    }
    Ok(Arguments::Given(given))
}

/// A flag as it was written.
struct Word {
    dashes: &'static str,
    name: String,
    value: Option<String>,
}

/// The next flag; `None` at the end. What follows `--` is no flag.
fn next_word(parser: &mut Parser) -> Result<Option<Word>> {
    loop {
        let (dashes, name) = match parser.next().map_err(malformed)? {
            Some(Arg::Long(name)) => ("--", name.to_owned()),
            Some(Arg::Short(first)) => ("-", first.to_string()),
            Some(Arg::Value(_)) => continue,
            None => return Ok(None),
        };
        let rest = parser.optional_value().map(text).transpose()?;
        return Ok(Some(match rest {
            // Go's flags are words after one dash, too, where others bundle letters: `-x=v` came as
            // `x` and `=v`.
            Some(rest) if dashes == "-" => {
                let word = name + &rest;
                let (name, value) = match word.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (word, None),
                };
                Word {
                    dashes,
                    name,
                    value,
                }
            }
            value => Word {
                dashes,
                name,
                value,
            },
        }));
    }
}

impl Word {
    fn into_given(self, parser: &mut Parser) -> Result<Given> {
        let spelled = format!("{}{}", self.dashes, self.name);
        let Some(flag) = Flag::find(&self.name) else {
            return Err(unknown(&spelled, &self.name));
        };
        let value = match self.value {
            Some(value) => value,
            None => text(
                parser
                    .value()
                    .map_err(|_| Error::invalid_argument(format!("{spelled} needs a value")))?,
            )?,
        };
        let given = Given {
            flag,
            spelled,
            value,
        };
        match given.not_honoured() {
            Some(why) => Err(Error::invalid_argument(why)),
            None => Ok(given),
        }
    }
}

fn unknown(spelled: &str, name: &str) -> Error {
    let hint = suggestion(name).map(|known| format!(", did you mean --{known}?"));
    let hint = hint.unwrap_or_default();
    Error::invalid_argument(format!("unknown flag {spelled}{hint} (--help lists all)"))
}

fn text(value: OsString) -> Result<String> {
    value.into_string().map_err(|value| {
        Error::invalid_argument(format!("a flag's value is not UTF-8: {}", value.display()))
    })
}

fn malformed(error: lexopt::Error) -> Error {
    Error::invalid_argument(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Vec<(&'static str, String)>> {
        match parse(args.iter().map(OsString::from))? {
            Arguments::Given(given) => Ok(given
                .into_iter()
                .map(|given| (given.flag.name, given.value))
                .collect()),
            other => panic!("{other:?}"),
        }
    }

    fn refusal(args: &[&str]) -> String {
        read(args).unwrap_err().message().to_owned()
    }

    #[test]
    fn every_spelling_is_the_same_flag() {
        let expected = [("server_address", ":8088".to_owned())];
        for args in [
            &["--server_address", ":8088"][..],
            &["--server_address=:8088"],
            &["-server_address", ":8088"],
            &["-server_address=:8088"],
            &["--service_address", ":8088"],
            &["--server-address", ":8088"],
            &["John", "--server_address", ":8088", "Jane"],
            &["--server_address=:8088", "--", "--server_address", ":1"],
        ] {
            assert_eq!(read(args).unwrap(), expected, "{args:?}");
        }
    }

    #[test]
    fn a_value_may_look_like_a_flag() {
        let given = read(&["--server_id", "-a=b", "--server_name=--"]).unwrap();
        let expected = [("server_id", "-a=b".into()), ("server_name", "--".into())];
        assert_eq!(given, expected);
    }

    #[test]
    fn an_unknown_flag_is_one_line_with_a_suggestion() {
        assert_eq!(
            refusal(&["--server_adress", ":1"]),
            "unknown flag --server_adress, did you mean --server_address? (--help lists all)"
        );
        assert_eq!(
            refusal(&["-colour=red"]),
            "unknown flag -colour (--help lists all)"
        );
        assert_eq!(refusal(&["-x"]), "unknown flag -x (--help lists all)");
    }

    #[test]
    fn a_flag_without_its_value_is_named() {
        assert_eq!(refusal(&["-registry"]), "-registry needs a value");
    }

    #[test]
    fn a_flag_that_is_not_honoured_yet_is_refused_by_name() {
        assert_eq!(
            refusal(&["--store", "file"]),
            format!(
                "--store is not supported by rmicro {} yet",
                env!("CARGO_PKG_VERSION")
            )
        );
        let only = refusal(&["--server", "mucp"]);
        assert!(only.ends_with("yet, only grpc"), "{only}");
        assert!(read(&["--server", "grpc"]).is_ok());
    }

    #[test]
    fn help_and_version_are_asked_for_in_four_ways() {
        for args in [["--help"], ["-h"], ["-help"]] {
            let parsed = parse(args.iter().map(OsString::from)).unwrap();
            assert!(matches!(parsed, Arguments::Help), "{args:?}");
        }
        for args in [["--version"], ["-v"], ["-version"]] {
            let parsed = parse(args.iter().map(OsString::from)).unwrap();
            assert!(matches!(parsed, Arguments::Version), "{args:?}");
        }
    }
}
