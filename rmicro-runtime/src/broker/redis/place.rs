//! The place of a subscription at the server: a stream, a group of consumers in it, and a consumer in the group.
//!
//! Invariant: a queue has one group, and each subscription without a queue a group of its own, so that what is in a stream and was
//! not delivered to everybody is seen from its groups alone.

use std::time::Duration;

use redis::{Cmd, Pipeline};

use super::layout::Id;
use super::seat::{End, How};
use crate::broker::Topic;

/// What stands in front of the name of a queue in the name of its group.
pub(super) const QUEUE: &str = "q:";
/// What stands in front of the name of a group of one subscription.
pub(super) const PLAIN: &str = "s:";
/// The consumer that has what was given back and waits for anybody.
pub(super) const RETURNED: &str = "returned";
/// How long ago a message was delivered that anybody may have: more than any `claim_after`.
const LONG_AGO: u64 = 24 * 3600 * 1000;
/// How many acknowledgements one command has at most, so that the server serves others in between.
const ACKS: usize = 1024;

/// Where a subscription is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) key: String,
    pub(super) group: String,
    pub(super) consumer: String,
}

impl Place {
    /// Where a subscription to `topic` is that is called `name`.
    pub(super) fn of(key: String, topic: &Topic, name: String) -> Self {
        let group = match topic.queue_name() {
            Some(queue) => format!("{QUEUE}{queue}"),
            None => format!("{PLAIN}{name}"),
        };
        Self {
            key,
            group,
            consumer: name,
        }
    }
}

/// The commands.
impl Place {
    fn about(&self, command: &str) -> Cmd {
        let mut command = redis::cmd(command);
        command.arg(&self.key).arg(&self.group);
        command
    }

    /// Makes the group, whose first message is the first after `after`.
    pub(super) fn create(&self, after: &str) -> Cmd {
        let mut create = redis::cmd("XGROUP");
        create
            .arg("CREATE")
            .arg(&self.key)
            .arg(&self.group)
            .arg(after)
            .arg("MKSTREAM");
        create
    }

    /// Makes the consumer, so that it is seen that somebody is in the group.
    pub(super) fn enter(&self) -> Cmd {
        let mut enter = redis::cmd("XGROUP");
        enter
            .arg("CREATECONSUMER")
            .arg(&self.key)
            .arg(&self.group)
            .arg(&self.consumer);
        enter
    }

    pub(super) fn destroy(&self) -> Cmd {
        let mut destroy = redis::cmd("XGROUP");
        destroy.arg("DESTROY").arg(&self.key).arg(&self.group);
        destroy
    }

    /// Asks how far the groups of the stream have read.
    pub(super) fn groups(&self) -> Cmd {
        let mut groups = redis::cmd("XINFO");
        groups.arg("GROUPS").arg(&self.key);
        groups
    }

    /// Asks what the stream has had.
    pub(super) fn info(&self) -> Cmd {
        let mut info = redis::cmd("XINFO");
        info.arg("STREAM").arg(&self.key);
        info
    }

    /// Reads up to `count` new entries, and waits for the first for so long, if at all.
    pub(super) fn read(&self, count: usize, wait: Option<Duration>, done: bool) -> Cmd {
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.group).arg(&self.consumer);
        read.arg("COUNT").arg(count);
        if let Some(wait) = wait {
            read.arg("BLOCK").arg(millis(wait));
        }
        if done {
            read.arg("NOACK");
        }
        read.arg("STREAMS").arg(&self.key).arg(">");
        read
    }

    /// Reads nothing, so that it is seen that somebody is there; only for who has nothing in flight at the server.
    pub(super) fn touch(&self) -> Cmd {
        let mut touch = redis::cmd("XREADGROUP");
        touch.arg("GROUP").arg(&self.group).arg(&self.consumer);
        touch
            .arg("COUNT")
            .arg(1)
            .arg("STREAMS")
            .arg(&self.key)
            .arg("0");
        touch
    }

    /// Tells of `ends`.
    pub(super) fn tell(&self, ends: &[End]) -> Pipeline {
        let mut all = Pipeline::new();
        let done = ends.iter().filter(|end| end.how == How::Done);
        let done: Vec<_> = done.map(|end| end.id).collect();
        for ids in done.chunks(ACKS) {
            all.add_command(self.ack(ids));
        }
        for end in ends {
            match end.how {
                How::Again(attempt) => drop(all.add_command(self.recount(end.id, attempt))),
                How::GivenBack(count) => drop(all.add_command(self.give_back(end.id, count))),
                How::Done => {}
            }
        }
        all
    }

    fn ack(&self, ids: &[Id]) -> Cmd {
        let mut ack = self.about("XACK");
        for id in ids {
            ack.arg(id);
        }
        ack
    }

    /// Asks for up to `count` entries that nobody has shown a sign of life for since `idle`.
    pub(super) fn pending(&self, idle: Duration, count: usize) -> Cmd {
        let mut pending = self.about("XPENDING");
        pending
            .arg("IDLE")
            .arg(millis(idle))
            .arg("-")
            .arg("+")
            .arg(count);
        pending
    }

    /// The same of this consumer's alone.
    pub(super) fn pending_here(&self, idle: Duration, count: usize) -> Cmd {
        let mut pending = self.pending(idle, count);
        pending.arg(&self.consumer);
        pending
    }

    /// Takes over `ids`, of which nobody has shown a sign of life since `idle`.
    pub(super) fn claim(&self, idle: Duration, ids: &[Id]) -> Cmd {
        let mut claim = self.about("XCLAIM");
        claim.arg(&self.consumer).arg(millis(idle));
        for id in ids {
            claim.arg(id);
        }
        claim
    }

    /// Takes over what this consumer has and did not learn of.
    pub(super) fn recover(&self, id: Id, count: u32) -> Cmd {
        let mut claim = self.claim(Duration::ZERO, &[id]);
        claim.arg("RETRYCOUNT").arg(count);
        claim
    }

    /// Shows a sign of life for `ids`, as far as they are still this consumer's.
    pub(super) fn keep(&self, idle: Duration, ids: &[Id]) -> Cmd {
        let mut keep = self.claim(idle, ids);
        keep.arg("JUSTID");
        keep
    }

    /// Says how often `id` has been delivered, which comes again here.
    pub(super) fn recount(&self, id: Id, count: u32) -> Cmd {
        let mut recount = self.recover(id, count);
        recount.arg("JUSTID");
        recount
    }

    /// Gives `id`, which has been delivered so often, to whoever asks first.
    pub(super) fn give_back(&self, id: Id, count: u32) -> Cmd {
        let mut give = self.about("XCLAIM");
        give.arg(RETURNED).arg(0).arg(id);
        give.arg("IDLE")
            .arg(LONG_AGO)
            .arg("RETRYCOUNT")
            .arg(count)
            .arg("JUSTID");
        give
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
