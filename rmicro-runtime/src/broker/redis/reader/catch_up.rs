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
use crate::broker::redis::reply;
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
        self.place.group = format!("{}{}", PLAIN, self.link.seam.chance.uuid());
        self.create(wire).await?;
        self.ask(wire, &old.destroy()).await.map(drop)
    }

    /// Makes a group again that the server has lost.
    pub(super) async fn make_again(&mut self, wire: &Wire) -> Result<(), Trouble> {
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
