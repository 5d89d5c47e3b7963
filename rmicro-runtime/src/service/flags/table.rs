//! The rows themselves.

use super::{Effect, Flag};
use crate::service::schemes::{
    DEFAULT_BROKER, DEFAULT_REGISTRY, DEFAULT_SELECTOR, DEFAULT_TRANSPORT, selector_refusal,
    transport_refusal,
};
use crate::service::settings::{Expected, Settings, go_duration, seconds};

const fn set(
    name: &'static str,
    default: &'static str,
    about: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), Expected>,
) -> Flag {
    let effect = Effect::Set(set);
    Flag {
        name,
        default,
        about,
        effect,
    }
}

const fn choose(
    name: &'static str,
    default: &'static str,
    about: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), Expected>,
    refusal: fn(&str) -> Option<String>,
) -> Flag {
    let effect = Effect::Choose { set, refusal };
    Flag {
        name,
        default,
        about,
        effect,
    }
}

const fn only(name: &'static str, value: &'static str, about: &'static str) -> Flag {
    let effect = Effect::Only(value);
    Flag {
        name,
        default: value,
        about,
        effect,
    }
}

const fn not_yet(name: &'static str, about: &'static str) -> Flag {
    let effect = Effect::NotYet;
    Flag {
        name,
        default: "",
        about,
        effect,
    }
}

/// Stores what was given as it is.
macro_rules! keep {
    ($($field:ident)*) => {$(
        fn $field(settings: &mut Settings, value: &str) -> Result<(), Expected> {
            settings.$field = Some(value.into());
            Ok(())
        }
    )*};
}

keep!(version id address advertise registry_address broker_address transport selector);

/// Every flag, in the order of `--help`.
pub(in crate::service) static FLAGS: &[Flag] = &[
    set(
        "server_name",
        "the program's",
        "Name of the service",
        |settings, value| {
            settings.name = value.into();
            Ok(())
        },
    ),
    set(
        "server_version",
        "latest",
        "Version of the service",
        version,
    ),
    set(
        "server_id",
        "a random UUID",
        "Id of the node, after the service's name",
        id,
    ),
    set(
        "server_address",
        ":0",
        "Address to listen on, as host:port or :port",
        address,
    ),
    set(
        "server_advertise",
        "by route",
        "Address to announce instead of the one listened on",
        advertise,
    ),
    set(
        "server_metadata",
        "",
        "Metadata of the node, as key=value[,key=value]; may be repeated",
        Settings::add_metadata,
    ),
    set(
        "registry",
        DEFAULT_REGISTRY,
        "Registry, as a scheme or URL",
        |settings, value| {
            settings.set_registry(value.into());
            Ok(())
        },
    ),
    set(
        "registry_address",
        "",
        "Address of the registry, where its URL does not say it",
        registry_address,
    ),
    set(
        "register_ttl",
        "60",
        "Seconds that a registration holds",
        |settings, value| {
            settings.register_ttl = Some(seconds(value)?);
            Ok(())
        },
    ),
    set(
        "register_interval",
        "30",
        "Seconds between renewals of the registration",
        |settings, value| {
            settings.register_interval = Some(seconds(value)?);
            Ok(())
        },
    ),
    set(
        "broker",
        DEFAULT_BROKER,
        "Broker for messages, as a scheme or URL",
        |settings, value| {
            settings.set_broker(value.into());
            Ok(())
        },
    ),
    set(
        "broker_address",
        "",
        "Address of the broker, where its URL does not say it",
        broker_address,
    ),
    choose(
        "transport",
        DEFAULT_TRANSPORT,
        "Transport, as a scheme or URL",
        transport,
        transport_refusal,
    ),
    choose(
        "selector",
        DEFAULT_SELECTOR,
        "Selector: random or round_robin",
        selector,
        selector_refusal,
    ),
    set(
        "client_request_timeout",
        "30s",
        "Time that a call may take, as a Go duration",
        |settings, value| {
            settings.client.request_timeout = go_duration(value)?;
            Ok(())
        },
    ),
    set(
        "client_pool_size",
        "1",
        "Connections to a node, which calls use in turn",
        |settings, value| {
            let connections = value.parse().ok().filter(|connections| *connections > 0);
            settings.client.connections = connections.ok_or("a number, at least 1")?;
            Ok(())
        },
    ),
    only("server", "grpc", "Kind of the server"),
    only("client", "grpc", "Kind of the client"),
    not_yet("client_retries", "Times that a call is tried again"),
    not_yet("client_pool_ttl", "Time that a connection is kept"),
    not_yet("transport_address", "Address of the transport"),
    not_yet("store", "Store for records"),
    not_yet("store_address", "Address of the store"),
    not_yet("store_database", "Database of the store"),
    not_yet("store_table", "Table of the store"),
    not_yet("tracer", "Tracer of calls"),
    not_yet("tracer_address", "Address of the tracer"),
    not_yet("auth", "Who may call"),
    not_yet("auth_id", "Account to call as"),
    not_yet("auth_secret", "Secret of the account"),
    not_yet("auth_namespace", "Namespace of the account"),
    not_yet("auth_public_key", "Key that tokens are checked with"),
    not_yet("auth_private_key", "Key that tokens are made with"),
    not_yet("config", "Source of the configuration"),
    not_yet("profile", "A set of defaults"),
];
