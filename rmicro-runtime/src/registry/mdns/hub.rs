//! What the verbs of the registry, the readers of its sockets and its keeper share.
//!
//! Invariant: tasks refer to the hub weakly and the hub owns them, so the last [`Mdns`](super::Mdns)
//! that is dropped ends every task, closes every socket and ends every watch. No lock is held while
//! something is awaited.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::LARGEST_DATAGRAM;
use super::config::MdnsConfig;
use super::interfaces;
use super::links::{self, Links, Socket, Task};
use super::querier::{self, Patience};
use super::records::Records;
use super::responder::{Packet, Responder};
use super::sightings::{Sightings, Source};
use super::wire::{self, Message};
use crate::error::Result;
use crate::registry::{ServiceInfo, Watch};
use crate::seam::{Moment, Seam};

/// How often it is looked which interfaces have come or gone.
const FOLLOW: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Hub {
    config: MdnsConfig,
    seam: Seam,
    responder: Mutex<Responder>,
    sightings: Mutex<Sightings>,
    links: Mutex<Links>,
    keeper: Mutex<Option<Task>>,
    /// Tells the keeper that something may be due earlier than it knows.
    changed: Arc<Notify>,
}

impl Hub {
    pub(super) fn new(config: MdnsConfig, seam: Seam) -> Self {
        Self {
            responder: Mutex::new(Responder::new(&config.domain)),
            sightings: Mutex::new(Sightings::new(&config.domain)),
            links: Mutex::default(),
            keeper: Mutex::default(),
            changed: Arc::default(),
            config,
            seam,
        }
    }

    pub(super) async fn register(
        self: &Arc<Self>,
        service: &ServiceInfo,
        ttl: Duration,
    ) -> Result<()> {
        self.open()?;
        let now = self.now();
        let packets = lock(&self.responder).register(service, ttl, now)?;
        self.changed.notify_one();
        self.send(&packets).await
    }

    pub(super) async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        let packets = lock(&self.responder).deregister(service, self.now());
        self.changed.notify_one();
        self.send(&packets).await
    }

    /// The nodes that answer to `service`, or to the pseudo service of all services.
    pub(super) async fn ask(&self, service: &str) -> Result<Vec<Records>> {
        self.lookup(service, Patience::UntilQuiet).await
    }

    /// Begins a watch; the first one of a service looks who is there.
    pub(super) async fn watch(self: &Arc<Self>, service: &str) -> Result<Watch> {
        self.open()?;
        let (watch, is_first) = lock(&self.sightings).watch(service);
        if is_first {
            let there = self.ask(service).await?;
            self.see(&there, Source::Beginning);
        }
        Ok(watch)
    }

    /// What the watches of `service` know.
    pub(super) fn seen(&self, service: &str) -> Vec<ServiceInfo> {
        lock(&self.sightings).versions(service)
    }

    /// Whether every interface in use is a loopback one; `None` when none is usable.
    pub(super) fn is_local(&self) -> Option<bool> {
        let used = interfaces::choose(&self.seam.net, self.config.interface.as_deref());
        Some(used.ok()?.iter().all(|one| one.address.is_loopback()))
    }

    pub(super) fn config(&self) -> &MdnsConfig {
        &self.config
    }

    /// Opens the sockets and starts the keeper, unless that was done.
    fn open(self: &Arc<Self>) -> Result<()> {
        self.follow_interfaces()?;
        let mut keeper = lock(&self.keeper);
        if !keeper.as_ref().is_some_and(Task::runs) {
            let hub = Arc::downgrade(self);
            *keeper = Some(Task::start(keep(hub, Arc::clone(&self.changed))));
        }
        Ok(())
    }

    fn follow_interfaces(self: &Arc<Self>) -> Result<()> {
        let net = &self.seam.net;
        let wanted = interfaces::choose(net, self.config.interface.as_deref());
        let mut links = lock(&self.links);
        if wanted.is_err() {
            links.close();
        }
        links.follow(net, &wanted?, |socket| {
            Task::start(listen(Arc::downgrade(self), socket))
        })
    }

    /// Answers a question, or takes in what somebody tells.
    async fn hear(&self, socket: &Socket, bytes: &[u8], from: SocketAddr) {
        match wire::parse(bytes) {
            Some(Message::Query { id, questions }) => {
                let replies = lock(&self.responder).answer(id, &questions, self.now());
                for reply in replies {
                    if let Err(error) = socket.send_to(&reply, from).await {
                        tracing::debug!(%error, %from, "mdns: cannot reply");
                    }
                }
            }
            Some(Message::Response(nodes)) => self.see(&nodes, Source::Announcement),
            None => tracing::trace!(%from, "mdns: not a DNS message"),
        }
    }

    fn see(&self, nodes: &[Records], source: Source) {
        if nodes.is_empty() {
            return;
        }
        let now = self.now();
        let mut sightings = lock(&self.sightings);
        for records in nodes {
            sightings.hear(records, source, now);
        }
        self.changed.notify_one();
    }

    /// A lookup that does not keep this hub alive.
    fn lookup(
        &self,
        service: &str,
        patience: Patience,
    ) -> impl Future<Output = Result<Vec<Records>>> + Send + use<> {
        let seam = self.seam.clone();
        let interfaces = interfaces::choose(&seam.net, self.config.interface.as_deref());
        let name = format!("{service}.{}", self.config.domain);
        let window = self.config.lookup;
        async move { querier::ask(&seam, &interfaces?, &name, window, patience).await }
    }

    fn follow_interfaces_again(self: &Arc<Self>) {
        if let Err(error) = self.follow_interfaces() {
            tracing::debug!(?error, "mdns: no interface for now");
        }
    }

    async fn announce_due(&self, now: Moment) {
        let packets = lock(&self.responder).due(now);
        if let Err(error) = self.send(&packets).await {
            tracing::debug!(?error, "mdns: cannot announce for now");
        }
    }

    async fn send(&self, packets: &[Packet]) -> Result<()> {
        let sockets = lock(&self.links).sockets();
        links::send(&sockets, packets).await
    }

    fn now(&self) -> Moment {
        self.seam.clock.now()
    }

    /// When the keeper has to act again, at the latest.
    fn next(&self, follow: Moment) -> Moment {
        let responder = lock(&self.responder).next();
        let sightings = lock(&self.sightings).next();
        let all = responder.into_iter().chain(sightings);
        all.fold(follow, Moment::min)
    }
}

/// Gives every datagram of `socket` to the hub until that is gone or the socket fails.
async fn listen(hub: Weak<Hub>, socket: Socket) {
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, from)) => {
                let Some(hub) = hub.upgrade() else {
                    return;
                };
                hub.hear(&socket, &buffer[..length], from).await;
            }
            // Windows reports a refused reply at the next read.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => {
                tracing::debug!(%error, "mdns: an interface has failed");
                return;
            }
        }
    }
}

/// Does what is due at its time, until the hub is gone.
async fn keep(hub: Weak<Hub>, changed: Arc<Notify>) {
    let mut asking = JoinSet::new();
    let mut follow = None;
    loop {
        let Some(here) = hub.upgrade() else {
            return;
        };
        let clock = here.seam.clock;
        let now = clock.now();
        let due = *follow.get_or_insert_with(|| now.after(FOLLOW));
        if due <= now {
            follow = Some(now.after(FOLLOW));
            here.follow_interfaces_again();
        }
        here.announce_due(now).await;
        for service in lock(&here.sightings).due(now) {
            let lookup = here.lookup(&service, Patience::WholeWindow);
            asking.spawn(ask_again(hub.clone(), lookup));
        }
        let next = here.next(follow.unwrap_or(due));
        drop(here);
        tokio::select! {
            biased;
            () = changed.notified() => {}
            Some(_) = asking.join_next() => {}
            () = clock.sleep_until(next) => {}
        }
    }
}

/// Takes in the answers of nodes that have not been heard of for long.
async fn ask_again(hub: Weak<Hub>, lookup: impl Future<Output = Result<Vec<Records>>>) {
    match (lookup.await, hub.upgrade()) {
        (Ok(nodes), Some(hub)) => hub.see(&nodes, Source::Reply),
        (Err(error), _) => tracing::debug!(?error, "mdns: cannot ask again"),
        (Ok(_), None) => {}
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
