//! Brings what comes for a subscription, by a connection of its own in which it waits; what has ended by then is told to the server in
//! the same go.
//!
//! Invariant: an answer is never given up while it may come, since it may have messages: only a broken connection loses one, and
//! what was in it is found again.

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

    /// Reads until the subscription leaves or the connection breaks.
    async fn read_on(&mut self, wire: &Wire) -> Result<(), Trouble> {
        self.tell_number(wire).await?;
        while let Some(Turn { room, news }) = self.seat.turn().await {
            let sweeps = room > 0 && self.seat.settles && self.is_due();
            if sweeps {
                self.swept = Some(self.link.seam.clock.now());
            }
            let reading = self.bring(wire, room, sweeps);
            // Both leave in one go, and in this order.
            let (told, read) = tokio::join!(biased; self.tell(wire, news), reading);
            match read.and(told) {
                Err(Trouble::NoGroup) => self.make_again(wire).await?,
                done => done?,
            }
        }
        Ok(())
    }

    async fn bring(&self, wire: &Wire, room: usize, sweeps: bool) -> Result<(), Trouble> {
        match room {
            0 => Ok(()),
            room if sweeps => self.sweep(wire, room).await,
            room => self.read(wire, room).await,
        }
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

    async fn read(&self, wire: &Wire, room: usize) -> Result<(), Trouble> {
        let read = self.place.read(room, TURN, !self.seat.settles);
        let answer = self
            .link
            .ask_within(TURN + PATIENCE, wire, &self.place.key, &read)
            .await?;
        let entries = reply::read(answer).into_iter();
        let messages = entries.filter_map(|entry| entry.incoming(1)).collect();
        if self.seat.take(messages, Teller::Reader) {
            // What is done with at once is told together with the next reading.
            tokio::task::yield_now().await;
        }
        Ok(())
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

    /// Finds what was on its way when the last connection broke.
    async fn catch_up(&mut self, wire: &Wire) -> Result<(), Trouble> {
        let caught_up = if self.seat.settles {
            self.recover(wire).await
        } else if self.seat.queued {
            return Ok(());
        } else {
            self.move_on(wire).await
        };
        match caught_up {
            Err(Trouble::NoGroup) => self.make_again(wire).await,
            caught_up => caught_up,
        }
    }

    /// Takes what the server holds for delivered here and nobody here has seen.
    async fn recover(&self, wire: &Wire) -> Result<(), Trouble> {
        let all = self
            .place
            .pending_here(Duration::ZERO, 2 * self.seat.limit() + 1);
        let pending = reply::pending(self.ask(wire, &all).await?);
        let here: BTreeSet<Id> = self.seat.flights().into_iter().collect();
        for lost in pending
            .into_iter()
            .filter(|pending| !here.contains(&pending.id))
        {
            let answer = self
                .ask(wire, &self.place.recover(lost.id, lost.count))
                .await?;
            self.take_claimed(&[lost], answer, 0);
        }
        Ok(())
    }

    /// Goes on in a new group, which begins behind the last message that came: the server may still deliver to the old connection,
    /// and does so in the old group.
    async fn move_on(&mut self, wire: &Wire) -> Result<(), Trouble> {
        let old = self.place.clone();
        self.place.group = format!("{}{}", super::place::PLAIN, self.link.seam.chance.uuid());
        self.create(wire).await?;
        self.ask(wire, &old.destroy()).await.map(drop)
    }

    /// Makes a group again that the server has lost.
    async fn make_again(&mut self, wire: &Wire) -> Result<(), Trouble> {
        let from = self.create(wire).await?;
        tracing::warn!(
            "Broker [redis] topic {}: the server has lost group {}, which goes on after message {from}; \
            what it did not save is lost",
            self.seat.topic,
            self.place.group
        );
        Ok(())
    }

    /// Makes the group, from where this subscription has read to, and gives that.
    async fn create(&mut self, wire: &Wire) -> Result<Id, Trouble> {
        let from = self.reachable(wire).await?;
        match self.ask(wire, &self.place.create(&from.to_string())).await {
            Err(Trouble::HasGroup) | Ok(_) => {}
            Err(trouble) => return Err(trouble),
        }
        self.ask(wire, &self.place.enter()).await?;
        self.tell_number(wire).await?;
        Ok(from)
    }

    /// Where to go on: after the last message that came, unless the stream has begun anew since.
    async fn reachable(&self, wire: &Wire) -> Result<Id, Trouble> {
        let position = self.seat.position();
        match self.ask(wire, &self.place.info()).await {
            Ok(info) => {
                let last = reply::field(info, "last-generated-id").and_then(reply::id);
                let is_old = last.is_some_and(|last| last >= position);
                Ok(if is_old { position } else { Id::default() })
            }
            Err(Trouble::Away(why)) => Err(Trouble::Away(why)),
            // There is no such stream.
            Err(_) => Ok(Id::default()),
        }
    }

    async fn tell_number(&self, wire: &Wire) -> Result<(), Trouble> {
        let number = match self.ask(wire, redis::cmd("CLIENT").arg("ID")).await {
            Ok(Value::Int(number)) => Some(number),
            Err(Trouble::Away(why)) => return Err(Trouble::Away(why)),
            // Who may not ask ends when its turn is over.
            _ => None,
        };
        self.told.send_replace((self.place.clone(), number));
        Ok(())
    }

    async fn ask(&self, wire: &Wire, cmd: &redis::Cmd) -> Result<Value, Trouble> {
        self.link.ask(wire, &self.place.key, cmd).await
    }

    fn is_due(&self) -> bool {
        let now = self.link.seam.clock.now();
        self.swept.is_none_or(|swept| now.since(swept) >= TURN)
    }
}
