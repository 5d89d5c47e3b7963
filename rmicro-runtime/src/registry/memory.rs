//! A registry inside the process: the reference for every other, and what tests use.
//!
//! Invariant: there is no global. Clones share one registry, two [`Memory::new`] know nothing of
//! each other. Deliberately absent: a task. Lapsed nodes are removed by whoever looks next, and a
//! watch keeps a timer for the next one while it is awaited, so nothing runs on when the registry
//! is dropped.

mod state;
mod watching;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::state::State;
use self::watching::Watching;
use super::{Registry, ServiceInfo, Watch};
use crate::error::{Error, Result};
use crate::seam::{Clock, Moment, Seam};

/// Knows what was registered with it or with a clone of it.
///
/// A `ttl` of zero sets no limit, as in go-micro (`registry/memory.go`). Nobody waits for a slow
/// watcher: one that leaves more than 256 changes unread loses them and gets an error instead,
/// after which its watch goes on.
///
/// ```
/// # use std::time::Duration;
/// use rmicro_runtime::registry::{Memory, Node, Registry, ServiceInfo};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let here = Memory::new();
/// let there = here.clone();
/// let greeter = ServiceInfo::new("greeter", "latest").node(Node::new("greeter-1", "127.0.0.1:8080"));
/// here.register(&greeter, Duration::from_secs(60)).await?;
/// assert_eq!(there.get_service("greeter").await?, [greeter]);
/// # Ok::<(), rmicro_runtime::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memory {
    shared: Arc<Shared>,
    clock: Clock,
}

impl Memory {
    /// A registry in which nothing is registered.
    pub fn new() -> Self {
        Self::default()
    }

    /// A registry whose nodes lapse by the clock of `seam`.
    pub fn with_seam(seam: Seam) -> Self {
        Self {
            shared: Arc::default(),
            clock: seam.clock,
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State, Moment) -> T) -> T {
        self.shared.with(self.clock.now(), act)
    }
}

#[async_trait]
impl Registry for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
        self.with(|state, now| {
            let until = (!ttl.is_zero()).then(|| now.after(ttl));
            state.register(service, until);
        });
        Ok(())
    }

    async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        self.with(|state, _| state.deregister(service));
        Ok(())
    }

    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
        let versions = self.with(|state, _| state.versions(name));
        if versions.is_empty() {
            return Err(Error::not_found(format!(
                "no node for {name:?} in registry memory"
            )));
        }
        Ok(versions)
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        let names = self.with(|state, _| state.names());
        let bare = |name| ServiceInfo {
            name,
            ..ServiceInfo::default()
        };
        Ok(names.into_iter().map(bare).collect())
    }

    async fn watch(&self, name: &str) -> Result<Watch> {
        let id = self.with(|state, _| state.watch(name));
        Ok(Box::pin(Watching::new(&self.shared, self.clock, id)))
    }
}

/// What the clones of one registry share; watches refer to it weakly, so they end with the last
/// clone.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

impl Shared {
    /// Acts on the state as it is at `now`, then wakes whoever that concerns.
    fn with<T>(&self, now: Moment, act: impl FnOnce(&mut State, Moment) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.sweep(now);
        let output = act(&mut state, now);
        let wakers = state.take_wakers();
        // A waker is foreign code, which may come back here.
        drop(state);
        wakers.into_iter().for_each(std::task::Waker::wake);
        output
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.wake_all();
        state
            .take_wakers()
            .into_iter()
            .for_each(std::task::Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::error::Code;
    use crate::registry::{Action, Change, Node};

    const TTL: Duration = Duration::from_secs(60);

    fn node(id: &str) -> ServiceInfo {
        ServiceInfo::new("s", "latest").node(Node::new(id, "127.0.0.1:1"))
    }

    async fn next(watch: &mut Watch) -> Option<Result<Change>> {
        poll_fn(|cx| watch.as_mut().poll_next(cx)).await
    }

    async fn change(watch: &mut Watch) -> Change {
        next(watch).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn two_registries_know_nothing_of_each_other() {
        let (here, there) = (Memory::new(), Memory::new());
        here.register(&node("a"), TTL).await.unwrap();
        let error = there.get_service("s").await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
        assert_eq!(error.message(), "no node for \"s\" in registry memory");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_lapses_at_its_moment_and_not_before() {
        let registry = Memory::new();
        let clock = Clock::default();
        registry.register(&node("a"), TTL).await.unwrap();
        clock.sleep(TTL - Duration::from_millis(1)).await;
        assert_eq!(registry.get_service("s").await.unwrap(), [node("a")]);
        clock.sleep(Duration::from_millis(1)).await;
        assert!(registry.get_service("s").await.is_err());
        assert_eq!(registry.list_services().await.unwrap(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watcher_is_told_of_a_lapse_at_its_moment() {
        let registry = Memory::new();
        let clock = Clock::default();
        let mut watch = registry.watch("s").await.unwrap();
        registry.register(&node("a"), TTL).await.unwrap();
        registry.register(&node("b"), 2 * TTL).await.unwrap();
        for id in ["a", "b"] {
            assert_eq!(
                change(&mut watch).await,
                Change::new(Action::Create, node(id))
            );
        }
        let start = clock.now();
        for (id, after) in [("a", TTL), ("b", 2 * TTL)] {
            assert_eq!(
                change(&mut watch).await,
                Change::new(Action::Delete, node(id))
            );
            let late = clock.now().since(start) - after;
            assert!(late < Duration::from_millis(5), "{late:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_ttl_moves_the_lapse_of_a_watched_node_nearer() {
        let registry = Memory::new();
        let start = Clock::default().now();
        registry.register(&node("a"), 10 * TTL).await.unwrap();
        let mut watch = registry.watch("s").await.unwrap();
        let renewing = registry.clone();
        let (change, ()) = tokio::join!(change(&mut watch), async {
            tokio::task::yield_now().await;
            renewing.register(&node("a"), TTL).await.unwrap();
        });
        assert_eq!(change.action, Action::Delete);
        assert!(Clock::default().now().since(start) < 2 * TTL);
    }

    #[tokio::test(start_paused = true)]
    async fn a_ttl_of_zero_sets_no_limit() {
        let registry = Memory::new();
        registry.register(&node("a"), TTL).await.unwrap();
        registry.register(&node("a"), Duration::ZERO).await.unwrap();
        Clock::default().sleep(100 * TTL).await;
        assert_eq!(registry.get_service("s").await.unwrap(), [node("a")]);
    }

    #[tokio::test]
    async fn a_mere_renewal_is_not_told() {
        let registry = Memory::new();
        let mut watch = registry.watch("s").await.unwrap();
        registry.register(&node("a"), TTL).await.unwrap();
        registry.register(&node("a"), TTL).await.unwrap();
        registry.deregister(&node("a")).await.unwrap();
        assert_eq!(change(&mut watch).await.action, Action::Create);
        assert_eq!(change(&mut watch).await.action, Action::Delete);
    }

    #[tokio::test]
    async fn a_slow_watcher_gets_an_error_and_then_what_came_last() {
        let registry = Memory::new();
        let mut watch = registry.watch("s").await.unwrap();
        for id in 0..=state::UNREAD_LIMIT {
            let info = node(&id.to_string());
            registry.register(&info, TTL).await.unwrap();
        }
        let error = next(&mut watch).await.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::Aborted);
        let last = node(&state::UNREAD_LIMIT.to_string());
        assert_eq!(change(&mut watch).await, Change::new(Action::Create, last));
        registry.deregister(&node("7")).await.unwrap();
        let gone = Change::new(Action::Delete, node("7"));
        assert_eq!(change(&mut watch).await, gone);
    }

    #[tokio::test]
    async fn a_waiting_watch_ends_with_the_last_clone() {
        let registry = Memory::new();
        let clone = registry.clone();
        let mut watch = registry.watch("s").await.unwrap();
        let waiting = tokio::spawn(async move { next(&mut watch).await.is_none() });
        tokio::task::yield_now().await;
        drop(registry);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(clone);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn a_dropped_watch_leaves_nothing_behind() {
        let registry = Memory::new();
        let watch = registry.watch("s").await.unwrap();
        drop(watch);
        let state = format!("{registry:?}");
        assert!(state.contains("watchers: {}"), "{state}");
    }
}
