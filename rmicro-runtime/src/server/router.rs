//! From the path that a peer sends to a route.
//!
//! Peers send `/greet.v1.Greeter/Hello` (gRPC), `/Greeter/Hello` (a proto without package) and, when they are go-micro,
//! `/greeter.Greeter/Hello` with the registry name in front (go-micro `internal/util/grpc/grpc.go`). The full proto name wins;
//! otherwise the last dot component decides, if it belongs to one service alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::call::{Route, Routes};
use crate::error::{Error, Result};

/// The routes of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Router {
    full: HashMap<String, Arc<Route>>,
    short: HashMap<String, Short>,
    name: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
enum Short {
    One(Arc<Route>),
    Ambiguous(Vec<String>),
}

impl Router {
    pub(super) fn set_name(&mut self, name: &str) {
        self.name = Some(name.into());
    }

    pub(super) fn add(&mut self, routes: &[Arc<Route>]) {
        for route in routes {
            let path = format!("/{}/{}", route.service, route.method);
            match self.short.entry(short_of(&path).to_owned()) {
                Entry::Vacant(entry) => {
                    entry.insert(Short::One(route.clone()));
                }
                Entry::Occupied(mut entry) => match entry.get_mut() {
                    Short::One(first) => {
                        let names = vec![first.service.to_string(), route.service.to_string()];
                        entry.insert(Short::Ambiguous(names));
                    }
                    Short::Ambiguous(names) => names.push(route.service.to_string()),
                },
            }
            self.full.insert(path, route.clone());
        }
    }
}

impl Routes for Router {
    fn route(&self, path: &str) -> Result<Arc<Route>> {
        if let Some(route) = self.full.get(path) {
            return Ok(route.clone());
        }
        match self.short.get(short_of(path)) {
            Some(Short::One(route)) => Ok(route.clone()),
            Some(Short::Ambiguous(names)) => Err(Error::unimplemented(format!(
                "{path} is ambiguous here, use the full name of one of: {}",
                names.join(", ")
            ))),
            None => Err(self.unknown(path)),
        }
    }

    fn service_id(&self) -> Option<Arc<str>> {
        self.name.clone()
    }
}

impl Router {
    fn unknown(&self, path: &str) -> Error {
        let Some((service, method)) = split(path) else {
            return Error::unimplemented(format!(
                "malformed path {path:?}: it must be /service/method"
            ));
        };
        let short = short_of(path);
        let prefix = &short[..short.len() - method.len()];
        if self.short.keys().any(|known| known.starts_with(prefix)) {
            Error::unimplemented(format!("unknown method {method} of service {service}"))
        } else {
            Error::unimplemented(format!("unknown service {service}"))
        }
    }
}

/// The service and the method of a path with two parts.
fn split(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    (!service.is_empty() && !method.is_empty() && !method.contains('/'))
        .then_some((service, method))
}

/// The path from the last dot component of its service on: `Greeter/Hello` of `/greet.v1.Greeter/Hello`.
fn short_of(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    let service = path.split('/').next().unwrap_or(path);
    match service.rfind('.') {
        Some(dot) => &path[dot + 1..],
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{BoxFuture, Endpoint, Kind, ServerCall, SlowMark};
    use crate::error::Code;

    struct Nobody;

    impl Endpoint for Nobody {
        fn call<'a>(&'a self, _call: ServerCall) -> BoxFuture<'a, Result<()>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn router(services: &[&'static str]) -> Router {
        let mut router = Router::default();
        for service in services {
            let (service, method, slow) = ((*service).into(), "Hello".into(), SlowMark::default());
            router.add(&[Arc::new(Route {
                service,
                method,
                kind: Kind::Unary,
                endpoint: Arc::new(Nobody),
                slow,
            })]);
        }
        router
    }

    #[test]
    fn every_form_of_the_path_finds_the_service() {
        let router = router(&["greet.v1.Greeter"]);
        for path in [
            "/greet.v1.Greeter/Hello",
            "/Greeter/Hello",
            "/greeter.Greeter/Hello",
            "/go.micro.srv.greeter.Greeter/Hello",
        ] {
            assert_eq!(
                router.route(path).unwrap().service,
                "greet.v1.Greeter",
                "{path}"
            );
        }
    }

    #[test]
    fn the_full_name_wins_and_a_shared_short_one_is_refused() {
        let router = router(&["a.Greeter", "b.Greeter"]);
        assert_eq!(
            router.route("/b.Greeter/Hello").unwrap().service,
            "b.Greeter"
        );
        let error = router.route("/greeter.Greeter/Hello").unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
        assert!(error.message().contains("a.Greeter, b.Greeter"), "{error}");
    }

    #[test]
    fn a_service_without_package_is_found_by_any_prefix() {
        let router = router(&["Greeter"]);
        for path in ["/Greeter/Hello", "/greeter.Greeter/Hello"] {
            assert!(router.route(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let router = router(&["greet.v1.Greeter"]);
        for (path, text) in [
            (
                "/greet.v1.Greeter/Bye",
                "unknown method Bye of service greet.v1.Greeter",
            ),
            ("/greet.v1.Teller/Tell", "unknown service greet.v1.Teller"),
            ("/", "malformed path \"/\": it must be /service/method"),
            ("", "malformed path \"\": it must be /service/method"),
            (
                "/a/b/c",
                "malformed path \"/a/b/c\": it must be /service/method",
            ),
            ("/./", "malformed path \"/./\": it must be /service/method"),
        ] {
            let error = router.route(path).unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::Unimplemented, text));
        }
    }
}
