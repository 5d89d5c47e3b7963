//! The task that keeps one name up to date.
//!
//! Invariant: the watch runs before the question is asked, and what it tells meanwhile is applied
//! after the answer too, so no change is lost or undone by an answer that is older.

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::Shared;
use super::backoff::Backoff;
use super::batch::Batch;
use crate::call::unpanicked;
use crate::error::{Code, Error, Result};
use crate::registry::roster::Roster;
use crate::registry::{Change, Registry, Watch};
use crate::seam::{Clock, Moment};

/// How soon after an answer the next question may be asked.
const ASK_INTERVAL: Duration = Duration::from_millis(100);
/// How long the registry may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How often an unused name with nodes is looked for.
const IDLE: Duration = Duration::from_secs(600);
/// How often an unused name without nodes is looked for: callers can make up as many of those as
/// they like.
const IDLE_ABSENT: Duration = Duration::from_secs(10);

/// What the registry answered last.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// How many answers there were.
    pub(super) count: u64,
    /// Why the last one named no node; `None` when it did.
    pub(super) error: Option<Arc<Error>>,
}

/// Follows one name until nobody looks it up any more, or until the cache is gone.
pub(super) struct Follower {
    name: String,
    shared: Weak<Shared>,
    inner: Arc<dyn Registry>,
    clock: Clock,
    wanted: Arc<Notify>,
    answers: watch::Sender<Answer>,
    roster: Roster,
    watch: Option<Watch>,
    watching_since: Moment,
    backoff: Backoff,
    /// When to start the watch; `None` while there is one.
    retry_at: Option<Moment>,
    asking: bool,
    next_ask: Moment,
    idle_at: Moment,
}

/// Why a follower woke up.
enum Wake {
    Told(Batch),
    Retry,
    Wanted,
    Ask,
    Idle,
}

impl Follower {
    /// A follower of `name` that is asked through `wanted` and answers through `answers`.
    pub(super) fn new(
        name: &str,
        shared: &Arc<Shared>,
        wanted: Arc<Notify>,
        answers: watch::Sender<Answer>,
    ) -> Self {
        let clock = shared.seam.clock;
        let now = clock.now();
        Self {
            name: name.to_owned(),
            shared: Arc::downgrade(shared),
            inner: Arc::clone(&shared.inner),
            clock,
            wanted,
            answers,
            roster: Roster::default(),
            watch: None,
            watching_since: now,
            backoff: Backoff::new(shared.seam.chance.clone()),
            retry_at: Some(now),
            asking: false,
            next_ask: now,
            idle_at: now.after(IDLE_ABSENT),
        }
    }

    /// Follows; a panic of the registry behind counts as a failed watch.
    pub(super) async fn run(mut self) {
        while unpanicked(self.follow()).await.is_none() {
            let error = Error::internal(format!("registry {} panicked", self.inner.name()));
            self.lose(&error);
            self.answer(Some(error));
        }
    }

    async fn follow(&mut self) {
        loop {
            match self.wake().await {
                Wake::Told(batch) => self.merge(&batch),
                Wake::Retry => self.connect().await,
                Wake::Wanted => self.asking = true,
                Wake::Ask if self.is_wanted() => self.ask().await,
                Wake::Ask => self.asking = false,
                Wake::Idle if self.forget() => return,
                Wake::Idle => {}
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let ask_at = self.asking.then_some(self.next_ask);
        tokio::select! {
            biased;
            batch = Batch::next(&mut self.watch) => Wake::Told(batch),
            () = due(self.clock, self.retry_at) => Wake::Retry,
            () = self.wanted.notified(), if !self.asking => Wake::Wanted,
            () = due(self.clock, ask_at) => Wake::Ask,
            () = due(self.clock, Some(self.idle_at)) => Wake::Idle,
        }
    }

    /// Starts the watch, then asks, so that the answer and the watch leave no gap between them.
    async fn connect(&mut self) {
        self.retry_at = None;
        match within_limit(self.clock, self.inner.watch(&self.name)).await {
            Ok(watch) => {
                self.watch = Some(watch);
                self.watching_since = self.clock.now();
                self.ask().await;
                if self.watch.is_some() && self.backoff.has_failed() {
                    let (registry, service) = (self.inner.name(), &self.name);
                    tracing::info!("registry {registry} tells of {service} again");
                }
            }
            Err(error) => self.lose(&error),
        }
    }

    /// Asks the registry, while the watch goes on.
    async fn ask(&mut self) {
        self.asking = false;
        self.next_ask = self.clock.now().after(ASK_INTERVAL);
        let (inner, name) = (Arc::clone(&self.inner), self.name.clone());
        let mut question = pin!(within_limit(self.clock, inner.get_service(&name)));
        let mut meanwhile: Vec<Change> = Vec::new();
        let told = loop {
            tokio::select! {
                biased;
                batch = Batch::next(&mut self.watch) => {
                    self.merge(&batch);
                    meanwhile.extend(batch.changes);
                }
                told = question.as_mut() => break told,
            }
        };
        self.next_ask = self.clock.now().after(ASK_INTERVAL);
        let error = match told {
            Ok(versions) => {
                self.replace(Roster::of(&versions), &meanwhile);
                None
            }
            Err(error) if error.code() == Code::NotFound => {
                self.replace(Roster::default(), &meanwhile);
                Some(error)
            }
            Err(error) => {
                self.lose(&error);
                Some(error)
            }
        };
        self.answer(error);
    }

    /// Takes what the registry answered in the place of what was known, brought up to date by what
    /// the watch told meanwhile.
    fn replace(&mut self, roster: Roster, meanwhile: &[Change]) {
        self.roster = roster;
        for change in meanwhile {
            self.apply(change);
        }
        self.publish();
    }

    /// Applies what the watch has told.
    fn merge(&mut self, batch: &Batch) {
        let mut changed = false;
        for change in &batch.changes {
            changed |= self.apply(change);
        }
        if changed {
            self.publish();
            self.answers.send_modify(|_| ());
        }
        if let Some(error) = &batch.failed {
            self.lose(error);
        }
    }

    fn apply(&mut self, change: &Change) -> bool {
        change.service.name == self.name && self.roster.apply(change)
    }

    fn publish(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.learn(&self.name, &self.roster);
        }
    }

    /// Gives up the watch for a while; what is known stays.
    fn lose(&mut self, error: &Error) {
        let watch = self.watch.take();
        if self.retry_at.is_some() {
            return; // A question failed while there was no watch anyhow.
        }
        let now = self.clock.now();
        if watch.is_some() && now.since(self.watching_since) > Backoff::LONGEST {
            self.backoff.reset();
        }
        if !self.backoff.has_failed() {
            let (registry, service) = (self.inner.name(), &self.name);
            tracing::warn!(
                "registry {registry} does not tell of {service} any more, what was known is used until it does: {error:?}"
            );
        }
        self.retry_at = Some(now.after(self.backoff.fail()));
    }

    fn answer(&self, error: Option<Error>) {
        let error = error.map(Arc::new);
        self.answers.send_modify(|answer| {
            answer.count = answer.count.wrapping_add(1);
            answer.error = error;
        });
    }

    /// Whether somebody waits for an answer that the watch has not given.
    fn is_wanted(&self) -> bool {
        // One receiver is the slot's own.
        self.roster.is_empty() && self.answers.receiver_count() > 1
    }

    /// Has the name forgotten if it was not used; tells whether it was.
    fn forget(&mut self) -> bool {
        let interval = if self.roster.is_empty() {
            IDLE_ABSENT
        } else {
            IDLE
        };
        self.idle_at = self.clock.now().after(interval);
        let shared = self.shared.upgrade();
        shared.is_none_or(|shared| shared.forget(&self.name, &self.answers))
    }
}

/// Ready at `moment`; never where there is none.
async fn due(clock: Clock, moment: Option<Moment>) {
    match moment {
        None => std::future::pending().await,
        // A timer for a moment that has come would still wait for the clock's next tick.
        Some(moment) if moment <= clock.now() => {}
        Some(moment) => clock.sleep_until(moment).await,
    }
}

async fn within_limit<T>(clock: Clock, answer: impl Future<Output = Result<T>>) -> Result<T> {
    let limit = clock.now().after(ANSWER_LIMIT);
    clock.until(limit, answer).await.unwrap_or_else(|| {
        let seconds = ANSWER_LIMIT.as_secs();
        Err(Error::unavailable(format!(
            "the registry did not answer within {seconds} s"
        )))
    })
}
