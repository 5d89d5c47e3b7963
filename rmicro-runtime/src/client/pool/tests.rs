//! A pool over a transport that does what the test says, under a paused clock.

use std::sync::Mutex;

use async_trait::async_trait;
use tokio::sync::{Notify, Semaphore};

use super::*;
use crate::call::{FrameStream, Routes};
use crate::error::{Code, Result};
use crate::seam::{Chance, Clock};
use crate::transport::{ClientCall, Listener, Refused, Turn};

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(1000);

/// Counts dials; each waits for a permit, and fails while it is told to.
#[derive(Debug)]
struct Line {
    dials: Mutex<Vec<Moment>>,
    dialed: Notify,
    permits: Semaphore,
    broken: Mutex<bool>,
}

impl Line {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            dials: Mutex::default(),
            dialed: Notify::new(),
            permits: Semaphore::new(permits),
            broken: Mutex::new(false),
        })
    }

    fn set_broken(&self, broken: bool) {
        *self.broken.lock().unwrap() = broken;
    }

    fn count(&self) -> usize {
        self.dials.lock().unwrap().len()
    }
}

#[derive(Debug)]
struct Lines(Arc<Line>);

#[async_trait]
impl Transport for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    async fn listen(&self, _address: &str, _routes: Arc<dyn Routes>) -> Result<Box<dyn Listener>> {
        Err(Error::unimplemented("nobody listens here"))
    }

    async fn dial(&self, address: &str) -> Result<Arc<dyn Connection>> {
        self.0.dials.lock().unwrap().push(Clock::default().now());
        self.0.dialed.notify_one();
        let permit = self.0.permits.acquire().await;
        permit.expect("it is never closed").forget();
        if *self.0.broken.lock().unwrap() {
            return Err(Error::unavailable(format!("no line to {address}")));
        }
        Ok(Arc::new(Wire(Mutex::new(true))))
    }
}

/// A connection that carries nothing.
#[derive(Debug)]
struct Wire(Mutex<bool>);

#[async_trait]
impl Connection for Wire {
    fn start(&self, call: ClientCall) -> std::result::Result<Box<dyn FrameStream>, Refused> {
        Err(Refused::Busy(Box::new(call)))
    }

    async fn ready(&self) -> Result<Turn> {
        std::future::pending().await
    }

    fn is_open(&self) -> bool {
        *self.0.lock().unwrap()
    }
}

fn pool(line: &Arc<Line>, connections: usize) -> Pool {
    let seam = Seam {
        chance: Chance::from_seed(7),
        ..Seam::default()
    };
    let options = ClientOptions {
        connections,
        ..ClientOptions::default()
    };
    Pool::new(Arc::new(Lines(line.clone())), seam, &options)
}

fn node() -> Arc<Node> {
    Arc::new(Node::new("n-1", "n:1"))
}

/// What a call that goes nowhere else gets.
async fn connect(pool: &Pool) -> Result<Arc<dyn Connection>> {
    match pool.reach(&node(), None) {
        Reach::Open(connection) => Ok(connection),
        Reach::Dialing(attempt) | Reach::Probing(attempt) => {
            let ended = attempt.wait(Clock::default(), LONG).await;
            ended.expect("nobody waits that long")
        }
        Reach::Resting(error) => Err(error),
    }
}

#[tokio::test(start_paused = true)]
async fn many_calls_share_one_attempt_and_its_connection() {
    let line = Line::new(0);
    let pool = Arc::new(pool(&line, 1));
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(
                async move { connect(&pool).await.map(|found| Arc::as_ptr(&found).addr()) },
            )
        })
        .collect();
    line.dialed.notified().await;
    line.permits.add_permits(1);
    let mut found = Vec::new();
    for call in calls {
        found.push(call.await.unwrap().unwrap());
    }
    found.dedup();
    assert_eq!((found.len(), line.count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_outlives_the_call_that_began_it() {
    let line = Line::new(0);
    let pool = pool(&line, 1);
    let Reach::Dialing(attempt) = pool.reach(&node(), None) else {
        panic!("nothing was dialed before")
    };
    let ended = attempt.wait(Clock::default(), SECOND / 100).await;
    assert!(ended.is_none());
    line.permits.add_permits(1);
    connect(&pool).await.unwrap();
    assert_eq!(line.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_left_alone_longer_from_failure_to_failure_until_a_success() {
    let line = Line::new(Semaphore::MAX_PERMITS);
    let (pool, clock) = (pool(&line, 1), Clock::default());
    line.set_broken(true);
    for expected in [1.0, 1.6, 2.56, 4.096] {
        let error = connect(&pool).await.unwrap_err();
        assert_eq!(error.message(), "no line to n:1");
        let (begun, dials) = (clock.now(), line.count());
        let until = pool.rest_end(&[node()]).unwrap();
        let rest = until.since(begun).as_secs_f64();
        assert!(
            (expected * 0.8..=expected * 1.2).contains(&rest),
            "{rest} of {expected}"
        );
        while clock.now() < until {
            let error = connect(&pool).await.unwrap_err();
            assert_eq!(
                (error.code(), error.message()),
                (Code::Unavailable, "no line to n:1")
            );
            assert!(error.is_unprocessed());
            clock.sleep(SECOND / 50).await;
        }
        assert_eq!(line.count(), dials, "it was dialed while it was left alone");
    }
    line.set_broken(false);
    connect(&pool).await.unwrap();
    assert_eq!(pool.rest_end(&[node()]), None);
    // Begins with the shortest rest again.
    pool.release(&["n:1".into()]);
    line.set_broken(true);
    connect(&pool).await.unwrap_err();
    let rest = pool.rest_end(&[node()]).unwrap().since(clock.now());
    assert!(rest <= SECOND * 6 / 5, "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_only_those_who_cannot_go_elsewhere_wait_for_the_next_attempt() {
    let line = Line::new(1);
    let (pool, clock) = (pool(&line, 1), Clock::default());
    line.set_broken(true);
    connect(&pool).await.unwrap_err();
    let mut news = pool.news();
    clock.sleep(2 * SECOND).await;
    line.set_broken(false);
    let Reach::Probing(attempt) = pool.reach(&node(), None) else {
        panic!("it failed before")
    };
    assert!(matches!(pool.reach(&node(), None), Reach::Probing(_)));
    line.permits.add_permits(1);
    news.changed().await.unwrap();
    attempt.wait(clock, LONG).await.unwrap().unwrap();
    assert!(matches!(pool.reach(&node(), None), Reach::Open(_)));
    assert_eq!(line.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_swallows_everything_fails_after_the_dial_timeout() {
    let line = Line::new(0);
    let (pool, clock) = (pool(&line, 1), Clock::default());
    let begun = clock.now();
    let error = connect(&pool).await.unwrap_err();
    assert_eq!(error.message(), "n:1 did not answer within 5s");
    assert_eq!(clock.now().since(begun), 5 * SECOND);
    // Counted from the failure: gRPC, which counts from the attempt, would dial again at once.
    assert!(pool.rest_end(&[node()]).unwrap() > clock.now());
}

#[tokio::test(start_paused = true)]
async fn a_call_may_wait_longer_than_others_and_then_the_attempt_does() {
    let line = Line::new(0);
    let (pool, clock) = (pool(&line, 1), Clock::default());
    let begun = clock.now();
    let Reach::Dialing(attempt) = pool.reach(&node(), Some(9 * SECOND)) else {
        panic!("nothing was dialed before")
    };
    let ended = attempt.wait(clock, LONG).await.unwrap();
    assert_eq!(ended.unwrap_err().message(), "n:1 did not answer within 9s");
    assert_eq!(clock.now().since(begun), 9 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_longer_has_all_its_time_in_an_attempt_of_others() {
    let line = Line::new(0);
    let (pool, clock) = (pool(&line, 1), Clock::default());
    let begun = clock.now();
    let Reach::Dialing(usual) = pool.reach(&node(), None) else {
        panic!("nothing was dialed before")
    };
    clock.sleep(3 * SECOND).await;
    let Reach::Dialing(longer) = pool.reach(&node(), Some(9 * SECOND)) else {
        panic!("it is being dialed")
    };
    // A call in a hurry takes nothing from the others.
    assert!(matches!(
        pool.reach(&node(), Some(SECOND)),
        Reach::Dialing(_)
    ));
    assert!(usual.wait(clock, 2 * SECOND).await.is_none());
    let ended = longer.wait(clock, LONG).await.unwrap();
    assert_eq!(
        ended.unwrap_err().message(),
        "n:1 did not answer within 12s"
    );
    assert_eq!((clock.now().since(begun), line.count()), (12 * SECOND, 1));
}

#[tokio::test(start_paused = true)]
async fn after_the_usual_time_only_those_who_wait_longer_still_wait() {
    let line = Line::new(0);
    let (pool, clock) = (pool(&line, 1), Clock::default());
    let Reach::Dialing(longer) = pool.reach(&node(), Some(60 * SECOND)) else {
        panic!("nothing was dialed before")
    };
    let begun = clock.now();
    clock.sleep(5 * SECOND + SECOND / 100).await;
    let Reach::Resting(error) = pool.reach(&node(), Some(60 * SECOND)) else {
        panic!("it did not answer")
    };
    assert_eq!(error.message(), "n:1 did not answer within 5s");
    // Whoever comes after the rest waits in the same attempt, and does not put its end off.
    clock.sleep(2 * SECOND).await;
    let reached = pool.reach(&node(), Some(90 * SECOND));
    assert!(matches!(reached, Reach::Probing(_)));
    assert!(longer.clone().wait(clock, SECOND).await.is_none());
    longer.clone().wait(clock, LONG).await.unwrap().unwrap_err();
    assert_eq!((clock.now().since(begun), line.count()), (60 * SECOND, 1));
}

#[tokio::test(start_paused = true)]
async fn connections_take_turns_and_a_call_uses_one_while_the_next_is_made() {
    let line = Line::new(1);
    let pool = pool(&line, 3);
    let first = connect(&pool).await.unwrap();
    for _ in 0..6 {
        let Reach::Open(found) = pool.reach(&node(), None) else {
            panic!("one is open")
        };
        assert!(Arc::ptr_eq(&found, &first));
    }
    line.permits.add_permits(2);
    let mut news = pool.news();
    while line.permits.available_permits() > 0 {
        news.changed().await.unwrap();
    }
    let mut found = Vec::new();
    for _ in 0..6 {
        found.push(Arc::as_ptr(&connect(&pool).await.unwrap()).addr());
    }
    assert_eq!(found[..3], found[3..]);
    found.sort_unstable();
    found.dedup();
    assert_eq!((found.len(), line.count()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_an_address_that_was_let_go_of() {
    let line = Line::new(0);
    let pool = pool(&line, 1);
    let Reach::Dialing(attempt) = pool.reach(&node(), None) else {
        panic!("nothing was dialed before")
    };
    line.dialed.notified().await;
    pool.release(&["n:1".into()]);
    let ended = attempt.wait(Clock::default(), LONG).await.unwrap();
    let error = ended.unwrap_err();
    assert_eq!(error.message(), "the attempt to reach n:1 was given up");
    let metrics = tokio::runtime::Handle::current().metrics();
    assert_eq!(metrics.num_alive_tasks(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_connection_is_made_however_many_ask_at_the_moment_when_it_is_there() {
    for _ in 0..500 {
        let line = Line::new(Semaphore::MAX_PERMITS);
        let pool = Arc::new(pool(&line, 1));
        let ask = async |pool: Arc<Pool>| {
            while !matches!(pool.reach(&node(), None), Reach::Open(_)) {
                tokio::task::yield_now().await;
            }
        };
        let calls: Vec<_> = (0..3).map(|_| tokio::spawn(ask(pool.clone()))).collect();
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(line.count(), 1);
    }
}
