//! The supervised registration loop: it keeps a node in the registry while its service runs.
//!
//! Invariant: from the first registration to [`Heartbeat::stop`] the node is registered again
//! before it lapses, whatever the registry does in between; an outage is told once, and its end
//! once.

use tokio::task::JoinSet;

use crate::error::Result;
use crate::registry::{Beat, Pulse};

/// A node that is registered, and the task that keeps it so; dropping it ends the task and lets the
/// node lapse.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    beat: Beat,
    task: JoinSet<()>,
}

impl Heartbeat {
    /// Registers and goes on registering; a registry that refuses three times is an error.
    pub(crate) async fn start(beat: Beat) -> Result<Self> {
        beat.register_first(|pulse| log(&beat, pulse)).await?;
        let mut task = JoinSet::new();
        let renewed = beat.clone();
        task.spawn(async move { renewed.renew(|pulse| log(&renewed, pulse)).await });
        Ok(Self { beat, task })
    }

    /// Ends the renewals and withdraws the node, for which the registry has five seconds.
    ///
    /// A renewal on its way is dropped first, so that none comes after the withdrawal.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.task.shutdown().await;
        self.beat.withdraw().await
    }
}

fn log(beat: &Beat, pulse: Pulse<'_>) {
    let (name, nodes) = (beat.registry.name(), beat.node_ids());
    match pulse {
        Pulse::Retried(error) => {
            tracing::debug!("registering failed and is tried again: {error:?}");
        }
        Pulse::Lost(error) => {
            tracing::warn!("Registry [{name}] does not renew node {nodes}, trying on: {error:?}");
        }
        Pulse::Back => tracing::info!("Registry [{name}] Registering node again: {nodes}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::error::{Code, Error};
    use crate::registry::{Memory, Node, Registry, ServiceInfo, Watch};
    use crate::seam::{Moment, Seam};

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
