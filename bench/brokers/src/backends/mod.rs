//! One file for each broker: how rmicro's is made, and what the bare crate does instead.

mod http;
mod memory;
mod nats;
mod redis;

use std::pin::Pin;

use crate::Outcome;
use crate::cases::{Case, Stack};
use crate::load::Figures;

/// A measurement that runs.
pub type Measuring = Pin<Box<dyn Future<Output = Outcome<Figures>>>>;

/// A broker, and how it is measured.
pub struct Backend {
    /// Its scheme.
    pub name: &'static str,
    /// What the bare crate is, and what it does.
    pub peer: &'static str,
    /// Which bound counts, where that is not 0.9 of raw.
    pub bound: Option<&'static str>,
    /// Has a stack do a case.
    pub measure: fn(Stack, &'static Case) -> Measuring,
}

pub static BACKENDS: [Backend; 4] = [
    memory::BACKEND,
    http::BACKEND,
    nats::BACKEND,
    redis::BACKEND,
];

/// What `bench/brokers/run` says of a server by `name`.
fn told(name: &str) -> Outcome<String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: start it by bench/run").into())
}
