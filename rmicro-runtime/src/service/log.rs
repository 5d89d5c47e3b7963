//! The log writer that `init` installs where the program has none: go-micro's lines on standard
//! error.
//!
//! It knows events only; spans are taken and forgotten. A program that wants more sets its own
//! subscriber before `init`.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::seam::Clock;

/// Installs the writer unless the program has a subscriber; `level` is as [`level`] reads it.
pub(super) fn install(clock: Clock, level: LevelFilter) {
    let writer = Writer {
        clock,
        level,
        out: to_stderr,
    };
    // It fails only when there is a subscriber, and that one stays.
    let _ = tracing::subscriber::set_global_default(writer);
}

/// Reads a level as go-micro names it; `None` when there is no such level.
pub(super) fn level(name: &str) -> Option<LevelFilter> {
    Some(match name.to_ascii_lowercase().as_str() {
        "trace" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "warn" => LevelFilter::WARN,
        "error" | "fatal" => LevelFilter::ERROR,
        "off" => LevelFilter::OFF,
        _ => return None,
    })
}

/// Writes each event as one line with `out`.
struct Writer<F> {
    clock: Clock,
    level: LevelFilter,
    out: F,
}

impl<F: Fn(&str) + Send + Sync + 'static> Subscriber for Writer<F> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= self.level
            && !is_said_twice(metadata, self.level)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let now = self.clock.wall().duration_since(UNIX_EPOCH);
        (self.out)(&line(now.unwrap_or_default(), event.metadata(), &text));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Whether it is of a client crate that says of its connection, at `info`, what rmicro says already; at `debug` it is shown.
fn is_said_twice(metadata: &Metadata<'_>, level: LevelFilter) -> bool {
    metadata.target().starts_with("async_nats")
        && *metadata.level() == Level::INFO
        && level < LevelFilter::DEBUG
}

/// The message and what stands behind it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

/// `2021-05-07 00:50:11  file=greeter/main.rs:12 level=info Starting [service] greeter`, in UTC.
fn line(since_epoch: Duration, metadata: &Metadata<'_>, text: &Text) -> String {
    let time = calendar(since_epoch.as_secs());
    let file = last_two(metadata.file().unwrap_or("?"));
    let (line, level) = (metadata.line().unwrap_or_default(), name(*metadata.level()));
    let Text { message, fields } = text;
    format!("{time}  file={file}:{line} level={level} {message}{fields}\n")
}

/// The folder and the file of `path`, whichever way its slashes lean.
fn last_two(path: &str) -> String {
    let mut parts = path.rsplit(['/', '\\']);
    let file = parts.next().unwrap_or(path);
    match parts.next() {
        Some(folder) if !folder.is_empty() => format!("{folder}/{file}"),
        _ => file.to_owned(),
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        _ => "error",
    }
}

/// The UTC time `seconds` after 1970, as `2021-05-07 00:50:11`.
fn calendar(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let second = seconds % 86_400;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let second = second % 60;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The date `days` after 1970-01-01, in the Gregorian calendar. Years are counted from March, so
/// that the leap day ends them.
fn civil(days: u64) -> (u64, u64, u64) {
    const FROM_MARCH_0: u64 = 719_468;
    const DAYS_400_YEARS: u64 = 146_097;
    let days = days + FROM_MARCH_0;
    let (era, day) = (days / DAYS_400_YEARS, days % DAYS_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_month = (5 * day + 2) / 153;
    let day = day - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

fn to_stderr(line: &str) {
    // Where the log cannot be written, there is nobody to tell.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Collects the lines of this thread until the guard is dropped.
#[cfg(test)]
pub(crate) fn capture(
    level: LevelFilter,
) -> (
    tracing::subscriber::DefaultGuard,
    std::sync::Arc<std::sync::Mutex<Vec<String>>>,
) {
    /// Hears nothing. While there is one subscriber alone, `tracing` takes a line that another thread comes to first, and which has
    /// none, for one that nobody wants.
    static DEAF: std::sync::OnceLock<tracing::Dispatch> = std::sync::OnceLock::new();
    let clock = Clock::default();
    DEAF.get_or_init(|| {
        let (level, out) = (LevelFilter::OFF, |_: &str| {});
        tracing::Dispatch::new(Writer { clock, level, out })
    });
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = lines.clone();
    let out = move |line: &str| kept.lock().unwrap().push(line.to_owned());
    let guard = tracing::subscriber::set_default(Writer { clock, level, out });
    (guard, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(level: LevelFilter, log: impl FnOnce()) -> Vec<String> {
        let (_guard, lines) = capture(level);
        log();
        lines.lock().unwrap().clone()
    }

    #[test]
    fn a_line_is_go_micros() {
        let told = lines(LevelFilter::INFO, || {
            tracing::info!("Starting [service] {}", "greeter")
        });
        let digits = told[0].replace(|c: char| c.is_ascii_digit(), "0");
        assert_eq!(
            digits.replace("000 level", "00 level"),
            "0000-00-00 00:00:00  file=service/log.rs:00 level=info Starting [service] greeter\n"
        );
    }

    #[test]
    fn fields_follow_the_message() {
        let told = lines(LevelFilter::INFO, || {
            tracing::warn!(port = 7, by = "me", "busy")
        });
        assert!(
            told[0].ends_with(" level=warn busy port=7 by=me\n"),
            "{told:?}"
        );
    }

    #[test]
    fn what_is_below_the_level_is_not_told() {
        let told = lines(LevelFilter::WARN, || {
            tracing::info!("small");
            tracing::error!("large");
        });
        assert_eq!(told.len(), 1);
        assert!(told[0].ends_with("level=error large\n"));
    }

    #[test]
    fn what_a_client_crate_says_of_its_connection_is_told_from_debug_on() {
        let said = || {
            tracing::info!(target: "async_nats::connector", "connected successfully");
            tracing::warn!(target: "async_nats::connector", "odd");
        };
        assert_eq!(lines(LevelFilter::INFO, said).len(), 1);
        assert_eq!(lines(LevelFilter::DEBUG, said).len(), 2);
    }

    #[test]
    fn dates_are_gregorian() {
        assert_eq!(calendar(0), "1970-01-01 00:00:00");
        assert_eq!(calendar(1_620_348_611), "2021-05-07 00:50:11");
        assert_eq!(calendar(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(calendar(1_709_251_199), "2024-02-29 23:59:59");
        assert_eq!(calendar(4_107_542_400), "2100-03-01 00:00:00");
    }

    #[test]
    fn a_file_is_told_with_its_folder() {
        assert_eq!(last_two("examples/greeter/main.rs"), "greeter/main.rs");
        assert_eq!(last_two("a\\b\\c.rs"), "b/c.rs");
        assert_eq!(last_two("src/main.rs"), "src/main.rs");
        assert_eq!(last_two("main.rs"), "main.rs");
    }

    #[test]
    fn levels_are_named_as_go_micro_names_them() {
        assert_eq!(level("WARN"), Some(LevelFilter::WARN));
        assert_eq!(level("fatal"), Some(LevelFilter::ERROR));
        assert_eq!(level("loud"), None);
    }
}
