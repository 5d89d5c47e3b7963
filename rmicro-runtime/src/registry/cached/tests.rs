//! The cache against a registry that can be slow, away, or broken.

use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::error::Code;
use crate::registry::{Memory, Node};
use crate::seam::{Chance, Clock};

const TTL: Duration = Duration::from_secs(3600);

/// A memory registry that does what a test tells it to.
#[derive(Debug, Default)]
struct Inner {
    /// Replaced in an outage, which ends the watches of the old one.
    memory: Mutex<Memory>,
    away: AtomicBool,
    broken: AtomicBool,
    asked: AtomicUsize,
    watched: AtomicUsize,
    /// When set, an answer that was found waits until it is told to leave.
    gate: Mutex<Option<Arc<Notify>>>,
}

impl Inner {
    fn memory(&self) -> Memory {
        self.memory.lock().unwrap().clone()
    }

    fn go_away(&self) {
        self.away.store(true, Ordering::Relaxed);
        *self.memory.lock().unwrap() = Memory::new();
    }

    fn come_back(&self) {
        self.away.store(false, Ordering::Relaxed);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn watched(&self) -> usize {
        self.watched.load(Ordering::Relaxed)
    }

    fn check(&self) -> Result<()> {
        assert!(!self.broken.load(Ordering::Relaxed), "broken on purpose");
        match self.away.load(Ordering::Relaxed) {
            true => Err(Error::unavailable("the registry is away").source("no route")),
            false => Ok(()),
        }
    }

    fn has_watchers(&self) -> bool {
        !format!("{:?}", self.memory()).contains("watchers: {}")
    }
}

#[async_trait]
impl Registry for Inner {
    fn name(&self) -> &'static str {
        "inner"
    }

    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
        self.memory().register(service, ttl).await
    }

    async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        self.memory().deregister(service).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.check()?;
        let answer = self.memory().get_service(name).await;
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        answer
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        self.memory().list_services().await
    }

    async fn watch(&self, name: &str) -> Result<Watch> {
        self.watched.fetch_add(1, Ordering::Relaxed);
        self.check()?;
        self.memory().watch(name).await
    }
}

fn cached() -> (Arc<Inner>, Cached) {
    let inner = Arc::new(Inner::default());
    let seam = Seam {
        chance: Chance::from_seed(1),
        ..Seam::default()
    };
    (inner.clone(), Cached::new(inner, seam))
}

fn node(id: &str) -> ServiceInfo {
    ServiceInfo::new("s", "latest").node(Node::new(id, "127.0.0.1:1"))
}

async fn sleep(duration: Duration) {
    Clock::default().sleep(duration).await;
}

/// Lets every other task run until it waits: with a paused clock, time only moves when all do.
async fn settle() {
    sleep(Duration::from_millis(2)).await;
}

fn known_ids(cached: &Cached) -> Vec<String> {
    let known = cached.known("s");
    let nodes = known.iter().flat_map(|known| known.iter());
    nodes
        .flat_map(|version| version.nodes.iter().map(|node| node.id.clone()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn lookups_at_one_time_share_one_question_and_one_watch() {
    let (inner, cached) = cached();
    inner.register(&node("a"), TTL).await.unwrap();
    assert!(cached.known("s").is_none());
    let (first, second) = tokio::join!(cached.get_service("s"), cached.get_service("s"));
    assert_eq!(first.unwrap(), [node("a")]);
    assert_eq!(second.unwrap(), [node("a")]);
    assert_eq!(cached.get_service("s").await.unwrap(), [node("a")]);
    settle().await;
    assert_eq!((inner.asked(), inner.watched()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_same_knowledge_is_the_same_arc() {
    let (inner, cached) = cached();
    inner.register(&node("a"), TTL).await.unwrap();
    cached.get_service("s").await.unwrap();
    let before = cached.known("s").unwrap();
    inner.register(&node("a"), TTL).await.unwrap();
    settle().await;
    assert!(Arc::ptr_eq(&before, &cached.known("s").unwrap()));
    inner.register(&node("b"), TTL).await.unwrap();
    settle().await;
    assert!(!Arc::ptr_eq(&before, &cached.known("s").unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_watch_tells_what_is_new_and_what_is_gone() {
    let (inner, cached) = cached();
    inner
        .register(&node("a"), Duration::from_secs(60))
        .await
        .unwrap();
    cached.get_service("s").await.unwrap();
    inner.register(&node("b"), TTL).await.unwrap();
    settle().await;
    assert_eq!(known_ids(&cached), ["a", "b"]);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(known_ids(&cached), ["b"]);
    inner.deregister(&node("b")).await.unwrap();
    settle().await;
    assert!(cached.known("s").is_none());
    assert_eq!(inner.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_change_is_told_of_it_and_of_nothing_else() {
    let (inner, cached) = cached();
    let waiting = |seen: Option<Arc<[ServiceInfo]>>| {
        let cached = cached.clone();
        tokio::spawn(async move { cached.changed("s", seen.as_ref()).await })
    };
    let first = waiting(None);
    settle().await;
    // Questions that find nothing end no wait, and make nobody ask.
    for _ in 0..5 {
        cached.get_service("s").await.unwrap_err();
    }
    sleep(Duration::from_secs(1)).await;
    let asked = inner.asked();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(inner.asked(), asked);
    assert!(!first.is_finished());
    inner.register(&node("a"), TTL).await.unwrap();
    first.await.unwrap().unwrap();
    // What has changed since it was seen is told at once.
    waiting(None).await.unwrap().unwrap();
    let second = waiting(cached.known("s"));
    inner.register(&node("a"), TTL).await.unwrap();
    settle().await;
    assert!(!second.is_finished(), "a renewal is no change");
    inner.deregister(&node("a")).await.unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_during_the_question_are_neither_lost_nor_undone() {
    let (inner, cached) = cached();
    inner.register(&node("leaving"), TTL).await.unwrap();
    let gate = Arc::new(Notify::new());
    *inner.gate.lock().unwrap() = Some(gate.clone());
    let ((), found) = tokio::join!(
        async {
            settle().await;
            inner.register(&node("coming"), TTL).await.unwrap();
            inner.deregister(&node("leaving")).await.unwrap();
            settle().await;
            gate.notify_one();
        },
        cached.get_service("s")
    );
    // The lookup did not have to wait for the answer, which was older than what the watch told.
    assert_eq!(found.unwrap(), [node("coming")]);
    settle().await;
    assert_eq!(known_ids(&cached), ["coming"]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_empties_nothing_and_its_end_brings_what_is_new() {
    let (inner, cached) = cached();
    inner.register(&node("a"), TTL).await.unwrap();
    cached.get_service("s").await.unwrap();
    inner.go_away();
    for _ in 0..60 {
        sleep(Duration::from_secs(1)).await;
        assert_eq!(cached.get_service("s").await.unwrap(), [node("a")]);
    }
    // 60 s hold 6 doubling waits and then one each 5 to 10 s.
    assert!((8..=18).contains(&inner.watched()), "{}", inner.watched());
    assert_eq!(inner.asked(), 1);
    inner.register(&node("b"), TTL).await.unwrap();
    inner.come_back();
    sleep(Duration::from_secs(11)).await;
    assert_eq!(known_ids(&cached), ["b"]);
    inner.register(&node("c"), TTL).await.unwrap();
    settle().await;
    assert_eq!(known_ids(&cached), ["b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_away_is_not_a_service_that_is_absent() {
    let (inner, cached) = cached();
    inner.go_away();
    let error = cached.get_service("s").await.unwrap_err();
    assert_eq!(
        format!("{error:?}"),
        "UNAVAILABLE: the registry is away: no route"
    );
    inner.come_back();
    inner.register(&node("a"), TTL).await.unwrap();
    assert_eq!(cached.get_service("s").await.unwrap(), [node("a")]);
}

#[tokio::test(start_paused = true)]
async fn an_absent_service_is_asked_for_again_but_not_too_often() {
    let (inner, cached) = cached();
    let clock = Clock::default();
    let start = clock.now();
    for _ in 0..11 {
        let error = cached.get_service("s").await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
    }
    assert_eq!(inner.asked(), 11);
    let took = clock.now().since(start);
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took < Duration::from_millis(1100), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_lookup_ends_when_the_watch_tells_of_a_node() {
    let (inner, cached) = cached();
    cached.get_service("s").await.unwrap_err();
    let clock = Clock::default();
    let start = clock.now();
    inner.register(&node("a"), TTL).await.unwrap();
    assert_eq!(cached.get_service("s").await.unwrap(), [node("a")]);
    assert!(clock.now().since(start) < Duration::from_millis(5));
    assert_eq!(inner.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_is_dropped_leaves_the_others_alone() {
    let (inner, cached) = cached();
    inner.register(&node("a"), TTL).await.unwrap();
    let mut dropped = Box::pin(cached.get_service("s"));
    poll_fn(|cx| {
        assert!(dropped.as_mut().poll(cx).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(dropped);
    assert_eq!(cached.get_service("s").await.unwrap(), [node("a")]);
    assert_eq!(inner.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_looks_up_is_forgotten() {
    let (inner, cached) = cached();
    inner.register(&node("a"), TTL).await.unwrap();
    cached.get_service("s").await.unwrap();
    for _ in 0..30 {
        sleep(Duration::from_secs(60)).await;
        assert!(cached.known("s").is_some());
    }
    sleep(Duration::from_secs(1210)).await;
    assert!(!inner.has_watchers());
    assert!(cached.known("s").is_none());
    assert_eq!(cached.get_service("s").await.unwrap(), [node("a")]);
}

#[tokio::test(start_paused = true)]
async fn a_name_without_nodes_is_forgotten_soon() {
    let (inner, cached) = cached();
    cached.get_service("s").await.unwrap_err();
    assert!(inner.has_watchers());
    sleep(Duration::from_secs(21)).await;
    assert!(!inner.has_watchers());
}

#[tokio::test(start_paused = true)]
async fn the_watches_end_with_the_last_clone() {
    let (inner, cached) = cached();
    inner.register(&node("a"), TTL).await.unwrap();
    let clone = cached.clone();
    cached.get_service("s").await.unwrap();
    drop(cached);
    settle().await;
    assert!(inner.has_watchers());
    drop(clone);
    settle().await;
    assert!(!inner.has_watchers());
    assert_eq!(Arc::strong_count(&inner), 1);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_panics_is_tried_again() {
    let (inner, cached) = cached();
    inner.broken.store(true, Ordering::Relaxed);
    let error = cached.get_service("s").await.unwrap_err();
    assert_eq!(error.message(), "registry inner panicked");
    inner.broken.store(false, Ordering::Relaxed);
    inner.register(&node("a"), TTL).await.unwrap();
    assert_eq!(cached.get_service("s").await.unwrap(), [node("a")]);
    sleep(Duration::from_secs(1)).await;
    inner.register(&node("b"), TTL).await.unwrap();
    settle().await;
    assert_eq!(known_ids(&cached), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_does_not_answer_is_an_error_in_the_end() {
    let (inner, cached) = cached();
    *inner.gate.lock().unwrap() = Some(Arc::new(Notify::new()));
    let start = Clock::default().now();
    let error = cached.get_service("s").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(Clock::default().now().since(start) < Duration::from_secs(11));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_was_registered_is_found_at_once_by_many() {
    for round in 0..200 {
        let (inner, cached) = cached();
        let id = round.to_string();
        cached.get_service("s").await.unwrap_err();
        inner.register(&node(&id), TTL).await.unwrap();
        let lookups = [(); 8].map(|()| {
            let cached = cached.clone();
            tokio::spawn(async move { cached.get_service("s").await })
        });
        for lookup in lookups {
            assert_eq!(lookup.await.unwrap().unwrap(), [node(&id)]);
        }
    }
}
