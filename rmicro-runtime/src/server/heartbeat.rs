//! The supervised registration loop: it keeps a node in the registry while its service runs.
//!
//! Invariant: from the first registration to [`Heartbeat::stop`] the node is registered again
//! before it lapses, whatever the registry does in between; an outage is told once, and its end
//! once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::error::{Error, Result};
use crate::registry::{Registry, ServiceInfo};
use crate::seam::Seam;

/// How often the first registration is tried, as in go-micro (`server/rpc_server.go`).
const FIRST_TRIES: u32 = 3;
/// What is waited before the second try; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// What is waited after a renewal that failed; each further wait is twice as long, up to the
/// interval.
const OUTAGE_WAIT: Duration = Duration::from_secs(1);
/// How long a registry may take to withdraw a node; what it still holds then lapses by itself.
const WITHDRAW_LIMIT: Duration = Duration::from_secs(5);

/// A node that is registered, and the task that keeps it so; dropping it ends the task and lets the
/// node lapse.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    beat: Beat,
    task: JoinSet<()>,
}

/// What is registered where, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Beat {
    /// Where the nodes are announced.
    pub(crate) registry: Arc<dyn Registry>,
    /// The service with the nodes of this process.
    pub(crate) service: Arc<ServiceInfo>,
    /// How long a registration holds.
    pub(crate) ttl: Duration,
    /// How often it is renewed; shorter than `ttl`.
    pub(crate) interval: Duration,
    /// The clock, and the chance that spreads the renewals of a fleet after an outage.
    pub(crate) seam: Seam,
}

impl Heartbeat {
    /// Registers and goes on registering; a registry that refuses three times is an error.
    pub(crate) async fn start(beat: Beat) -> Result<Self> {
        beat.register_first().await?;
        let mut task = JoinSet::new();
        task.spawn(beat.clone().renew());
        Ok(Self { beat, task })
    }

    /// Ends the renewals and withdraws the node, for which the registry has five seconds.
    ///
    /// A renewal on its way is dropped first, so that none comes after the withdrawal.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.task.shutdown().await;
        let Beat {
            registry,
            service,
            seam,
            ..
        } = &self.beat;
        let limit = seam.clock.now().after(WITHDRAW_LIMIT);
        let withdrawn = seam.clock.until(limit, registry.deregister(service)).await;
        withdrawn.unwrap_or_else(|| {
            let name = registry.name();
            Err(Error::deadline_exceeded(format!(
                "registry {name} did not withdraw the node within {WITHDRAW_LIMIT:?}"
            )))
        })
    }
}

impl Beat {
    async fn register_first(&self) -> Result<()> {
        let mut wait = FIRST_WAIT;
        for _ in 1..FIRST_TRIES {
            match self.register().await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::debug!("registering failed and is tried again: {error:?}"),
            }
            self.seam.clock.sleep(wait).await;
            wait *= 2;
        }
        let name = self.registry.name();
        self.register()
            .await
            .map_err(|error| error.at(format_args!("registry {name} did not take the node")))
    }

    /// Renews until it is dropped.
    async fn renew(self) {
        let (name, nodes) = (self.registry.name(), self.node_ids());
        let mut outage = None;
        loop {
            self.seam
                .clock
                .sleep(outage.map_or(self.interval, |wait| self.jitter(wait)))
                .await;
            match (self.register().await, outage) {
                (Ok(()), None) => {}
                (Ok(()), Some(_)) => {
                    tracing::info!("Registry [{name}] Registering node again: {nodes}");
                    outage = None;
                }
                (Err(error), None) => {
                    tracing::warn!(
                        "Registry [{name}] does not renew node {nodes}, trying on: {error:?}"
                    );
                    outage = Some(OUTAGE_WAIT.min(self.interval));
                }
                (Err(_), Some(wait)) => outage = Some((wait * 2).min(self.interval)),
            }
        }
    }

    /// Registers once; a registry that panics has failed, and so has one that leaves no time for
    /// another try before the node lapses.
    async fn register(&self) -> Result<()> {
        let clock = self.seam.clock;
        let within = self.ttl.saturating_sub(self.interval) / 2;
        let limit = clock.now().after(within);
        let registering = unpanicked(self.registry.register(&self.service, self.ttl));
        clock.until(limit, registering).await.unwrap_or_else(|| {
            Err(Error::deadline_exceeded(format!(
                "no answer within {within:?}"
            )))
        })
    }

    /// Something from half of `wait` to all of it.
    fn jitter(&self, wait: Duration) -> Duration {
        const STEPS: u32 = 1000;
        let step = u32::try_from(self.seam.chance.below(STEPS as usize)).unwrap_or(STEPS);
        wait / 2 + wait / 2 * step / STEPS
    }

    fn node_ids(&self) -> String {
        let ids: Vec<_> = self.service.nodes.iter().map(|node| &*node.id).collect();
        ids.join(", ")
    }
}

/// Makes an error of a panic. No task is needed for it, so nothing is left behind when it is
/// dropped.
async fn unpanicked<F: Future<Output = Result<()>>>(future: F) -> Result<()> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(Error::internal("the registry panicked"))))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::error::Code;
    use crate::registry::{Memory, Node, Watch};
    use crate::seam::Moment;

    const SECOND: Duration = Duration::from_secs(1);

    fn beat(registry: Arc<dyn Registry>) -> Beat {
        let node = Node::new("greeter-1", "127.0.0.1:1");
        Beat {
            registry,
            service: Arc::new(ServiceInfo::new("greeter", "latest").node(node)),
            ttl: 60 * SECOND,
            interval: 30 * SECOND,
            seam: Seam::default(),
        }
    }

    /// Fails, panics or hangs when it is told to, and keeps when it was asked.
    #[derive(Debug, Default)]
    struct Moody {
        fails: AtomicUsize,
        panics: AtomicBool,
        hangs: AtomicBool,
        asked: Mutex<Vec<Moment>>,
        withdrawn: AtomicUsize,
    }

    impl Moody {
        fn asked(&self) -> Vec<u64> {
            let asked = self.asked.lock().unwrap();
            asked
                .iter()
                .map(|at| at.since(asked[0]).as_secs())
                .collect()
        }

        async fn sulk(&self) {
            if self.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        }
    }

    #[async_trait]
    impl Registry for Moody {
        fn name(&self) -> &'static str {
            "moody"
        }

        async fn register(&self, _service: &ServiceInfo, _ttl: Duration) -> Result<()> {
            self.asked.lock().unwrap().push(Seam::default().clock.now());
            self.sulk().await;
            assert!(!self.panics.swap(false, Ordering::Relaxed), "as told");
            let less = |fails: usize| fails.checked_sub(1);
            match self
                .fails
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            {
                Ok(_) => Err(Error::unavailable("down")),
                Err(_) => Ok(()),
            }
        }

        async fn deregister(&self, _service: &ServiceInfo) -> Result<()> {
            self.sulk().await;
            self.withdrawn.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }

        async fn get_service(&self, _name: &str) -> Result<Vec<ServiceInfo>> {
            Err(Error::unimplemented("not here"))
        }

        async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
            Err(Error::unimplemented("not here"))
        }

        async fn watch(&self, _name: &str) -> Result<Watch> {
            Err(Error::unimplemented("not here"))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_stays_while_its_heart_beats_and_leaves_when_it_stops() {
        let registry = Memory::new();
        let heart = Heartbeat::start(beat(Arc::new(registry.clone())))
            .await
            .unwrap();
        tokio::time::sleep(600 * SECOND).await;
        assert_eq!(registry.get_service("greeter").await.unwrap().len(), 1);
        heart.stop().await.unwrap();
        let error = registry.get_service("greeter").await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_whose_heart_was_dropped_lapses() {
        let registry = Memory::new();
        drop(
            Heartbeat::start(beat(Arc::new(registry.clone())))
                .await
                .unwrap(),
        );
        assert_eq!(registry.get_service("greeter").await.unwrap().len(), 1);
        tokio::time::sleep(61 * SECOND).await;
        assert!(registry.get_service("greeter").await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn it_renews_every_interval() {
        let moody = Arc::new(Moody::default());
        let _heart = Heartbeat::start(beat(moody.clone())).await.unwrap();
        tokio::time::sleep(95 * SECOND).await;
        assert_eq!(moody.asked(), [0, 30, 60, 90]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_registration_is_tried_three_times() {
        let moody = Arc::new(Moody::default());
        moody.fails.store(2, Ordering::Relaxed);
        assert!(Heartbeat::start(beat(moody.clone())).await.is_ok());
        moody.fails.store(3, Ordering::Relaxed);
        let error = Heartbeat::start(beat(moody.clone())).await.unwrap_err();
        assert_eq!(
            error.message(),
            "registry moody did not take the node: down"
        );
        assert_eq!(moody.asked().len(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_sat_out_with_longer_waits_up_to_the_interval() {
        let moody = Arc::new(Moody::default());
        let _heart = Heartbeat::start(beat(moody.clone())).await.unwrap();
        moody.fails.store(8, Ordering::Relaxed);
        tokio::time::sleep(200 * SECOND).await;
        let asked = moody.asked();
        let waits: Vec<_> = asked.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(waits[0], 30, "{waits:?}");
        for (wait, most) in waits[1..].iter().zip([1, 2, 4, 8, 16, 30, 30, 30]) {
            assert!((most / 2..=most).contains(wait), "{waits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_panics_is_asked_again() {
        let moody = Arc::new(Moody::default());
        let _heart = Heartbeat::start(beat(moody.clone())).await.unwrap();
        moody.panics.store(true, Ordering::Relaxed);
        tokio::time::sleep(35 * SECOND).await;
        assert_eq!(moody.asked().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_hangs_does_not_hold_up_the_stop() {
        let moody = Arc::new(Moody::default());
        let heart = Heartbeat::start(beat(moody.clone())).await.unwrap();
        moody.hangs.store(true, Ordering::Relaxed);
        tokio::time::sleep(31 * SECOND).await;
        let error = heart.stop().await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        tokio::time::sleep(100 * SECOND).await;
        assert_eq!(moody.asked(), [0, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_hangs_is_asked_again_before_the_node_lapses() {
        let moody = Arc::new(Moody::default());
        let _heart = Heartbeat::start(beat(moody.clone())).await.unwrap();
        moody.hangs.store(true, Ordering::Relaxed);
        tokio::time::sleep(50 * SECOND).await;
        assert_eq!(moody.asked().len(), 3);
        assert!(moody.asked()[2] < 50);
    }
}
