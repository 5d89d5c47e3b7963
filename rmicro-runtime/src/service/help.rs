//! What `--help` and `--version` print.

use std::fmt::Write as _;

use super::flags::{FLAGS, Flag};
use super::settings::Settings;

/// Every flag with its default and its variables.
pub(super) fn help(settings: &Settings) -> String {
    let mut text = format!(
        "{}, a service on rmicro {}\n\nUsage: {} [flags] [arguments]\n\nFlags:\n",
        version(settings),
        env!("CARGO_PKG_VERSION"),
        settings.name
    );
    for flag in FLAGS {
        row(&mut text, flag);
    }
    text.push_str("  --help, -h\n      Print this and end\n");
    text.push_str("  --version, -v\n      Print the version of the service and end\n");
    text.push_str("\nA flag is stronger than the environment, that than the program. ");
    text.push_str("The level of the log\nis $RMICRO_LOG_LEVEL or $MICRO_LOG_LEVEL: ");
    text.push_str("trace, debug, info, warn, error or off.\n");
    text
}

/// The service's name and version, as go-micro prints them.
pub(super) fn version(settings: &Settings) -> String {
    format!("{} version {}", settings.name, settings.version())
}

fn row(text: &mut String, flag: &Flag) {
    let names: Vec<_> = flag.names().map(|name| format!("--{name}")).collect();
    let variables: Vec<_> = flag.variables().map(|name| format!("${name}")).collect();
    let mut about = flag.about.to_owned();
    if !flag.default.is_empty() {
        // Writing into a String cannot fail.
        let _ = write!(about, " (default: {})", flag.default);
    }
    if !flag.honours(flag.default) {
        about.push_str(" (go-micro's; not supported yet)");
    }
    let (names, variables) = (names.join(", "), variables.join(", "));
    let _ = writeln!(text, "  {names}\n      {about} [{variables}]");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_tells_every_flag_with_its_default_and_variables() {
        let text = help(&Settings::new("greeter".into()));
        assert!(text.starts_with("greeter version latest, a service on rmicro "));
        for flag in FLAGS {
            assert!(
                text.contains(&format!("  --{}", flag.name)),
                "{}",
                flag.name
            );
            for variable in flag.variables() {
                assert!(text.contains(&format!("${variable}")), "{variable}");
            }
        }
        let row = "  --register_ttl\n      Seconds that a registration holds (default: 60) \
            [$RMICRO_REGISTER_TTL, $MICRO_REGISTER_TTL]\n";
        assert!(text.contains(row), "{text}");
        let row = "  --store\n      Store for records (go-micro's; not supported yet) \
            [$RMICRO_STORE, $MICRO_STORE]\n";
        assert!(text.contains(row), "{text}");
    }
}
