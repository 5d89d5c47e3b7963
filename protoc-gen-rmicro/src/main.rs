//! The plugin that `protoc --rmicro_out=DIR` starts: a request on stdin, the response on stdout, nothing else.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let stdin = io::stdin();
    let is_by_hand = stdin.is_terminal();
    let answered = answer(
        &arguments,
        is_by_hand,
        &mut stdin.lock(),
        &mut io::stdout().lock(),
        &mut io::stderr().lock(),
    );
    answered.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "protoc-gen-rmicro: {error}");
        ExitCode::FAILURE
    })
}

/// Does what `arguments` say; without any there is a request on `stdin`, unless a person has started this at a terminal.
fn answer(
    arguments: &[OsString],
    is_by_hand: bool,
    stdin: &mut impl Read,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> io::Result<ExitCode> {
    let wrong = ExitCode::from(2);
    let arguments: Vec<_> = arguments
        .iter()
        .map(|each| each.to_string_lossy())
        .collect();
    match arguments.iter().map(AsRef::as_ref).collect::<Vec<&str>>()[..] {
        ["--version" | "-V"] => {
            let (version, abi) = (env!("CARGO_PKG_VERSION"), protoc_gen_rmicro::ABI);
            writeln!(
                stdout,
                "protoc-gen-rmicro {version}, for rmicro-runtime ABI {abi}"
            )?;
        }
        ["--help" | "-h"] => stdout.write_all(protoc_gen_rmicro::help().as_bytes())?,
        ["--version" | "-V" | "--help" | "-h", unknown, ..] | [unknown, ..] => {
            writeln!(
                stderr,
                "protoc-gen-rmicro: unknown argument `{unknown}`; try --help"
            )?;
            return Ok(wrong);
        }
        // protoc would never connect a terminal.
        [] if is_by_hand => {
            stderr.write_all(protoc_gen_rmicro::help().as_bytes())?;
            return Ok(wrong);
        }
        [] => {
            let mut request = Vec::new();
            stdin.read_to_end(&mut request)?;
            stdout.write_all(&protoc_gen_rmicro::run(&request))?;
        }
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal at which nobody types: reading from it would never end.
    struct Terminal;

    impl Read for Terminal {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            panic!("the plugin waits for a person to type a request");
        }
    }

    /// Whether it went well, and what came out of stdout and stderr.
    fn at_a_terminal(arguments: &[&str]) -> (bool, String, String) {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let code = answer(&arguments, true, &mut Terminal, &mut stdout, &mut stderr).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code == ExitCode::SUCCESS, text(stdout), text(stderr))
    }

    #[test]
    fn a_person_at_a_terminal_is_told_what_it_is() {
        let (is_well, stdout, stderr) = at_a_terminal(&[]);
        assert!(!is_well && stdout.is_empty());
        assert!(stderr.contains("generates rmicro client stubs"), "{stderr}");
        assert!(stderr.contains("protoc --rmicro_out=DIR"), "{stderr}");
    }

    #[test]
    fn version_and_help_go_to_stdout() {
        let (is_well, stdout, stderr) = at_a_terminal(&["--version"]);
        assert!(is_well && stderr.is_empty());
        assert_eq!(
            stdout,
            format!(
                "protoc-gen-rmicro {}, for rmicro-runtime ABI {}\n",
                env!("CARGO_PKG_VERSION"),
                protoc_gen_rmicro::ABI
            )
        );
        let (is_well, stdout, stderr) = at_a_terminal(&["--help"]);
        assert!(is_well && stderr.is_empty());
        assert_eq!(stdout, protoc_gen_rmicro::help());
    }

    #[test]
    fn an_argument_that_is_not_known_is_named() {
        for arguments in [
            &["--what"][..],
            &["--help", "--what"],
            &["--version", "--what"],
        ] {
            let (is_well, stdout, stderr) = at_a_terminal(arguments);
            assert!(!is_well && stdout.is_empty());
            assert_eq!(
                stderr,
                "protoc-gen-rmicro: unknown argument `--what`; try --help\n"
            );
        }
    }
}
