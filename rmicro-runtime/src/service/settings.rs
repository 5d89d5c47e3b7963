//! What a service is told about itself, by code, by the environment and by flags.
//!
//! Invariant: a value that nobody gave is absent here, so a default never overrides what was given.

use std::collections::BTreeMap;
use std::time::Duration;

use super::chosen::{Choice, Chosen};
use super::hooks::Hooks;
use super::{duration, schemes};
use crate::broker::Broker;
use crate::client::ClientOptions;
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::seam::Seam;
use crate::selector::Selector;
use crate::server::Server;
use crate::standard::Offer;
use crate::transport::Transport;

/// What was given; the later word wins, and metadata is merged by key.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) id: Option<String>,
    pub(super) address: Option<String>,
    pub(super) advertise: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) registry: Option<Chosen<dyn Registry>>,
    pub(super) registry_address: Option<String>,
    pub(super) broker: Option<Chosen<dyn Broker>>,
    pub(super) broker_address: Option<String>,
    pub(super) transport: Option<Chosen<dyn Transport>>,
    pub(super) max_message_size: Option<usize>,
    pub(super) selector: Option<Chosen<dyn Selector>>,
    pub(super) register_ttl: Option<Duration>,
    pub(super) register_interval: Option<Duration>,
    pub(super) client: ClientOptions,
    pub(super) server: Server,
    pub(super) offer: Offer,
    pub(super) drain_limit: Option<Duration>,
    pub(super) propagation: Option<Duration>,
    pub(super) seam: Seam,
    pub(super) hooks: Hooks,
    /// The flag or variable, as it was spelled, that has set a value; by the name of the flag.
    pub(super) given_by: BTreeMap<&'static str, String>,
}

/// What a value should have been, for an error that says it.
pub(super) type Expected = &'static str;

impl Settings {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    pub(super) fn version(&self) -> &str {
        self.version.as_deref().unwrap_or("latest")
    }

    /// How long a registration holds and how often it is renewed: 60 s and 30 s as with go-micro's
    /// flags, and half of a shorter hold. A renewal that would come too late is an error.
    pub(super) fn renewal(&self) -> Result<(Duration, Duration)> {
        let ttl = self.register_ttl.unwrap_or(Duration::from_secs(60));
        let usual = Duration::from_secs(30).min(ttl / 2);
        let interval = self.register_interval.unwrap_or(usual);
        if interval.is_zero() || interval >= ttl {
            return Err(Error::invalid_argument(format!(
                "register_interval ({interval:?}) must be more than nothing and less than \
                register_ttl ({ttl:?}), or the node lapses"
            )));
        }
        Ok((ttl, interval))
    }

    /// Takes the addresses that were given apart from the URLs of registry and broker into these, and returns what to warn of.
    pub(super) fn join_addresses(&mut self) -> Vec<String> {
        let registry = (&schemes::REGISTRIES, schemes::DEFAULT_REGISTRY);
        let broker = (&schemes::BROKERS, schemes::DEFAULT_BROKER);
        let warnings = [
            join(&mut self.registry, self.registry_address.take(), registry),
            join(&mut self.broker, self.broker_address.take(), broker),
        ];
        warnings.into_iter().flatten().collect()
    }

    /// A registry by URL is complete, so that it forgets the address of a weaker one; a scheme
    /// alone keeps it.
    pub(super) fn set_registry(&mut self, registry: Chosen<dyn Registry>) {
        if is_complete(&registry) {
            self.registry_address = None;
        }
        self.registry = Some(registry);
    }

    /// As [`set_registry`](Self::set_registry), for a broker.
    pub(super) fn set_broker(&mut self, broker: Chosen<dyn Broker>) {
        if is_complete(&broker) {
            self.broker_address = None;
        }
        self.broker = Some(broker);
    }

    /// Adds `k=v,k=v`, as go-micro's `--server_metadata` takes it.
    pub(super) fn add_metadata(&mut self, pairs: &str) -> Result<(), Expected> {
        for pair in pairs.split(',') {
            let (key, value) = pair.split_once('=').ok_or("key=value")?;
            self.metadata.insert(key.trim().into(), value.into());
        }
        Ok(())
    }
}

fn is_complete<T: ?Sized>(chosen: &Chosen<T>) -> bool {
    matches!(chosen, Chosen(Choice::Url(url)) if url.contains("://"))
}

/// Takes `address` into what was `chosen`, or into the default of a contract, and returns what to warn of.
fn join<T: ?Sized>(
    chosen: &mut Option<Chosen<T>>,
    address: Option<String>,
    (known, default): (&schemes::Known, &str),
) -> Option<String> {
    let (address, contract) = (address?, known.contract());
    let url = match chosen {
        Some(Chosen(Choice::Url(url))) => url.as_str(),
        Some(Chosen(Choice::Value(_))) => {
            return Some(format!(
                "{contract}_address is ignored: the program brought its own {contract}"
            ));
        }
        None => default,
    };
    match schemes::with_address(known, url, &address) {
        Some(joined) => {
            *chosen = Some(joined.into());
            None
        }
        None => Some(format!(
            "{contract}_address is ignored: the {contract} {url} has none"
        )),
    }
}

/// Reads `text` as whole seconds, at least one.
pub(super) fn seconds(text: &str) -> Result<Duration, Expected> {
    let seconds = text.parse().map_err(|_| "whole seconds")?;
    let duration = Duration::from_secs(seconds);
    some(duration).ok_or("whole seconds, at least 1")
}

/// Reads `text` as a Go duration that is more than nothing.
pub(super) fn go_duration(text: &str) -> Result<Duration, Expected> {
    let duration = duration::parse(text).and_then(some);
    duration.ok_or("a duration such as 5s, 1m30s or 500ms")
}

fn some(duration: Duration) -> Option<Duration> {
    (!duration.is_zero()).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_renewed_twice_before_it_lapses() {
        let mut settings = Settings::default();
        let seconds = Duration::from_secs;
        assert_eq!(settings.renewal().unwrap(), (seconds(60), seconds(30)));
        settings.register_ttl = Some(seconds(10));
        assert_eq!(settings.renewal().unwrap(), (seconds(10), seconds(5)));
        settings.register_ttl = Some(seconds(600));
        assert_eq!(settings.renewal().unwrap(), (seconds(600), seconds(30)));
    }

    #[test]
    fn a_renewal_that_comes_too_late_is_refused() {
        let settings = Settings {
            register_interval: Some(Duration::from_secs(60)),
            ..Settings::default()
        };
        assert_eq!(
            settings.renewal().unwrap_err().message(),
            "register_interval (60s) must be more than nothing and less than register_ttl (60s), \
            or the node lapses"
        );
    }

    #[test]
    fn metadata_may_hold_equal_signs_and_must_hold_one() {
        let mut settings = Settings::default();
        settings.add_metadata("zone=a,note=x=y").unwrap();
        assert_eq!(settings.metadata["note"], "x=y");
        assert_eq!(settings.add_metadata("zone"), Err("key=value"));
    }

    #[test]
    fn a_url_is_stronger_than_an_address_that_was_given_before_it() {
        let mut settings = Settings {
            registry_address: Some("weak:1".into()),
            ..Settings::default()
        };
        settings.set_registry("consul://strong:2".into());
        assert_eq!(settings.join_addresses(), [""; 0]);
        let registry = format!("{:?}", settings.registry.unwrap());
        assert_eq!(registry, "Chosen(\"consul://strong:2\")");
    }

    #[test]
    fn an_address_that_has_no_use_is_warned_of() {
        let mut settings = Settings::default();
        settings.set_registry("memory".into());
        settings.registry_address = Some("a:1".into());
        settings.set_broker("memory".into());
        settings.broker_address = Some("b:1".into());
        assert_eq!(
            settings.join_addresses(),
            [
                "registry_address is ignored: the registry memory has none",
                "broker_address is ignored: the broker memory has none"
            ]
        );
        settings.set_broker(crate::broker::Memory::new().into());
        settings.broker_address = Some("b:1".into());
        assert_eq!(
            settings.join_addresses(),
            ["broker_address is ignored: the program brought its own broker"]
        );
    }
}
