//! Whose turn it is to tell the server what ended, and when there is something to read.
//!
//! Invariant: whatever has ended is somebody's to tell: the reader's, which is awake and tells it together with its next reading, or
//! the keeper's, while the reader waits at the server, where it would hold up whatever came behind it.

use super::Seat;
use super::report::News;
use super::state::{Stage, State, Teller};
use crate::error::{Error, Result};

/// What a reader is to do now.
pub(in crate::broker::redis) struct Turn {
    /// How many messages it may read; none at 0.
    pub(in crate::broker::redis) room: usize,
    /// What it tells the server before.
    pub(in crate::broker::redis) news: Option<News>,
}

impl Seat {
    /// Waits for something that a reader can do, and is `None` when it leaves. Until then the reader tells what ends.
    pub(in crate::broker::redis) async fn turn(&self) -> Option<Turn> {
        loop {
            {
                let mut state = self.state();
                if state.stage != Stage::Open {
                    return None;
                }
                let (room, news) = (self.room(&state), state.take_news());
                if room > 0 {
                    state.teller = Teller::Keeper;
                } else {
                    state.teller = Teller::Reader;
                }
                if room > 0 || news.is_some() {
                    return Some(Turn { room, news });
                }
            }
            self.changed.notified().await;
        }
    }

    /// The same for a reader that has so many messages which it has not delivered. It is not to wait at the server, so it tells what ends
    /// meanwhile. `None` says that it has to deliver them first, for there is no room for a whole reading more, or it leaves.
    pub(in crate::broker::redis) fn turn_ahead(&self, held: usize) -> Option<Turn> {
        let mut state = self.state();
        let room = self.limit.saturating_sub(state.used() + held);
        if state.stage != Stage::Open || room < self.share() {
            return None;
        }
        state.teller = Teller::Reader;
        Some(Turn {
            room: self.share(),
            news: state.take_news(),
        })
    }

    /// From now on the keeper tells what ends.
    pub(in crate::broker::redis) fn hand_over(&self) {
        let mut state = self.state();
        state.teller = Teller::Keeper;
        let has_news = !state.news.ends.is_empty();
        drop(state);
        if has_news {
            self.news.notify_one();
        }
    }

    /// What is to be told; what a reader has given back comes first.
    pub(in crate::broker::redis) fn take_news(&self) -> Option<News> {
        let mut state = self.state();
        state.returned.pop().or_else(|| state.take_news())
    }

    /// The server could not be told of `news` by the reader, so the keeper does it.
    pub(in crate::broker::redis) fn give_back(&self, news: News) {
        let mut state = self.state();
        if state.untold {
            drop(state);
            return news.report.learn(ended());
        }
        state.returned.push(news);
        drop(state);
        self.news.notify_one();
    }

    /// The server has been told of `news`, and has `learned` it or will not.
    pub(in crate::broker::redis) fn told(&self, news: &News, learned: Result<()>) {
        let mut state = self.state();
        for end in news.ends.iter().filter(|end| !end.how.comes_again_here()) {
            state.flights.remove(end.ticket);
        }
        drop(state);
        self.changed.notify_one();
        news.report.learn(learned);
    }

    /// Nobody tells the server of an end any more.
    pub(in crate::broker::redis) fn leave_untold(&self) {
        let mut state = self.state();
        state.untold = true;
        state.news.ends.clear();
        let report = state.news.report.clone();
        let returned = std::mem::take(&mut state.returned);
        drop(state);
        report.learn(ended());
        for news in returned {
            news.report.learn(ended());
        }
    }

    /// How many messages may be read now.
    fn room(&self, state: &State) -> usize {
        let (room, share) = (self.limit.saturating_sub(state.used()), self.share());
        if room >= share || state.hungry {
            room.min(share)
        } else {
            0
        }
    }
}

fn ended() -> Result<()> {
    Err(Error::unavailable("the subscription has ended"))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::broker::redis::layout::Id;
    use crate::broker::redis::seat::{Chair, Incoming};
    use crate::broker::{Delivery, Message, Source, Topic};

    fn is_ready(future: impl Future) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(future).poll(&mut cx).is_ready()
    }

    fn turn(seat: &Seat) -> Turn {
        let mut cx = Context::from_waker(Waker::noop());
        match pin!(seat.turn()).poll(&mut cx) {
            Poll::Ready(Some(turn)) => turn,
            other => panic!("there is no turn: {}", other.is_pending()),
        }
    }

    /// A seat with so many in flight, which its subscriber has pulled.
    fn pulled(count: u64, teller: Teller) -> (Arc<Seat>, Chair, VecDeque<Delivery>) {
        let seat = Seat::new(&Topic::new("t").queue("q").in_flight(4), Id::default());
        let mut chair = Chair::at(seat.clone());
        let mut cx = Context::from_waker(Waker::noop());
        let mut ready = VecDeque::new();
        assert!(chair.poll_deliveries(&mut cx, &mut ready).is_pending());
        let incoming = |number| Incoming {
            id: Id::parse(format!("1-{number}").as_bytes()).unwrap(),
            message: Message::new("x"),
            attempt: 1,
        };
        assert!(seat.take((0..count).map(incoming).collect(), teller));
        assert!(chair.poll_deliveries(&mut cx, &mut ready).is_ready());
        (seat, chair, ready)
    }

    #[test]
    fn what_ends_before_the_reader_waits_at_the_server_goes_with_it() {
        let (seat, _chair, mut ready) = pulled(2, Teller::Reader);
        let mut acks: Vec<_> = ready.drain(..).map(|next| Box::pin(next.ack())).collect();
        assert!(!is_ready(acks[0].as_mut()));
        assert!(!is_ready(seat.news.notified()), "it is the reader's");
        let Turn { room, news } = turn(&seat);
        assert_eq!((room, news.unwrap().ends.len()), (1, 1));
        assert!(!is_ready(acks[1].as_mut()));
        assert!(is_ready(seat.news.notified()), "it is the keeper's");
        assert_eq!(seat.take_news().unwrap().ends.len(), 1);
    }

    #[test]
    fn what_was_being_read_when_its_subscriber_went_is_given_back() {
        let (seat, chair, ready) = pulled(1, Teller::Keeper);
        drop(chair);
        let late = Incoming {
            id: Id::parse(b"2-0").unwrap(),
            message: Message::new("x"),
            attempt: 1,
        };
        seat.take(vec![late], Teller::Keeper);
        assert!(seat.take_news().is_none());
        seat.end(None);
        assert_eq!(seat.take_news().unwrap().ends.len(), 1);
        drop(ready);
    }

    #[test]
    fn a_reader_without_room_tells_alone() {
        let (seat, _chair, mut ready) = pulled(4, Teller::Keeper);
        assert!(!is_ready(seat.turn()), "there is no room");
        let mut ack = Box::pin(ready.pop_front().unwrap().ack());
        assert!(!is_ready(ack.as_mut()));
        let Turn { room, news } = turn(&seat);
        let news = news.unwrap();
        assert_eq!((room, news.ends.len()), (0, 1));
        seat.told(&news, Ok(()));
        assert!(is_ready(ack.as_mut()), "it has learned");
        assert_eq!(turn(&seat).room, 1);
    }

    #[test]
    fn a_reader_goes_ahead_where_there_is_room_beside_what_it_has() {
        let (seat, _chair, mut ready) = pulled(2, Teller::Keeper);
        let mut ack = Box::pin(ready.pop_front().unwrap().ack());
        assert!(!is_ready(ack.as_mut()));
        assert!(seat.turn_ahead(2).is_none(), "there is no room");
        let Turn { room, news } = seat.turn_ahead(1).unwrap();
        assert_eq!((room, news.unwrap().ends.len()), (1, 1));
        let mut ack = Box::pin(ready.pop_front().unwrap().ack());
        assert!(!is_ready(ack.as_mut()));
        assert!(is_ready(seat.news.notified()), "of the first");
        assert!(!is_ready(seat.news.notified()), "it is the reader's");
        seat.leave();
        assert!(seat.turn_ahead(0).is_none(), "it leaves");
    }

    #[test]
    fn what_a_reader_cannot_tell_is_the_keepers() {
        let (seat, _chair, mut ready) = pulled(2, Teller::Reader);
        let mut acks: Vec<_> = ready.drain(..).map(|next| Box::pin(next.ack())).collect();
        assert!(!is_ready(acks[0].as_mut()));
        let news = turn(&seat).news.unwrap();
        let id = news.ends[0].id;
        seat.take(Vec::new(), Teller::Reader);
        assert!(!is_ready(acks[1].as_mut()));
        seat.give_back(news);
        assert!(is_ready(seat.news.notified()));
        seat.hand_over();
        assert!(is_ready(seat.news.notified()));
        assert_eq!(seat.take_news().unwrap().ends[0].id, id);
        assert_eq!(seat.take_news().unwrap().ends.len(), 1);
        assert!(seat.take_news().is_none());
    }

    #[test]
    fn where_nobody_tells_any_more_all_who_wait_learn_it() {
        let (seat, _chair, mut ready) = pulled(3, Teller::Reader);
        let mut acks: Vec<_> = ready.drain(..).map(|next| Box::pin(next.ack())).collect();
        assert!(!is_ready(acks[0].as_mut()));
        let late = turn(&seat).news.unwrap();
        assert!(!is_ready(acks[1].as_mut()));
        seat.leave_untold();
        seat.give_back(late);
        assert!(acks.iter_mut().all(|ack| is_ready(ack.as_mut())));
    }
}
