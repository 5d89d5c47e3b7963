//! One message of a key at a time.
//!
//! Invariant: a lane is here exactly while a message of its key is in flight, or others of it wait.

use std::collections::{HashMap, VecDeque};

use super::member::Entry;
use crate::broker::Message;

/// The keys that are in use.
#[derive(Debug, Default)]
pub(super) struct Lanes(HashMap<String, Lane>);

#[derive(Debug, Default)]
struct Lane {
    /// Whether a message of the key was delivered and is not settled.
    taken: bool,
    /// Those that were to be delivered meanwhile.
    waiting: VecDeque<Entry>,
}

impl Lanes {
    /// Lets `entry` pass, or keeps it until its key is free; while it is delivered the key is taken, if `takes`.
    pub(super) fn pass(&mut self, entry: Entry, takes: bool) -> Option<Entry> {
        let Some(key) = entry.message.key() else {
            return Some(entry);
        };
        if let Some(lane) = self.0.get_mut(key) {
            if lane.taken {
                lane.waiting.push_back(entry);
                return None;
            }
            lane.taken = takes;
        } else if takes {
            let lane = Lane {
                taken: true,
                ..Lane::default()
            };
            self.0.insert(key.to_owned(), lane);
        }
        Some(entry)
    }

    /// Frees the key of `message`, which is done, and gives what is next.
    pub(super) fn done(&mut self, message: &Message) -> Option<Entry> {
        let key = message.key()?;
        let lane = self.0.get_mut(key)?;
        lane.taken = false;
        let next = lane.waiting.pop_front();
        if lane.waiting.is_empty() {
            self.0.remove(key);
        }
        next
    }

    /// Frees the key of `message`, which comes again before those that wait for it.
    pub(super) fn back(&mut self, message: &Message) {
        let Some(key) = message.key() else {
            return;
        };
        if let Some(lane) = self.0.get_mut(key) {
            lane.taken = false;
            if lane.waiting.is_empty() {
                self.0.remove(key);
            }
        }
    }
}
