//! From a URL to what it names: the only list of schemes, and the only place that names a backend.
//!
//! Feature = scheme = file name. A scheme of a feature that is not compiled in says which feature
//! to enable.

use std::sync::Arc;

use super::chosen::{Choice, Chosen};
use crate::broker::secrets::without_secrets;
use crate::broker::{self, Broker};
use crate::error::{Error, Result};
use crate::registry::{self, Registry};
use crate::seam::Seam;
use crate::selector::{self, Selector};
use crate::transport::{self, Transport};

/// The registry where the program chose none: go-micro's, and memory in a build without it.
pub(super) const DEFAULT_REGISTRY: &str = if cfg!(feature = "mdns") {
    "mdns"
} else {
    "memory"
};
/// The transport where the program chose none.
pub(super) const DEFAULT_TRANSPORT: &str = if cfg!(feature = "grpc") {
    "grpc"
} else {
    "memory"
};
/// The selector where the program chose none: go-micro's.
pub(super) const DEFAULT_SELECTOR: &str = "random";

/// The broker where the program chose none: go-micro's, and memory in a build without it.
pub(super) const DEFAULT_BROKER: &str = if cfg!(feature = "http") {
    "http"
} else {
    "memory"
};

/// What may be chosen for one contract.
pub(super) struct Known {
    contract: &'static str,
    schemes: &'static [Scheme],
}

struct Scheme {
    name: &'static str,
    /// Whether its feature is on.
    compiled: bool,
    tail: Tail,
}

/// What may stand behind `://`.
#[derive(PartialEq, Eq)]
enum Tail {
    /// Nothing.
    None,
    /// What the backend reads for itself, and no address.
    Own,
    /// An address, as go-micro's `--registry_address` gives it.
    Address,
}

const fn scheme_of(name: &'static str, compiled: bool, tail: Tail) -> Scheme {
    Scheme {
        name,
        compiled,
        tail,
    }
}

/// A scheme that is a whole URL.
const fn alone(name: &'static str, compiled: bool) -> Scheme {
    scheme_of(name, compiled, Tail::None)
}

/// A scheme that has something of its own behind `://`.
const fn local(name: &'static str, compiled: bool) -> Scheme {
    scheme_of(name, compiled, Tail::Own)
}

/// A scheme that has an address behind `://`.
const fn addressed(name: &'static str, compiled: bool) -> Scheme {
    scheme_of(name, compiled, Tail::Address)
}

pub(super) const REGISTRIES: Known = Known {
    contract: "registry",
    schemes: &[local("mdns", cfg!(feature = "mdns")), alone("memory", true)],
};
pub(super) const BROKERS: Known = Known {
    contract: "broker",
    schemes: &[
        addressed("http", cfg!(feature = "http")),
        alone("memory", true),
        addressed("nats", cfg!(feature = "nats")),
        addressed("redis", cfg!(feature = "redis")),
    ],
};
const TRANSPORTS: Known = Known {
    contract: "transport",
    schemes: &[alone("grpc", cfg!(feature = "grpc")), alone("memory", true)],
};
const SELECTORS: Known = Known {
    contract: "selector",
    schemes: &[alone("random", true), alone("round_robin", true)],
};

/// The registry that `chosen` names, or the default; each `memory` is one of its own.
pub(super) fn registry(
    chosen: Option<Chosen<dyn Registry>>,
    seam: &Seam,
) -> Result<Arc<dyn Registry>> {
    let url = match chosen {
        Some(Chosen(Choice::Value(value))) => return Ok(value),
        Some(Chosen(Choice::Url(url))) => url,
        None => DEFAULT_REGISTRY.into(),
    };
    match REGISTRIES.named(&url) {
        #[cfg(feature = "mdns")]
        Some("mdns") => Ok(Arc::new(registry::Mdns::from_url(&url, seam.clone())?)),
        Some("memory") => Ok(Arc::new(registry::Memory::with_seam(seam.clone()))),
        _ => Err(REGISTRIES.refuse(&url)),
    }
}

/// The broker that `chosen` names, or the default; each `memory` is one of its own. It reaches nobody yet.
///
/// One that finds its peers by the registry uses `registry`, and listens `near` the service where nobody says where.
pub(super) fn broker(
    chosen: Option<Chosen<dyn Broker>>,
    registry: &Arc<dyn Registry>,
    near: impl FnOnce() -> Option<String>,
    seam: &Seam,
) -> Result<Arc<dyn Broker>> {
    // A build has brokers that need all of it, or some, or nothing.
    let _ = (registry, &near, seam);
    let url = match chosen {
        Some(Chosen(Choice::Value(value))) => return Ok(value),
        Some(Chosen(Choice::Url(url))) => url,
        None => DEFAULT_BROKER.into(),
    };
    match BROKERS.named(&url) {
        #[cfg(feature = "http")]
        Some("http") => {
            let config = broker::HttpConfig::from_url(&url)?.near(near);
            let (registry, seam) = (registry.clone(), seam.clone());
            Ok(Arc::new(broker::Http::new(config, registry, seam)))
        }
        Some("memory") => Ok(Arc::new(broker::Memory::new())),
        #[cfg(feature = "nats")]
        Some("nats") => Ok(Arc::new(broker::Nats::from_url(&url, seam.clone())?)),
        #[cfg(feature = "redis")]
        Some("redis") => Ok(Arc::new(broker::Redis::from_url(&url, seam.clone())?)),
        _ => Err(BROKERS.refuse(&url)),
    }
}

/// The transport that `chosen` names, or the default, with messages of up to `max_message_size`
/// bytes; each `memory` is one of its own.
pub(super) fn transport(
    chosen: Option<Chosen<dyn Transport>>,
    max_message_size: Option<usize>,
    seam: &Seam,
) -> Result<Arc<dyn Transport>> {
    let url = match chosen {
        Some(Chosen(Choice::Value(_))) if max_message_size.is_some() => {
            let message = "max_message_size is for a transport that is named: \
                give the one that the program brings its own limits";
            return Err(Error::invalid_argument(message));
        }
        Some(Chosen(Choice::Value(value))) => return Ok(value),
        Some(Chosen(Choice::Url(url))) => url,
        None => DEFAULT_TRANSPORT.into(),
    };
    match TRANSPORTS.named(&url) {
        #[cfg(feature = "grpc")]
        Some("grpc") => {
            let grpc = transport::Grpc::new(seam.clone());
            let config = transport::GrpcConfig::default();
            Ok(Arc::new(match max_message_size {
                Some(bytes) => grpc.config(config.max_message_size(bytes)),
                None => grpc,
            }))
        }
        Some("memory") => Ok(Arc::new(transport::Memory::new().clock(seam.clock))),
        _ => Err(TRANSPORTS.refuse(&url)),
    }
}

/// The selector that `chosen` names, or the default.
pub(super) fn selector(
    chosen: Option<Chosen<dyn Selector>>,
    seam: &Seam,
) -> Result<Arc<dyn Selector>> {
    let url = match chosen {
        Some(Chosen(Choice::Value(value))) => return Ok(value),
        Some(Chosen(Choice::Url(url))) => url,
        None => DEFAULT_SELECTOR.into(),
    };
    match SELECTORS.named(&url) {
        Some("random") => Ok(Arc::new(selector::Random::new(seam.chance.clone()))),
        Some("round_robin") => Ok(Arc::new(selector::RoundRobin::new(&seam.chance))),
        _ => Err(SELECTORS.refuse(&url)),
    }
}

/// Why no transport is made of `url`; `None` when one is.
pub(super) fn transport_refusal(url: &str) -> Option<String> {
    TRANSPORTS.refusal(url)
}

/// Why no selector is made of `url`; `None` when one is.
pub(super) fn selector_refusal(url: &str) -> Option<String> {
    SELECTORS.refusal(url)
}

/// `url` with `address` in it, as go-micro's `--registry consul --registry_address 127.0.0.1:8500`
/// means it.
///
/// `None` when the scheme has no address: what it names is found without one, and go-micro ignores it
/// there, too.
pub(super) fn with_address(known: &Known, url: &str, address: &str) -> Option<String> {
    let scheme = scheme(url);
    let known = known.find(scheme);
    if known.is_some_and(|known| known.tail != Tail::Address) {
        return None;
    }
    let after = url
        .get(scheme.len()..)
        .and_then(|rest| rest.strip_prefix("://"));
    let tail = after.and_then(|rest| rest.find(['/', '?']).and_then(|at| rest.get(at..)));
    Some(format!("{scheme}://{address}{}", tail.unwrap_or_default()))
}

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(scheme, _)| scheme)
}

impl Known {
    /// The contract for which one may be chosen.
    pub(super) fn contract(&self) -> &'static str {
        self.contract
    }

    /// Those that are compiled in.
    pub(super) fn there(&self) -> String {
        let there = self.schemes.iter().filter(|scheme| scheme.compiled);
        let there: Vec<_> = there.map(|scheme| scheme.name).collect();
        there.join(", ")
    }

    fn find(&self, name: &str) -> Option<&'static Scheme> {
        self.schemes.iter().find(|scheme| scheme.name == name)
    }

    fn refuse(&self, url: &str) -> Error {
        Error::invalid_argument(self.refusal(url).unwrap_or_default())
    }

    /// The scheme of `url`, where something can be made of it.
    fn named<'a>(&self, url: &'a str) -> Option<&'a str> {
        self.refusal(url).is_none().then(|| scheme(url))
    }

    fn refusal(&self, url: &str) -> Option<String> {
        let (contract, wanted) = (self.contract, scheme(url));
        let there = self.there();
        let shown = without_secrets(url);
        let bare = [wanted.len(), wanted.len() + "://".len()].contains(&url.len());
        Some(match self.find(wanted) {
            Some(known) if !known.compiled => format!(
                "{contract} {shown:?} is not compiled in: enable the feature `{wanted}` of \
                rmicro-runtime; there are: {there}"
            ),
            Some(known) if known.tail == Tail::None && !bare => format!(
                "{contract} {shown:?} cannot be: {wanted} has no address and no parameters, so write {wanted} alone"
            ),
            Some(_) => return None,
            None if url.contains(':') && !url.contains("://") => format!(
                "{contract} {shown:?} has no scheme: it is SCHEME or SCHEME://ADDRESS; there are: {there}"
            ),
            None => format!("{contract} {shown:?} does not exist; there are: {there}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_names_a_registry_with_and_without_the_rest_of_a_url() {
        for url in ["memory", "memory://"] {
            let registry = registry(Some(url.into()), &Seam::default()).unwrap();
            assert_eq!(registry.name(), "memory");
        }
    }

    #[test]
    fn a_scheme_that_has_no_address_refuses_one() {
        let seam = Seam::default();
        let memory = registry(Some("memory".into()), &seam).unwrap();
        let near = || None;
        for url in [
            "memory://x",
            "memory:///",
            "memory://?a=b",
            "memory://ada:s3cret@a:1",
        ] {
            let errors = [
                registry(Some(url.into()), &seam).unwrap_err(),
                broker(Some(url.into()), &memory, near, &seam).unwrap_err(),
                transport(Some(url.into()), None, &seam).unwrap_err(),
            ];
            for error in errors {
                let said = error.message();
                assert!(
                    said.ends_with(
                        " cannot be: memory has no address and no parameters, so write memory alone"
                    ),
                    "{said}"
                );
                assert!(!said.contains("s3cret"), "{said}");
            }
        }
        let error = selector(Some("random://x".into()), &seam).unwrap_err();
        assert_eq!(
            error.message(),
            "selector \"random://x\" cannot be: random has no address and no parameters, so write random alone"
        );
    }

    #[test]
    fn what_is_no_url_is_told_with_how_one_begins() {
        let there = BROKERS.there();
        for (url, told) in [
            (
                "127.0.0.1:4222",
                "\"127.0.0.1:4222\" has no scheme: it is SCHEME or SCHEME://ADDRESS",
            ),
            (
                "nats:a:1",
                "\"nats:a:1\" has no scheme: it is SCHEME or SCHEME://ADDRESS",
            ),
            (
                "ada:s3cret@a",
                "\"***@a\" has no scheme: it is SCHEME or SCHEME://ADDRESS",
            ),
            ("", "\"\" does not exist"),
            ("://a", "\"://a\" does not exist"),
            ("Memory", "\"Memory\" does not exist"),
        ] {
            let error = BROKERS.refuse(url);
            assert_eq!(
                error.message(),
                format!("broker {told}; there are: {there}")
            );
        }
    }

    #[test]
    fn an_unknown_scheme_is_told_with_those_that_exist() {
        let url = "consul://127.0.0.1:8500";
        let error = registry(Some(url.into()), &Seam::default()).unwrap_err();
        let there = if cfg!(feature = "mdns") {
            "mdns, memory"
        } else {
            "memory"
        };
        assert_eq!(
            error.message(),
            format!("registry \"consul://127.0.0.1:8500\" does not exist; there are: {there}")
        );
        let error = selector(Some("p2c".into()), &Seam::default()).unwrap_err();
        assert_eq!(
            error.message(),
            "selector \"p2c\" does not exist; there are: random, round_robin"
        );
        assert!(transport(Some("quic".into()), None, &Seam::default()).is_err());
    }

    #[test]
    fn the_default_broker_is_go_micros_where_it_is_compiled_in() {
        let registry = registry(Some("memory".into()), &Seam::default()).unwrap();
        let make = |chosen| {
            let near = || Some("127.0.0.1:0".into());
            broker(chosen, &registry, near, &Seam::default())
        };
        assert_eq!(make(None).unwrap().name(), DEFAULT_BROKER);
        assert_eq!(
            DEFAULT_BROKER == "http",
            BROKERS.there().starts_with("http")
        );
        assert_eq!(
            make(Some("http://a:1".into())).is_ok(),
            cfg!(feature = "http")
        );
        assert!(make(Some("http://a:1/x".into())).is_err());
    }

    #[test]
    fn a_scheme_that_is_not_compiled_in_names_its_feature() {
        const KNOWN: Known = Known {
            contract: "registry",
            schemes: &[local("mdns", false), alone("memory", true)],
        };
        assert_eq!(
            KNOWN.refuse("mdns://micro").message(),
            "registry \"mdns://micro\" is not compiled in: enable the feature `mdns` of \
            rmicro-runtime; there are: memory"
        );
    }

    #[test]
    fn who_the_program_is_at_a_broker_is_not_told() {
        let url = "amqp://ada:s3cret@a:5672";
        let told = "broker \"amqp://***@a:5672\" does not exist; there are: ";
        let error = BROKERS.refuse(url);
        assert!(error.message().starts_with(told), "{error:?}");
        let chosen: Chosen<dyn Broker> = url.into();
        assert_eq!(format!("{chosen:?}"), "Chosen(\"amqp://***@a:5672\")");
    }

    #[test]
    fn go_micros_spelling_with_an_address_is_a_url() {
        let join = |url, address| with_address(&REGISTRIES, url, address).unwrap();
        assert_eq!(join("consul", "127.0.0.1:8500"), "consul://127.0.0.1:8500");
        assert_eq!(join("etcd://a:1/x?y=z", "b:2"), "etcd://b:2/x?y=z");
        assert_eq!(with_address(&REGISTRIES, "mdns", "127.0.0.1:8500"), None);
        let broker = with_address(&BROKERS, "http", "127.0.0.1:9000");
        assert_eq!(broker.as_deref(), Some("http://127.0.0.1:9000"));
        let broker = with_address(&BROKERS, "nats", "127.0.0.1:4222");
        assert_eq!(broker.as_deref(), Some("nats://127.0.0.1:4222"));
    }
}
