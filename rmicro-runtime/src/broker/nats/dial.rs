//! How the client connects, and comes back.

use std::time::Duration;

use async_nats::{ConnectError, ConnectErrorKind, ConnectOptions};

use super::config::{Login, NatsConfig};
use super::health::Health;
use crate::error::Error;
use crate::seam::{Chance, Seam};

/// How long one server may take to take the client in.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How often a silent connection is tried; it is lost when two answers are missing.
const PING: Duration = Duration::from_secs(15);
/// How many messages the client can hold for a subscription until its pump has a turn: more than all that it reads in one turn of
/// its own, so that it drops none.
const BETWEEN_TURNS: usize = 1 << 20;
/// The first wait between attempts to come back, and the longest of the first attempts and of later ones. A subscriber that comes back
/// after a publisher misses what is published meanwhile, so the first attempts, of ten seconds at most, are close together.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONG_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const FIRST_ATTEMPTS: usize = 200;

/// What the client is told: who it is, how often it tries, and whom it tells of it.
pub(super) fn options(config: &NatsConfig, seam: &Seam, health: &Health) -> ConnectOptions {
    let (told, address, chance) = (health.clone(), config.address(), seam.chance.clone());
    let health = health.clone();
    let options = ConnectOptions::new()
        .name("rmicro")
        .connection_timeout(CONNECT_LIMIT)
        .ping_interval(PING)
        .subscription_capacity(BETWEEN_TURNS)
        .require_tls(config.tls)
        .reconnect_delay_callback(move |attempt| wait_before(attempt, &chance))
        .event_callback(move |event| {
            health.tell(&event, &address);
            std::future::ready(())
        })
        .reconnect_to_server_callback(move |servers, _| {
            told.tried(&servers);
            // Which one is tried is the client's own choice.
            std::future::ready(None)
        });
    match &config.login {
        Login::None => options,
        Login::Token(token) => options.token(token.clone()),
        Login::User(name, password) => options.user_and_password(name.clone(), password.clone()),
    }
}

/// How long is waited before the attempt with this number, from 1: nothing before the first, and then a growing time that chance
/// shortens by up to a half, so that a fleet does not come back as one.
fn wait_before(attempt: usize, chance: &Chance) -> Duration {
    let doubled = attempt.saturating_sub(2).min(16);
    let longest = if attempt <= FIRST_ATTEMPTS {
        LONG_WAIT
    } else {
        LONGEST_WAIT
    };
    let wait = (FIRST_WAIT * (1 << doubled)).min(longest);
    let part = u32::try_from(chance.below(512)).unwrap_or_default();
    if attempt < 2 {
        Duration::ZERO
    } else {
        wait - wait * part / 1024
    }
}

/// The one place where an error of the client's gets its code.
pub(super) fn nats_error(error: ConnectError, config: &NatsConfig) -> Error {
    use ConnectErrorKind::{Authentication, AuthorizationViolation, ServerParse, TimedOut, Tls};
    let address = config.address();
    let error = match error.kind() {
        AuthorizationViolation | Authentication => {
            Error::unauthenticated("the server does not take this user").source(error)
        }
        ServerParse => Error::invalid_argument("an address cannot be read").source(error),
        TimedOut => Error::unavailable(format!("no answer within {CONNECT_LIMIT:?}")).source(error),
        Tls => Error::unavailable(format!("no encrypted connection: {}", reason(&error))),
        _ => Error::unavailable(format!("no connection: {}", reason(&error))),
    };
    error.at(format_args!("dial: nats://{address}"))
}

/// What lies behind `error`, once: the client's own words repeat it.
fn reason(error: &ConnectError) -> String {
    let behind = std::error::Error::source(error);
    behind.map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_two_seconds_and_are_never_all_the_same() {
        let chance = Chance::from_seed(7);
        assert_eq!(wait_before(1, &chance), Duration::ZERO);
        for (attempt, longest) in [
            (2, 10),
            (3, 20),
            (4, 40),
            (5, 50),
            (200, 50),
            (201, 2000),
            (usize::MAX, 2000),
        ] {
            let longest = Duration::from_millis(longest);
            let waits: Vec<_> = (0..50).map(|_| wait_before(attempt, &chance)).collect();
            assert!(
                waits
                    .iter()
                    .all(|wait| *wait <= longest && *wait >= longest / 2)
            );
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }
}
