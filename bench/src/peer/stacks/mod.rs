//! The stacks that are compared.

mod raw;
mod rmicro;
mod tonic;

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use crate::Outcome;
use crate::load::Measured;
use crate::settings::{Settings, Stack};

/// How long a call may take; the deadline travels with it.
const DEADLINE: Duration = Duration::from_secs(1);
/// The same for a bidi stream, which lives for the whole measurement.
const STREAM_DEADLINE: Duration = Duration::from_secs(60);

/// A server that serves until it is dropped.
pub struct Serving {
    pub address: SocketAddr,
    _server: Box<dyn Any>,
}

/// Serves `stack` on some port of loopback.
pub async fn serve(stack: Stack, slower: u32) -> Outcome<Serving> {
    match stack {
        Stack::Rmicro => rmicro::serve(slower).await,
        Stack::Tonic => tonic::serve().await,
        Stack::Raw => raw::serve().await,
    }
}

/// Calls as `settings` say.
pub async fn call(settings: &Settings) -> Outcome<Measured> {
    match settings.stack {
        Stack::Rmicro => rmicro::call(settings).await,
        Stack::Tonic => tonic::call(settings).await,
        Stack::Raw => raw::call(settings).await,
    }
}
