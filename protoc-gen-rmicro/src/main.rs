//! The plugin that `protoc --rmicro_out=DIR` starts: a request on stdin, the response on stdout, nothing else.

use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    match answer(std::env::args().nth(1).as_deref()) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "protoc-gen-rmicro: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(argument: Option<&str>) -> io::Result<ExitCode> {
    match argument {
        Some("--version" | "-V") => print(&format!(
            "protoc-gen-rmicro {}, for rmicro-runtime ABI {}\n",
            env!("CARGO_PKG_VERSION"),
            protoc_gen_rmicro::ABI
        )),
        Some("--help" | "-h") => print(&protoc_gen_rmicro::help()),
        Some(argument) => {
            writeln!(
                io::stderr(),
                "protoc-gen-rmicro: unknown argument `{argument}`; try --help"
            )?;
            Ok(ExitCode::from(2))
        }
        // Started by hand: protoc would never connect a terminal.
        None if io::stdin().is_terminal() => {
            write!(io::stderr(), "{}", protoc_gen_rmicro::help())?;
            Ok(ExitCode::from(2))
        }
        None => {
            let mut request = Vec::new();
            io::stdin().lock().read_to_end(&mut request)?;
            io::stdout()
                .lock()
                .write_all(&protoc_gen_rmicro::run(&request))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print(text: &str) -> io::Result<ExitCode> {
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
