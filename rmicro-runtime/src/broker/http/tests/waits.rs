//! What an event is told that its broker has not published in time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::world::{Foreign, World};
use crate::broker::{Http, HttpConfig, Message, Topic};
use crate::error::{Code, Result};
use crate::registry::{Registry, ServiceInfo, Watch};
use crate::seam::Seam;
use crate::service::Service;

/// A registry that takes every question and answers none.
#[derive(Debug)]
struct Mute;

#[async_trait]
impl Registry for Mute {
    fn name(&self) -> &'static str {
        "mute"
    }

    async fn register(&self, _service: &ServiceInfo, _ttl: Duration) -> Result<()> {
        std::future::pending().await
    }

    async fn deregister(&self, _service: &ServiceInfo) -> Result<()> {
        std::future::pending().await
    }

    async fn get_service(&self, _name: &str) -> Result<Vec<ServiceInfo>> {
        std::future::pending().await
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        std::future::pending().await
    }

    async fn watch(&self, _name: &str) -> Result<Watch> {
        std::future::pending().await
    }
}

/// What an event is told that is not published by `broker` within 300 ms.
async fn late(broker: &Http) -> String {
    let builder = Service::builder("shop")
        .registry("memory")
        .transport("memory");
    let service = builder.broker(broker.clone()).build().unwrap();
    let event = Message::new("x");
    let publishing = service
        .publish("t", &event)
        .timeout(Duration::from_millis(300));
    let error = publishing.await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    error.message().to_owned()
}

#[tokio::test(start_paused = true)]
async fn an_event_for_which_the_registry_gives_no_answer_names_the_registry() {
    let broker = Http::new(HttpConfig::default(), Arc::new(Mute), Seam::default());
    assert_eq!(
        late(&broker).await,
        "publish: topic \"t\" at broker http: the deadline passed; registry mute has not told who subscribes"
    );
}

#[tokio::test]
async fn an_event_that_somebody_has_not_answered_names_whom_and_nobody_else() {
    let (world, frozen) = (World::new(), Foreign::new().await);
    let (_one, _) = world.subscribe("t").await;
    let (_other, _) = world.subscribe(Topic::new("other")).await;
    world.register("q", "t-1", &frozen.address).await;
    assert_eq!(
        late(&world.broker).await,
        format!(
            "publish: topic \"t\" at broker http: the deadline passed; node t-1 at {} has not answered (it may get the message)",
            frozen.address
        )
    );
}
