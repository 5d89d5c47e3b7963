//! Two registries that see each other, and how checks wait for them.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Code, Result};
use crate::registry::{Change, Node, Registry, ServiceInfo, Watch};
use crate::seam::{Chance, Clock};

/// How long a check waits before it looks again.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Two registries that see what is announced in each other: two clones, two sockets in one domain,
/// two clients of one server.
#[derive(Debug)]
pub struct Pair {
    pub(super) here: Arc<dyn Registry>,
    pub(super) there: Arc<dyn Registry>,
    pub(super) clock: Clock,
    pub(super) ttl: Duration,
    pub(super) patience: Duration,
    /// The name of the service that is announced, unlike that of any other pair.
    pub(super) name: String,
}

impl Pair {
    /// A pair that honours a TTL of one second, and in which every change is seen on the other side
    /// within ten.
    pub fn new(here: Arc<dyn Registry>, there: Arc<dyn Registry>) -> Self {
        Self {
            here,
            there,
            clock: Clock::default(),
            ttl: Duration::from_secs(1),
            patience: Duration::from_secs(10),
            name: format!("conformance-{}", Chance::default().uuid()),
        }
    }

    /// Sets the shortest TTL that the registry honours; the suite waits for its end a few times.
    #[must_use]
    pub fn ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    /// Sets how long a change may take at most until it is seen, on a machine that is busy.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// A TTL that does not end during a check.
    pub(super) fn long(&self) -> Duration {
        Duration::from_secs(600)
    }

    /// A version of the pair's service with nodes of these short names.
    pub(super) fn service(&self, version: &str, nodes: &[&str]) -> ServiceInfo {
        let service = ServiceInfo::new(&self.name, version);
        nodes
            .iter()
            .fold(service, |service, node| service.node(self.node(node)))
    }

    /// The node with this short name.
    pub(super) fn node(&self, short: &str) -> Node {
        Node::new(format!("{}-{short}", self.name), "127.0.0.1:4242")
    }

    /// Announces here for a long time.
    pub(super) async fn announce(&self, service: &ServiceInfo) {
        let registered = self.here.register(service, self.long()).await;
        registered.expect("a service can be registered");
    }

    /// Withdraws here.
    pub(super) async fn withdraw(&self, service: &ServiceInfo) {
        let withdrawn = self.here.deregister(service).await;
        withdrawn.expect("a service can be deregistered");
    }

    /// What the other side finds, once that is as `expected` says; it panics with `what` when it
    /// never is.
    pub(super) async fn found(
        &self,
        what: &str,
        expected: impl Fn(&[ServiceInfo]) -> bool,
    ) -> Vec<ServiceInfo> {
        let limit = self.clock.now().after(self.patience);
        loop {
            let found = look(&*self.there, &self.name).await;
            if expected(&found) {
                return found;
            }
            assert!(
                self.clock.now() < limit,
                "{what} within {:?}, but found is {found:?}",
                self.patience
            );
            self.clock.sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until the other side finds exactly these versions with exactly these nodes, by their
    /// short names.
    pub(super) async fn finds(&self, expected: &[(&str, &[&str])]) {
        let ids = |nodes: &[&str]| nodes.iter().map(|node| self.node(node).id).collect();
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(version, nodes)| ((*version).to_owned(), ids(nodes)))
            .collect();
        let what = format!("exactly {expected:?} is found");
        self.found(&what, |found| outline(found) == expected).await;
    }

    /// A watch of the pair's service on the other side.
    pub(super) async fn watch(&self) -> Watch {
        let watch = self.there.watch(&self.name).await;
        watch.expect("a service can be watched")
    }

    /// The first change that is as `expected` says, with those before it; it panics with `what`
    /// when none comes.
    pub(super) async fn told(
        &self,
        watch: &mut Watch,
        what: &str,
        expected: impl Fn(&Change) -> bool,
    ) -> Vec<Change> {
        let limit = self.clock.now().after(self.patience + self.ttl);
        let mut told = Vec::new();
        loop {
            let next = self.clock.until(limit, next(watch)).await;
            let next = next.unwrap_or_else(|| panic!("{what} is not told, but {told:?} is"));
            let change = next.expect("a watch does not end");
            told.push(change.expect("a watch that is read does not fail"));
            if told.last().is_some_and(&expected) {
                return told;
            }
        }
    }
}

/// What `registry` finds; nothing when it says that there is nothing.
pub(super) async fn look(registry: &dyn Registry, name: &str) -> Vec<ServiceInfo> {
    match registry.get_service(name).await {
        Ok(found) => {
            let empty = found.is_empty() || found.iter().any(|version| version.nodes.is_empty());
            assert!(!empty, "something without nodes is found: {found:?}");
            found
        }
        Err(error) if error.code() == Code::NotFound => Vec::new(),
        Err(error) => panic!("looking up {name} fails: {error:?}"),
    }
}

/// The versions and the ids of their nodes, in the order in which they were found.
pub(super) fn outline(found: &[ServiceInfo]) -> Vec<(String, Vec<String>)> {
    let ids = |nodes: &[Node]| nodes.iter().map(|node| node.id.clone()).collect();
    found
        .iter()
        .map(|version| (version.version.clone(), ids(&version.nodes)))
        .collect()
}

async fn next(watch: &mut Watch) -> Option<Result<Change>> {
    poll_fn(|cx| watch.as_mut().poll_next(cx)).await
}
