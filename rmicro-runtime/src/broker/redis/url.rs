//! The parts of `redis://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE`.
//!
//! Invariant: what is wrong is told without what stands before the `@`.

use std::time::Duration;

use crate::error::{Error, Result};

const PORT: &str = "6379";
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
    let (username, password) = match credentials {
        Some(credentials) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            (decoded(user)?, decoded(password)?)
        }
        None => (None, None),
    };
    Ok(Parts {
        address: address(host)?,
        username,
        password,
        database: number(database)?,
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

/// `HOST:PORT` with what is not said as by default.
fn address(host: &str) -> Result<String> {
    if host.is_empty() {
        return Ok(format!("127.0.0.1:{PORT}"));
    }
    let after = host.rsplit_once(']').map_or(host, |(_, after)| after);
    match after.split_once(':') {
        _ if host.contains([',', ' ']) => Err(not_ours()),
        Some((_, port)) if port.parse::<u16>().is_ok() => Ok(host.to_owned()),
        Some(_) => Err(not_ours()),
        None => Ok(format!("{host}:{PORT}")),
    }
}

fn number(database: &str) -> Result<u32> {
    if database.is_empty() {
        return Ok(0);
    }
    let parsed = database.parse();
    parsed.map_err(|_| {
        Error::invalid_argument(
            "broker redis: the database is to be a number, as in redis://HOST:PORT/2",
        )
    })
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

fn not_ours() -> Error {
    Error::invalid_argument(format!("the URL of broker redis is written {FORM}"))
}
