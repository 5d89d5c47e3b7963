//! What is behind the lock of a subscription.

use std::collections::VecDeque;
use std::task::Waker;

use super::flights::Flights;
use super::report::News;
use super::{End, How};
use crate::broker::Message;
use crate::broker::redis::layout::Id;
use crate::error::Error;

/// Everything behind the lock.
pub(super) struct State {
    /// What has come and was not pulled.
    pub(super) inbox: VecDeque<Arrived>,
    pub(super) flights: Flights,
    /// What has ended, and the server was not told.
    pub(super) news: News,
    /// What the reader was to tell and could not.
    pub(super) returned: Vec<News>,
    /// Who tells the server.
    pub(super) teller: Teller,
    /// Whether nobody tells the server any more.
    pub(super) untold: bool,
    /// Whether deliveries are in flight until they end, and not until they are pulled.
    settles: bool,
    /// The last entry that was read.
    pub(super) position: Id,
    pub(super) stage: Stage,
    /// Whether nobody pulls any more.
    pub(super) gone: bool,
    /// Whether somebody waits for a message.
    pub(super) hungry: bool,
    /// Why it ended, if not well.
    pub(super) error: Option<Error>,
    pub(super) waker: Option<Waker>,
    pub(super) leaver: Option<Waker>,
}

/// Who tells the server what ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::broker::redis) enum Teller {
    /// The keeper, by the connection that all commands share.
    Keeper,
    /// The reader, which does not wait at the server, by its own connection together with the next reading.
    Reader,
}

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Open,
    /// Nothing new is to be read, but something may be on its way.
    Leaving,
    /// Nothing comes any more.
    Ended,
}

/// A message that was read.
#[derive(Debug)]
pub(in crate::broker::redis) struct Incoming {
    pub(in crate::broker::redis) id: Id,
    pub(in crate::broker::redis) message: Message,
    pub(in crate::broker::redis) attempt: u32,
}

/// A message that was not pulled; its ticket is 0 where nobody is to learn how it ends.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) ticket: u64,
    pub(super) message: Message,
    pub(super) attempt: u32,
}

impl State {
    pub(super) fn new(position: Id, settles: bool) -> Self {
        Self {
            inbox: VecDeque::new(),
            flights: Flights::default(),
            news: News::default(),
            returned: Vec::new(),
            teller: Teller::Keeper,
            untold: false,
            settles,
            position,
            stage: Stage::Open,
            gone: false,
            hungry: false,
            error: None,
            waker: None,
            leaver: None,
        }
    }

    /// How many messages are in flight.
    pub(super) fn used(&self) -> usize {
        if self.settles {
            self.flights.len()
        } else {
            self.inbox.len()
        }
    }

    pub(super) fn take(&mut self, messages: Vec<Incoming>) -> Option<Waker> {
        for Incoming {
            id,
            message,
            attempt,
        } in messages
        {
            let ticket = if self.settles {
                self.flights.insert(id)
            } else {
                0
            };
            self.position = self.position.max(id);
            self.inbox.push_back(Arrived {
                ticket,
                message,
                attempt,
            });
        }
        self.arrived()
    }

    /// The delivery with this ticket comes again, before all others.
    pub(super) fn again(&mut self, ticket: u64, message: Message, attempt: u32) -> Option<Waker> {
        self.inbox.push_front(Arrived {
            ticket,
            message,
            attempt,
        });
        self.arrived()
    }

    /// Notes that a delivery ended so, for the server to learn; gives whether it is the first since the server was told.
    pub(super) fn end(&mut self, ticket: u64, id: Id, how: How) -> bool {
        self.news.ends.push(End { ticket, id, how });
        self.news.ends.len() == 1
    }

    /// What there is to tell the server, if there is anything.
    pub(super) fn take_news(&mut self) -> Option<News> {
        (!self.news.ends.is_empty()).then(|| std::mem::take(&mut self.news))
    }

    fn arrived(&mut self) -> Option<Waker> {
        if self.inbox.is_empty() {
            return None;
        }
        self.hungry = false;
        self.waker.take()
    }
}
