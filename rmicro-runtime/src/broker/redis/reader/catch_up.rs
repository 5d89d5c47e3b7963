//! What a reader does at a new connection, and where the server has lost its group.
//!
//! Invariant: nothing is passed over that the server still has: what was on its way to the connection before comes again, and a group
//! that is made anew begins behind the last message that came.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::Value;

use super::Reader;
use crate::broker::redis::failure::Trouble;
use crate::broker::redis::layout::Id;
use crate::broker::redis::place::PLAIN;
use crate::broker::redis::reply::{self, Told};
use crate::broker::redis::wire::Wire;

impl Reader {
    /// Finds what was on its way when the last connection broke.
    pub(super) async fn catch_up(&mut self, wire: &Wire) -> Result<(), Trouble> {
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
        self.place.group = format!("{PLAIN}{}", self.link.seam.chance.uuid());
        let from = if self.has(wire, &old.group).await? {
            self.seat.position()
        } else {
            self.reachable(wire).await?
        };
        self.create(wire, from).await?;
        self.ask(wire, &old.destroy()).await.map(drop)
    }

    /// Makes a group again that the server has lost.
    pub(super) async fn make_again(&mut self, wire: &Wire) -> Result<(), Trouble> {
        let from = self.reachable(wire).await?;
        self.create(wire, from).await?;
        tracing::warn!(
            "Broker [redis] topic {}: the server has lost group {}, which goes on after message {from}; \
            what it did not save is lost",
            self.seat.topic,
            self.place.group
        );
        Ok(())
    }

    /// Makes the group, whose first message is the first after `from`.
    async fn create(&self, wire: &Wire, from: Id) -> Result<(), Trouble> {
        match self.ask(wire, &self.place.create(&from.to_string())).await {
            Err(Trouble::HasGroup) | Ok(_) => {}
            Err(trouble) => return Err(trouble),
        }
        self.ask(wire, &self.place.enter()).await?;
        self.tell_number(wire).await
    }

    /// Whether the stream has `group`, and so is the one that it was.
    async fn has(&self, wire: &Wire, group: &str) -> Result<bool, Trouble> {
        match self.ask(wire, &self.place.groups()).await {
            Ok(groups) => Ok(reply::delivered(groups, group).is_some()),
            Err(Trouble::Away(why)) => Err(Trouble::Away(why)),
            // There is no such stream.
            Err(_) => Ok(false),
        }
    }

    /// After what to go on where the group is lost, and the stream may be.
    async fn reachable(&self, wire: &Wire) -> Result<Id, Trouble> {
        match self.ask(wire, &self.place.info()).await {
            Ok(info) => Ok(go_on(&reply::stream(info), self.seat.position())),
            Err(Trouble::Away(why)) => Err(Trouble::Away(why)),
            // There is no such stream.
            Err(_) => Ok(Id::default()),
        }
    }

    pub(super) async fn tell_number(&self, wire: &Wire) -> Result<(), Trouble> {
        let number = match self.ask(wire, redis::cmd("CLIENT").arg("ID")).await {
            Ok(Value::Int(number)) => Some(number),
            Err(Trouble::Away(why)) => return Err(Trouble::Away(why)),
            // Who may not ask ends when its turn is over.
            _ => None,
        };
        self.told.send_replace((self.place.clone(), number));
        Ok(())
    }
}

/// After what to go on in a stream that tells this of itself, where everything up to `position` had come.
///
/// A stream that has begun anew may have the same ids within a millisecond. So unless it has what is older than that, all of the
/// millisecond comes again: rather twice than not at all.
fn go_on(stream: &Told, position: Id) -> Id {
    let before = position.before_its_time();
    if stream.last.is_none_or(|last| last < position) {
        Id::default()
    } else if stream.first.is_some_and(|first| first <= before) {
        position
    } else {
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::parse(text.as_bytes()).unwrap()
    }

    fn from(first: Option<&str>, last: Option<&str>, position: &str) -> String {
        let (first, last) = (first.map(id), last.map(id));
        go_on(&Told { first, last }, id(position)).to_string()
    }

    #[test]
    fn a_stream_that_is_the_old_one_goes_on_behind_the_last_message() {
        assert_eq!(from(Some("6-9"), Some("7-3"), "7-3"), "7-3");
        assert_eq!(from(Some("1-0"), Some("9-0"), "7-3"), "7-3");
    }

    #[test]
    fn a_stream_that_has_not_come_as_far_is_another_and_read_from_its_beginning() {
        for last in [None, Some("7-2"), Some("6-9")] {
            assert_eq!(from(Some("6-0"), last, "7-3"), "0-0");
        }
    }

    #[test]
    fn what_may_be_another_message_with_the_same_id_comes() {
        for first in [None, Some("7-0"), Some("8-0")] {
            assert_eq!(from(first, Some("8-0"), "7-3"), "6-18446744073709551615");
        }
        assert_eq!(from(None, Some("0-3"), "0-3"), "0-0");
    }
}
