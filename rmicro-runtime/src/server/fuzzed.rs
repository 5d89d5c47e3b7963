//! The router, for [`crate::fuzzing`].

use std::sync::Arc;

use super::router::Router;
use crate::call::{BoxFuture, Endpoint, Kind, Route, Routes, ServerCall};
use crate::error::Result;

/// The service and the method that `path` leads to, where `methods` are served.
pub fn route(methods: &[(String, String)], path: &str) -> Result<(String, String)> {
    let mut router = Router::default();
    for (service, method) in methods {
        let (service, method) = (service.clone(), method.clone());
        let route = Route::new(service, method, Kind::Unary, Arc::new(Nobody));
        router.add(&[Arc::new(route)]);
    }
    let route = router.route(path)?;
    Ok((route.service.to_string(), route.method.to_string()))
}

struct Nobody;

impl Endpoint for Nobody {
    fn call<'a>(&'a self, _call: ServerCall) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
