//! The connections of a client: one to each node, shared by every call.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::registry::Node;
use crate::seam::Seam;
use crate::transport::{Connection, Transport};

/// Open connections by address. A connection that is let go of lives until its last call has ended.
#[derive(Debug)]
pub(super) struct Pool {
    transport: Arc<dyn Transport>,
    seam: Seam,
    dial_timeout: Duration,
    places: RwLock<HashMap<String, Arc<Place>>>,
}

/// One address. Whoever finds no connection dials under the lock, and the others wait for that.
#[derive(Debug, Default)]
struct Place {
    open: RwLock<Option<Arc<dyn Connection>>>,
    dialing: tokio::sync::Mutex<()>,
}

impl Pool {
    pub(super) fn new(transport: Arc<dyn Transport>, seam: Seam, dial_timeout: Duration) -> Self {
        Self {
            transport,
            seam,
            dial_timeout,
            places: RwLock::default(),
        }
    }

    /// The name of the protocol that the connections speak.
    pub(super) fn protocol(&self) -> &'static str {
        self.transport.name()
    }

    /// The connection to `node` when it is open.
    pub(super) fn open(&self, node: &Node) -> Option<Arc<dyn Connection>> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.get(&node.address)?.connection()
    }

    /// The connection to `node`, which is made when there is none; it is cancel safe, and a failure is unprocessed.
    pub(super) async fn connect(&self, node: &Node) -> Result<Arc<dyn Connection>> {
        let place = self.place(&node.address);
        let _dialing = place.dialing.lock().await;
        if let Some(connection) = place.connection() {
            return Ok(connection);
        }
        let limit = self.seam.clock.now().after(self.dial_timeout);
        let dialed = self
            .seam
            .clock
            .until(limit, self.transport.dial(&node.address))
            .await;
        let connection = dialed.unwrap_or_else(|| {
            let within = self.dial_timeout;
            Err(
                Error::unavailable(format!("{} did not answer within {within:?}", node.address))
                    .unprocessed(),
            )
        })?;
        *place.open.write().unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
        Ok(connection)
    }

    /// Lets go of the connections to nodes that have left; their running calls go on.
    pub(super) fn release(&self, nodes: &[Arc<Node>]) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        for node in nodes {
            places.remove(&node.address);
        }
    }

    fn place(&self, address: &str) -> Arc<Place> {
        if let Some(place) = self
            .places
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(address)
        {
            return place.clone();
        }
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.entry(address.to_owned()).or_default().clone()
    }
}

impl Place {
    fn connection(&self) -> Option<Arc<dyn Connection>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref()
            .filter(|connection| connection.is_open())
            .cloned()
    }
}
