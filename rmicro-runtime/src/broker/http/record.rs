//! A subscription as the registry has it (go-micro `broker/http.go`, `Subscribe` and `Publish`).
//!
//! All subscriptions of a fleet are nodes of one service, and the queue is its version. Unlike go-micro's, each subscription has
//! an id of its own, so that two of one process on one topic are two nodes.

use http::{HeaderValue, Uri};

use super::query;
use crate::broker::Topic;
use crate::error::{Error, Result};
use crate::registry::{Node, ServiceInfo};
use crate::seam::Chance;

/// The service that all subscriptions are nodes of.
pub(super) const SERVICE: &str = "micro.http.broker";
/// The version of those without a queue.
const BROADCAST: &str = "ff.http.broadcast";
/// The longest label of a DNS name (RFC 1035, section 2.3.4), which mDNS makes of the part of an id after its last dot.
const LONGEST_LABEL: usize = 63;
/// What a DNS name may have before the name of the service, the domain and a UUID.
const LONGEST_TOPIC: usize = 128;
/// A dash and a UUID.
const UNIQUE: usize = 37;

/// Where a message goes: to a node of the topic, and whether that shares a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) address: String,
    /// Whether it wants HTTPS.
    pub(super) secure: bool,
    /// What a request to it is for, and its host; `None` where no request can say that.
    pub(super) way: Option<(Uri, HeaderValue)>,
}

/// Refuses a queue whose name would say something else in the registry.
pub(super) fn check_queue(topic: &Topic) -> Result<()> {
    match topic.queue_name().map(|name| &**name) {
        Some("") => Err(Error::invalid_argument("a queue needs a name")),
        Some(BROADCAST) => Err(Error::invalid_argument(format!(
            "no queue of broker http can be called {BROADCAST:?}: it means that there is none"
        ))),
        _ => Ok(()),
    }
}

/// What is registered for a subscription to `topic` under `id`, whose listener is announced as `address`.
pub(super) fn service(topic: &Topic, id: &str, address: &str) -> ServiceInfo {
    let version = topic.queue_name().map_or(BROADCAST, |queue| queue);
    let node = Node::new(id, address)
        .metadata("broker", "http")
        .metadata("secure", "false")
        .metadata("topic", &**topic.name());
    ServiceInfo::new(SERVICE, version).node(node)
}

/// An id for a subscription to `topic`: go-micro's `<topic>-<uuid>`, with a topic that mDNS can carry.
pub(super) fn id(topic: &str, chance: &Chance) -> String {
    format!("{}-{}", carried(topic), chance.uuid())
}

/// The queue of the nodes of `service`, `None` where each of them gets every message.
pub(super) fn queue(service: &ServiceInfo) -> Option<&str> {
    (service.version != BROADCAST).then_some(&service.version)
}

/// The topic of `node` and how it is reached; `None` where it is no subscription of this broker.
pub(super) fn target(node: &Node) -> Option<(&str, Target)> {
    let said = |name| node.metadata.get(name).map(String::as_str);
    if said("broker") != Some("http") {
        return None;
    }
    let target = Target {
        id: node.id.clone(),
        address: node.address.clone(),
        secure: said("secure") == Some("true"),
        way: way(node),
    };
    Some((said("topic")?, target))
}

fn way(node: &Node) -> Option<(Uri, HeaderValue)> {
    let uri = query::path(&node.id).try_into().ok()?;
    Some((uri, HeaderValue::from_str(&node.address).ok()?))
}

/// `topic`, or what can be said of it where it is no DNS name: an id is for people, the topic itself is in the metadata.
fn carried(topic: &str) -> String {
    let (head, last) = topic.rsplit_once('.').unwrap_or(("", topic));
    let labels = head.split('.').all(|label| label.len() <= LONGEST_LABEL);
    let dots = !topic.contains("..") && !topic.starts_with('.') && !topic.ends_with('.');
    if labels && dots && topic.len() <= LONGEST_TOPIC && last.len() + UNIQUE <= LONGEST_LABEL {
        return topic.to_owned();
    }
    let plain = topic
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    plain.take(LONGEST_LABEL - UNIQUE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_registered_as_go_micro_does() {
        let topic = Topic::new("orders.paid").queue("billing");
        let id = id("orders.paid", &Chance::from_seed(1));
        let info = service(&topic, &id, "127.0.0.1:41233");
        assert_eq!((&*info.name, &*info.version), (SERVICE, "billing"));
        let node = &info.nodes[0];
        assert!(node.id.starts_with("orders.paid-") && node.id.len() == 48);
        let said: Vec<_> = node.metadata.iter().collect();
        assert_eq!(
            format!("{said:?}"),
            r#"[("broker", "http"), ("secure", "false"), ("topic", "orders.paid")]"#
        );
        let plain = service(&Topic::new("t"), "t-1", "127.0.0.1:1");
        assert_eq!(plain.version, "ff.http.broadcast");
        assert_eq!((queue(&info), queue(&plain)), (Some("billing"), None));
    }

    #[test]
    fn what_is_registered_is_read_back_and_others_are_passed_over() {
        let info = service(&Topic::new("t"), "t-1", "127.0.0.1:1");
        let (topic, target) = target(&info.nodes[0]).unwrap();
        assert_eq!((topic, &*target.id, target.secure), ("t", "t-1", false));
        let mut other = info.nodes[0].clone();
        other.metadata.insert("broker".into(), "nats".into());
        assert_eq!(super::target(&other), None);
        let secure = info.nodes[0].clone().metadata("secure", "true");
        assert!(super::target(&secure).unwrap().1.secure);
    }

    #[test]
    fn the_topic_of_an_id_is_one_that_dns_can_carry() {
        let long = "x".repeat(27);
        for (topic, told) in [
            ("orders", "orders"),
            ("a.b.c", "a.b.c"),
            ("a..b", "a--b"),
            (".a", "-a"),
            (&*long, &long[..26]),
            (
                "naïve naïve naïve naïve naïve",
                "na-ve-na-ve-na-ve-na-ve-na",
            ),
        ] {
            assert_eq!(carried(topic), told);
        }
    }

    #[test]
    fn a_queue_whose_name_means_something_else_is_refused() {
        for queue in ["", "ff.http.broadcast"] {
            assert!(check_queue(&Topic::new("t").queue(queue)).is_err());
        }
        assert!(check_queue(&Topic::new("t")).is_ok());
    }
}
