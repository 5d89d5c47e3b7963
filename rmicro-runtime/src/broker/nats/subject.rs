//! Which topics and queues NATS can take.
//!
//! Invariant: nothing that would end a line of the protocol early passes.

use crate::broker::Topic;
use crate::error::{Error, Result};

/// How many bytes a topic and its queue may have together: a server ends the connection at a line of more than 4,096 bytes with
/// what stands around them (its `max_control_line`), and would at each attempt to come back.
const LONGEST: usize = 3900;

/// Refuses a topic that nothing can be published to.
pub(super) fn publishable(topic: &str) -> Result<()> {
    short(topic.len())?;
    words(topic)?;
    if topic.split('.').any(|word| word == "*" || word == ">") {
        return Err(refused(topic, "a wildcard is for subscribing only"));
    }
    Ok(())
}

/// Refuses a topic or a queue that cannot be subscribed to.
pub(super) fn subscribable(topic: &Topic) -> Result<()> {
    short(topic.name().len() + topic.queue_name().map_or(0, |queue| queue.len()))?;
    words(topic.name())?;
    if let Some((before, _)) = topic.name().split_once('>')
        && !topic.name().ends_with(">")
        && (before.is_empty() || before.ends_with('.'))
    {
        return Err(refused(topic.name(), "`>` stands at the end only"));
    }
    match topic.queue_name() {
        Some(queue) if queue.is_empty() || breaks_a_line(queue) => Err(Error::invalid_argument(
            format!("broker nats cannot take the queue {queue:?}: it is a word without spaces"),
        )),
        _ => Ok(()),
    }
}

fn words(topic: &str) -> Result<()> {
    if topic.is_empty() {
        return Err(Error::invalid_argument("a topic needs a name"));
    }
    if breaks_a_line(topic) {
        return Err(refused(topic, "there may be no space in it"));
    }
    if topic.starts_with('.') || topic.ends_with('.') || topic.contains("..") {
        return Err(refused(
            topic,
            "there is something on both sides of each dot",
        ));
    }
    Ok(())
}

fn short(length: usize) -> Result<()> {
    if length > LONGEST {
        return Err(Error::invalid_argument(format!(
            "broker nats takes {LONGEST} bytes of topic and queue, and these have {length}"
        )));
    }
    Ok(())
}

fn breaks_a_line(text: &str) -> bool {
    text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

fn refused(topic: &str, why: &str) -> Error {
    Error::invalid_argument(format!(
        "broker nats cannot take the topic {topic:?}: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_subject_passes() {
        for topic in ["a", "greeter.Hello", "a.b-c_d.ü", "a*b", "x>y"] {
            publishable(topic).unwrap();
        }
        for topic in ["*", ">", "a.*.b", "a.>", "a"] {
            subscribable(&Topic::new(topic).queue("q")).unwrap();
        }
    }

    #[test]
    fn what_is_none_is_refused_with_the_reason() {
        let message = |topic: &str| publishable(topic).unwrap_err().message().to_owned();
        assert_eq!(message(""), "a topic needs a name");
        assert_eq!(
            message("a.*"),
            "broker nats cannot take the topic \"a.*\": a wildcard is for subscribing only"
        );
        assert_eq!(
            message("a b\r\nPUB"),
            "broker nats cannot take the topic \"a b\\r\\nPUB\": there may be no space in it"
        );
        for topic in [".a", "a.", "a..b", ">", "a\tb", "a\0"] {
            publishable(topic).unwrap_err();
        }
    }

    #[test]
    fn what_would_end_the_connection_is_refused() {
        let topic = "x".repeat(LONGEST);
        publishable(&topic).unwrap();
        subscribable(&Topic::new(&*topic)).unwrap();
        let error = publishable(&(topic.clone() + "x")).unwrap_err();
        assert_eq!(
            error.message(),
            "broker nats takes 3900 bytes of topic and queue, and these have 3901"
        );
        subscribable(&Topic::new(&*topic).queue("q")).unwrap_err();
    }

    #[test]
    fn what_nobody_can_subscribe_to_is_refused() {
        for topic in [Topic::new(">.a"), Topic::new("a.>.b"), Topic::new("a b")] {
            subscribable(&topic).unwrap_err();
        }
        let queue = Topic::new("a").queue("two words");
        assert_eq!(
            subscribable(&queue).unwrap_err().message(),
            "broker nats cannot take the queue \"two words\": it is a word without spaces"
        );
        subscribable(&Topic::new("a").queue("")).unwrap_err();
    }
}
