//! The connections of a client by address, shared by every call.

mod attempt;
mod dialer;
mod place;
mod span;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

pub(super) use self::attempt::Attempt;
use self::dialer::Dialer;
pub(super) use self::dialer::unanswered;
use self::place::Place;
use super::ClientOptions;
use crate::error::Error;
use crate::registry::Node;
use crate::seam::{Moment, Seam};
use crate::transport::{Connection, Transport};

/// Open connections by address. A connection that is let go of lives until its last call has ended.
#[derive(Debug)]
pub(super) struct Pool {
    dialer: Arc<Dialer>,
    connections: usize,
    places: RwLock<HashMap<String, Arc<Place>>>,
}

/// What a call finds at a node.
pub(super) enum Reach {
    /// A connection.
    Open(Arc<dyn Connection>),
    /// A connection that is being made.
    Dialing(Attempt),
    /// A connection that is being made after an attempt that failed: whoever can goes elsewhere.
    Probing(Attempt),
    /// Nothing, until the address is tried again; the error is that of the last attempt.
    Resting(Error),
}

impl Pool {
    pub(super) fn new(transport: Arc<dyn Transport>, seam: Seam, options: &ClientOptions) -> Self {
        Self {
            dialer: Arc::new(Dialer::new(transport, seam, options.dial_timeout)),
            connections: options.connections.max(1),
            places: RwLock::default(),
        }
    }

    /// The name of the protocol that the connections speak.
    pub(super) fn protocol(&self) -> &'static str {
        self.dialer.protocol()
    }

    /// A connection to `node`, or how far one is; dialing goes on without the caller, and for all of `limit` where that is longer
    /// than usual.
    pub(super) fn reach(&self, node: &Node, limit: Option<Duration>) -> Reach {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&node.address) {
            return place.reach(&self.dialer, limit);
        }
        drop(places);
        self.place(&node.address).reach(&self.dialer, limit)
    }

    /// Lets go of the connections to `addresses`; their running calls go on.
    pub(super) fn release(&self, addresses: &[String]) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<_> = addresses
            .iter()
            .map(|address| places.remove(address))
            .collect();
        // A connection that is dropped may wake others: not under the lock.
        drop(places);
        drop(gone);
    }

    /// Tells, from now on, when an attempt to connect ends.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.dialer.news()
    }

    /// When the first of `nodes` may be dialed again that is left alone now.
    pub(super) fn rest_end(&self, nodes: &[Arc<Node>]) -> Option<Moment> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let there = nodes.iter().filter_map(|node| places.get(&node.address));
        there.filter_map(|place| place.rest_end(&self.dialer)).min()
    }

    /// The first of `nodes` that is not left alone now.
    pub(super) fn awake<'a>(&self, nodes: &'a [Arc<Node>]) -> Option<&'a Arc<Node>> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        let rests = |node: &&Arc<Node>| {
            let place = places.get(&node.address);
            place.is_some_and(|place| place.rest_end(&self.dialer).is_some())
        };
        nodes.iter().find(|node| !rests(node))
    }

    fn place(&self, address: &str) -> Arc<Place> {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Place::new(address.to_owned(), self.connections));
        places.entry(address.to_owned()).or_insert_with(new).clone()
    }
}

#[cfg(test)]
mod tests;
