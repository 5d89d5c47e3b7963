//! From the path that a peer sends to a route.
//!
//! Peers send `/greet.v1.Greeter/Hello` (gRPC), `/Greeter/Hello` (a proto without package) and, when they are go-micro,
//! `/greeter.Greeter/Hello` with the registry name in front (go-micro `internal/util/grpc/grpc.go`). The full proto name wins;
//! otherwise the last dot component decides, if it belongs to one service alone.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
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
    /// A router without routes, for the service that is registered under `name`.
    pub(super) fn new(name: Option<Arc<str>>) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, routes: &[Arc<Route>]) {
        for route in routes {
            self.add_short(route);
            self.add_full(route);
        }
    }

    /// Adds `routes` where nobody else can be meant: a service that is there by its full name stays
    /// alone, and one that is there by its last component keeps the short form.
    pub(super) fn add_behind(&mut self, routes: &[Arc<Route>]) {
        let there = self.full.values().map(|route| route.service.clone());
        let there: BTreeSet<_> = there.collect();
        let short: BTreeSet<_> = there.iter().map(|service| last_of(service)).collect();
        for route in routes
            .iter()
            .filter(|route| !there.contains(&route.service))
        {
            if !short.contains(last_of(&route.service)) {
                self.add_short(route);
            }
            self.add_full(route);
        }
    }

    fn add_full(&mut self, route: &Arc<Route>) {
        self.full.insert(path_of(route), route.clone());
    }

    fn add_short(&mut self, route: &Arc<Route>) {
        match self.short.entry(short_of(&path_of(route)).to_owned()) {
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

fn path_of(route: &Route) -> String {
    format!("/{}/{}", route.service, route.method)
}

/// The last dot component: `Greeter` of `greet.v1.Greeter`.
fn last_of(service: &str) -> &str {
    service.rsplit('.').next().unwrap_or(service)
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
    use crate::call::{BoxFuture, Endpoint, Kind, ServerCall};
    use crate::error::Code;

    struct Nobody;

    impl Endpoint for Nobody {
        fn call<'a>(&'a self, _call: ServerCall) -> BoxFuture<'a, Result<()>> {
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn routes(services: &[&'static str]) -> Vec<Arc<Route>> {
        let route = |service: &&'static str| {
            Arc::new(Route::new(*service, "Hello", Kind::Unary, Arc::new(Nobody)))
        };
        services.iter().map(route).collect()
    }

    fn router(services: &[&'static str]) -> Router {
        let mut router = Router::default();
        router.add(&routes(services));
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
    fn what_stands_behind_takes_no_name_from_what_is_there() {
        let mut router = router(&["greet.v1.Greeter", "a.B"]);
        router.add_behind(&routes(&["grpc.Greeter", "a.B", "Debug"]));
        for (path, service) in [
            ("/Greeter/Hello", "greet.v1.Greeter"),
            ("/greeter.Greeter/Hello", "greet.v1.Greeter"),
            ("/grpc.Greeter/Hello", "grpc.Greeter"),
            ("/greeter.Debug/Hello", "Debug"),
        ] {
            assert_eq!(router.route(path).unwrap().service, service, "{path}");
        }
    }

    #[test]
    fn a_service_that_is_there_gets_no_methods_from_behind() {
        let mut other = routes(&["a.Health", "b.Health"]);
        for route in &mut other {
            Arc::get_mut(route).unwrap().method = "List".into();
        }
        let mut router = router(&["a.Health"]);
        router.add_behind(&other);
        for path in ["/a.Health/List", "/Health/List"] {
            let error = router.route(path).unwrap_err();
            assert!(
                error.message().starts_with("unknown method List"),
                "{error}"
            );
        }
        assert_eq!(router.route("/b.Health/List").unwrap().service, "b.Health");
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
