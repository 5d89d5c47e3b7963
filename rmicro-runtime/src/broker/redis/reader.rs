//! Brings what comes for a subscription, by a connection of its own in which it waits; what has ended by then is told to the server in
//! the same go.
//!
//! Invariant: an answer is never given up while it may come, since it may have messages: only a broken connection loses one, and
//! what was in it is found again.

mod catch_up;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use tokio::sync::watch;

use super::failure::Trouble;
use super::layout::Id;
use super::link::{Link, PATIENCE};
use super::place::Place;
use super::reply::{self, Pending};
use super::seat::{News, Seat, Teller, Turn};
use super::wire::Wire;
use crate::error::Error;
use crate::seam::Moment;

/// How long the server lets a reader wait, and how often what others left is looked for.
const TURN: Duration = Duration::from_secs(1);

/// The reader of one subscription.
pub(super) struct Reader {
    link: Arc<Link>,
    seat: Arc<Seat>,
    place: Place,
    /// Where the keeper learns the place, and the number of the connection, which it ends the wait of.
    told: watch::Sender<(Place, Option<i64>)>,
    /// When what others left was looked for; not yet.
    swept: Option<Moment>,
    /// What has come and was not delivered.
    held: Held,
}

/// The answer to a reading.
#[derive(Default)]
struct Held {
    answer: Option<Value>,
    /// How many messages it has, if as many as were asked for: then the server may have more.
    full: usize,
}

impl Reader {
    pub(super) fn new(
        link: Arc<Link>,
        seat: Arc<Seat>,
        place: Place,
        told: watch::Sender<(Place, Option<i64>)>,
    ) -> Self {
        Self {
            link,
            seat,
            place,
            told,
            swept: None,
            held: Held::default(),
        }
    }

    /// Reads by `wire`, and by those after it, until the subscription leaves.
    pub(super) async fn run(mut self, mut wire: Arc<Wire>) {
        loop {
            let read = self.read_on(&wire).await;
            self.seat.hand_over();
            let ended = match read {
                Ok(()) => Ok(()),
                Err(Trouble::Away(_)) if self.seat.leaves() => Ok(()),
                Err(Trouble::Away(_)) => match self.again().await {
                    Some(Ok(next)) => {
                        wire = next;
                        continue;
                    }
                    Some(Err(error)) => Err(error),
                    None => Ok(()),
                },
                Err(refused) => Err(refused.into_error(self.link.at())),
            };
            return self.seat.end(ended.err());
        }
    }

    /// The next connection, which has caught up; `None` when the subscription leaves first.
    async fn again(&mut self) -> Option<Result<Arc<Wire>, Error>> {
        loop {
            let reached = tokio::select! {
                biased;
                reached = self.link.reach() => reached,
                () = self.left() => return None,
            };
            let wire = match reached {
                Ok(wire) => wire,
                Err(error) => return Some(Err(error)),
            };
            match self.catch_up(&wire).await {
                Ok(()) => return Some(Ok(wire)),
                Err(Trouble::Away(_)) => {}
                Err(refused) => return Some(Err(refused.into_error(self.link.at()))),
            }
        }
    }

    async fn left(&self) {
        while !self.seat.leaves() {
            self.seat.changed.notified().await;
        }
    }

    /// Reads until the subscription leaves or the connection breaks; all that came has been delivered then.
    async fn read_on(&mut self, wire: &Wire) -> Result<(), Trouble> {
        self.tell_number(wire).await?;
        while let Some(turn) = self.next_turn().await {
            let done = self.take_turn(wire, turn).await;
            if done.is_err() {
                self.deliver();
            }
            match done {
                Err(Trouble::NoGroup) => self.make_again(wire).await?,
                done => done?,
            }
        }
        Ok(())
    }

    /// What to do now. Where the server may have more it is asked for that before what came is delivered: one works while the other
    /// does.
    async fn next_turn(&mut self) -> Option<Turn> {
        if self.held.full > 0
            && !self.must_sweep()
            && let Some(turn) = self.seat.turn_ahead(self.held.full)
        {
            return Some(turn);
        }
        if self.deliver() {
            // What is done with at once is told together with the next reading.
            tokio::task::yield_now().await;
        }
        self.seat.turn().await
    }

    /// Tells the server what ended, reads or sweeps, and delivers what came before.
    async fn take_turn(&mut self, wire: &Wire, turn: Turn) -> Result<(), Trouble> {
        let Turn { room, news } = turn;
        let held = std::mem::take(&mut self.held);
        let is_ahead = held.answer.is_some();
        let sweeps = !is_ahead && room > 0 && self.must_sweep();
        if sweeps {
            self.swept = Some(self.link.seam.clock.now());
        }
        let bringing = self.bring(wire, room, sweeps, (!is_ahead).then_some(TURN));
        // The first two leave in one go, and in this order.
        let (told, read, ()) =
            tokio::join!(biased; self.tell(wire, news), bringing, self.deliver_behind(held));
        self.held = read?;
        told
    }

    async fn bring(
        &self,
        wire: &Wire,
        room: usize,
        sweeps: bool,
        wait: Option<Duration>,
    ) -> Result<Held, Trouble> {
        match room {
            0 => Ok(Held::default()),
            room if sweeps => self.sweep(wire, room).await.map(|()| Held::default()),
            room => self.read(wire, room, wait).await,
        }
    }

    /// Delivers what came before a reading that is under way.
    async fn deliver_behind(&self, held: Held) {
        if held.answer.is_some() {
            // The connection comes first.
            tokio::task::yield_now().await;
            self.hand_in(held);
        }
    }

    /// Delivers what has come; gives whether somebody has waited for it.
    fn deliver(&mut self) -> bool {
        let held = std::mem::take(&mut self.held);
        self.hand_in(held)
    }

    fn hand_in(&self, held: Held) -> bool {
        let Some(answer) = held.answer else {
            return false;
        };
        let entries = reply::read(answer).into_iter();
        let messages = entries.filter_map(|entry| entry.incoming(1)).collect();
        self.seat.take(messages, Teller::Reader)
    }

    /// Tells the server what ended; what this connection cannot bring there is left to the keeper.
    async fn tell(&self, wire: &Wire, news: Option<News>) -> Result<(), Trouble> {
        let Some(news) = news else {
            return Ok(());
        };
        let tell = self.place.tell(&news.ends);
        let learned = match self.link.ask_all(wire, &self.place.key, &tell).await {
            Ok(_) | Err(Trouble::NoGroup) => Ok(()),
            Err(away @ Trouble::Away(_)) => {
                self.seat.give_back(news);
                return Err(away);
            }
            Err(trouble) => Err(trouble.into_error(self.link.at())),
        };
        self.seat.told(&news, learned);
        Ok(())
    }

    /// Reads up to `room` messages; the server waits for the first for so long, if at all.
    async fn read(
        &self,
        wire: &Wire,
        room: usize,
        wait: Option<Duration>,
    ) -> Result<Held, Trouble> {
        let read = self.place.read(room, wait, !self.seat.settles);
        let patience = wait.unwrap_or_default() + PATIENCE;
        let reading = self.link.ask_within(patience, wire, &self.place.key, &read);
        let answer = reading.await?;
        let count = reply::count(&answer);
        Ok(Held {
            answer: Some(answer),
            full: if count < room { 0 } else { count },
        })
    }

    /// Takes over what other subscriptions of the queue left.
    async fn sweep(&self, wire: &Wire, room: usize) -> Result<(), Trouble> {
        let idle = self.link.config.claim_after;
        // What is in flight here may be among the answers, when this process was frozen; it is no one's but ours.
        let pending = self.place.pending(idle, room + self.seat.limit());
        let pending = reply::pending(self.ask(wire, &pending).await?);
        let here: BTreeSet<Id> = self.seat.flights().into_iter().collect();
        let left = pending
            .into_iter()
            .filter(|pending| !here.contains(&pending.id));
        let left: Vec<_> = left.take(room).collect();
        if left.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = left.iter().map(|pending| pending.id).collect();
        let answer = self.ask(wire, &self.place.claim(idle, &ids)).await?;
        self.take_claimed(&left, answer, 1);
        Ok(())
    }

    /// Delivers what was claimed of `pending`, `more` times more often than it says.
    fn take_claimed(&self, pending: &[Pending], answer: Value, more: u32) {
        let claimed = reply::entries_of(answer).into_iter();
        let messages = claimed.filter_map(|entry| {
            let before = pending.iter().find(|pending| pending.id == entry.id)?.count;
            entry.incoming(before.saturating_add(more))
        });
        self.seat.take(messages.collect(), Teller::Keeper);
    }

    async fn ask(&self, wire: &Wire, cmd: &redis::Cmd) -> Result<Value, Trouble> {
        self.link.ask(wire, &self.place.key, cmd).await
    }

    /// Whether it is time to look for what others left.
    fn must_sweep(&self) -> bool {
        let now = self.link.seam.clock.now();
        self.seat.settles && self.swept.is_none_or(|swept| now.since(swept) >= TURN)
    }
}
