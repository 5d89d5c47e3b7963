//! The parts of `redis://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE`.
//!
//! Invariant: what is wrong is told without what stands before the `@`.

use std::fmt::Display;
use std::time::Duration;

use crate::broker::address::host_port;
use crate::broker::secrets::without_secrets;
use crate::error::{Error, Result};

const PORT: u16 = 6379;
const FORM: &str = "redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE][?NAME=VALUE]";

/// What a URL says.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) address: String,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: u32,
    pub(super) parameters: Vec<(String, String)>,
}

/// Takes a URL apart.
pub(super) fn split(url: &str) -> Result<Parts> {
    let not_ours = || refused(url, format_args!("it is written {FORM}"));
    let rest = match url.strip_prefix("redis") {
        Some("") => "",
        Some(rest) => rest.strip_prefix("://").ok_or_else(not_ours)?,
        None => return Err(not_ours()),
    };
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (Some(credentials), rest),
        None => (None, rest),
    };
    let (host, database) = rest.split_once('/').unwrap_or((rest, ""));
    let no_number = || {
        refused(
            url,
            "the database is to be a number, as in redis://HOST:PORT/2",
        )
    };
    let (username, password) = match credentials {
        Some(credentials) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            (decoded(user)?, decoded(password)?)
        }
        None => (None, None),
    };
    Ok(Parts {
        address: address(host).ok_or_else(not_ours)?,
        username,
        password,
        database: number(database).ok_or_else(no_number)?,
        parameters: parameters
            .split('&')
            .filter(|one| !one.is_empty())
            .map(|one| one.split_once('=').unwrap_or((one, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    })
}

/// The time that `text` tells: a whole number and `ms`, `s`, `m` or `h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let number: u64 = number.parse().ok()?;
    number.checked_mul(millis).map(Duration::from_millis)
}

/// `HOST:PORT` with what is not said as by default; `None` where it is none.
fn address(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(format!("127.0.0.1:{PORT}"));
    }
    let (host, port) = host_port(text, Some(PORT))?;
    (!host.is_empty()).then(|| format!("{host}:{port}"))
}

fn number(database: &str) -> Option<u32> {
    match database {
        "" => Some(0),
        database => database.parse().ok(),
    }
}

/// `text` without its percent-encoding (RFC 3986, section 2.1); `None` where it is empty.
fn decoded(text: &str) -> Result<Option<String>> {
    let wrong = || {
        Error::invalid_argument(
            "broker redis: user and password are to be percent-encoded in the URL, as %40 for @",
        )
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = after;
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong())?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn refused(url: &str, why: impl Display) -> Error {
    let url = without_secrets(url);
    Error::invalid_argument(format!("broker {url:?} cannot be: {why}"))
}
