//! The nodes that this registry announces: what is sent for them, and when (go-micro
//! `internal/util/mdns/server.go`).
//!
//! Invariant: nothing waits or sends here; every verb gives the messages that are to be sent now.
//! Deliberately absent: probes. A node id holds a UUID, so nobody else claims it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::records::Records;
use super::txt;
use super::wire::{self, Question};
use crate::error::Result;
use crate::registry::{Node, ServiceInfo};
use crate::seam::Moment;

/// The pseudo service whose instances are the services.
pub(super) const SERVICES: &str = "_services";
/// The port of those instances, which only has to differ from 0.
const SERVICES_PORT: u16 = 9999;
/// After the first announcement of a node come two more, in case the network loses one.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
/// After the first goodbye comes one more, well within the propagation time.
const GOODBYE_AGAIN: Duration = Duration::from_millis(100);
/// How many questions of one message are answered.
const MOST_QUESTIONS: usize = 8;

/// A message that is ready to be sent.
pub(super) type Packet = bytes::Bytes;

/// The nodes that are announced, by service and id.
#[derive(Debug)]
pub(super) struct Responder {
    domain: String,
    nodes: BTreeMap<Key, Announced>,
    later: Vec<Later>,
}

type Key = (String, String);

#[derive(Debug)]
struct Announced {
    records: Records,
    announcement: Packet,
    goodbye: Packet,
    /// When it lapses; never without a TTL.
    until: Option<Moment>,
}

/// A message that is to be sent again.
#[derive(Debug)]
struct Later {
    at: Moment,
    key: Key,
    packet: Packet,
}

impl Responder {
    /// A responder without nodes.
    pub(super) fn new(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            nodes: BTreeMap::new(),
            later: Vec::new(),
        }
    }

    /// Announces the nodes of `service`, or none of them when one cannot be announced.
    ///
    /// A new or changed node is announced three times, a renewed one once.
    pub(super) fn register(
        &mut self,
        service: &ServiceInfo,
        ttl: Duration,
        now: Moment,
    ) -> Result<Vec<Packet>> {
        let announced = service.nodes.iter().map(|node| {
            let records = Records::of(service, node, &self.domain, ttl)?;
            let until = (!ttl.is_zero()).then(|| now.after(ttl));
            Ok((key(service, node), Announced::new(records, until)?))
        });
        let announced = announced.collect::<Result<Vec<_>>>()?;
        let mut packets = Vec::new();
        for (key, node) in announced {
            packets.push(node.announcement.clone());
            if self.nodes.get(&key).map(|known| &known.records) != Some(&node.records) {
                warn_of_fragments(&node.records);
                self.later.retain(|later| later.key != key);
                self.later.extend(AGAIN.map(|after| Later {
                    at: now.after(after),
                    key: key.clone(),
                    packet: node.announcement.clone(),
                }));
            }
            self.nodes.insert(key, node);
        }
        Ok(packets)
    }

    /// Takes leave of the nodes of `service`; those that are not announced are passed over.
    pub(super) fn deregister(&mut self, service: &ServiceInfo, now: Moment) -> Vec<Packet> {
        let keys = service.nodes.iter().map(|node| key(service, node));
        let gone = keys.filter_map(|key| self.take_leave(key, now));
        gone.collect()
    }

    /// What is due at `now`: announcements to repeat, and goodbyes of nodes that have lapsed.
    pub(super) fn due(&mut self, now: Moment) -> Vec<Packet> {
        let due = self.later.extract_if(.., |later| later.at <= now);
        let mut packets: Vec<_> = due.map(|later| later.packet).collect();
        let lapsed = self.nodes.iter().filter(|(_, node)| !node.is_live(now));
        let lapsed: Vec<_> = lapsed.map(|(key, _)| key.clone()).collect();
        for key in lapsed {
            packets.extend(self.take_leave(key, now));
        }
        packets
    }

    /// When something is due next; `None` when nothing ever is.
    pub(super) fn next(&self) -> Option<Moment> {
        let later = self.later.iter().map(|later| later.at);
        later
            .chain(self.nodes.values().filter_map(|node| node.until))
            .min()
    }

    /// The replies to the questions of one message, a message for each node.
    pub(super) fn answer(&self, id: u16, questions: &[Question], now: Moment) -> Vec<Packet> {
        let mut replies = Vec::new();
        for question in questions.iter().take(MOST_QUESTIONS) {
            for records in self.matching(question, now) {
                match wire::reply(id, question, &records) {
                    Ok(reply) => replies.push(reply.into()),
                    Err(error) => tracing::debug!(?error, "mdns: a reply is not possible"),
                }
            }
        }
        replies
    }

    /// What there is to say to `question`. Names are compared exactly, as in go-micro.
    fn matching(&self, question: &Question, now: Moment) -> Vec<Records> {
        let live = || self.nodes.iter().filter(|(_, node)| node.is_live(now));
        let asked = question.name.as_str();
        if question.is_for_pointers() && asked == format!("{SERVICES}.{}", self.domain) {
            return self.services(live().map(|((service, _), node)| (service, node)));
        }
        let domain = &self.domain;
        let is_asked = |((service, _), node): &(&Key, &Announced)| {
            (question.is_for_pointers() && asked == format!("{service}.{domain}"))
                || (question.is_for_node() && asked == node.records.instance)
        };
        let asked_for = live().filter(is_asked);
        asked_for.map(|(_, node)| node.records.clone()).collect()
    }

    fn services<'a>(
        &self,
        nodes: impl Iterator<Item = (&'a String, &'a Announced)>,
    ) -> Vec<Records> {
        let mut told = BTreeSet::new();
        let first = nodes.filter(|(service, _)| told.insert(*service));
        let records = first.map(|(service, node)| Records {
            instance: format!("{service}.{SERVICES}.{}", self.domain),
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, SERVICES_PORT)),
            ttl: node.records.ttl,
            text: String::new(),
        });
        records.collect()
    }

    fn take_leave(&mut self, key: Key, now: Moment) -> Option<Packet> {
        let node = self.nodes.remove(&key)?;
        self.later.retain(|later| later.key != key);
        self.later.push(Later {
            at: now.after(GOODBYE_AGAIN),
            key,
            packet: node.goodbye.clone(),
        });
        Some(node.goodbye)
    }
}

impl Announced {
    fn new(records: Records, until: Option<Moment>) -> Result<Self> {
        Ok(Self {
            announcement: wire::announcement(&records)?.into(),
            goodbye: wire::announcement(&records.goodbye())?.into(),
            records,
            until,
        })
    }

    fn is_live(&self, now: Moment) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

fn key(service: &ServiceInfo, node: &Node) -> Key {
    (service.name.clone(), node.id.clone())
}

fn warn_of_fragments(records: &Records) {
    if txt::is_fragmented(&records.text) {
        tracing::warn!(
            instance = records.instance,
            bytes = records.text.len(),
            "mdns: the record does not fit into one Ethernet frame; some networks drop fragments"
        );
    }
}

#[cfg(test)]
mod tests {
    use simple_dns::{CLASS, Name, Packet as Dns, QTYPE, TYPE};

    use super::*;
    use crate::registry::mdns::wire::Message;
    use crate::seam::Clock;

    const TTL: Duration = Duration::from_secs(60);

    fn greeter(id: &str) -> ServiceInfo {
        ServiceInfo::new("greeter", "1").node(Node::new(id, "127.0.0.1:80"))
    }

    fn question(name: &str, kind: QTYPE) -> Vec<Question> {
        let mut packet = Dns::new_query(1);
        let name = Name::new_unchecked(name);
        packet.questions.push(simple_dns::Question::new(
            name,
            kind,
            CLASS::IN.into(),
            true,
        ));
        match wire::parse(&packet.build_bytes_vec().unwrap()) {
            Some(Message::Query { questions, .. }) => questions,
            other => panic!("{other:?}"),
        }
    }

    fn instances(replies: &[Packet]) -> Vec<String> {
        let told = replies.iter().flat_map(|reply| match wire::parse(reply) {
            Some(Message::Response(nodes)) => nodes,
            other => panic!("{other:?}"),
        });
        told.map(|records| records.instance).collect()
    }

    #[test]
    fn it_answers_what_go_micro_answers_and_nothing_else() {
        let now = Clock::default().now();
        let mut responder = Responder::new("micro");
        for id in ["a", "b"] {
            responder.register(&greeter(id), TTL, now).unwrap();
        }
        let answered = |name: &str, kind: QTYPE| {
            let replies = responder.answer(1, &question(name, kind), now);
            instances(&replies)
        };
        let ptr = QTYPE::TYPE(TYPE::PTR);
        let (a, b) = ("a.greeter.micro", "b.greeter.micro");
        assert_eq!(answered("greeter.micro", ptr), [a, b]);
        assert_eq!(answered("greeter.micro", QTYPE::ANY), [a, b]);
        assert_eq!(
            answered("_services.micro", ptr),
            ["greeter._services.micro"]
        );
        assert_eq!(answered(a, QTYPE::TYPE(TYPE::SRV)), [a]);
        for (name, kind) in [
            (a, ptr),
            ("greeter.micro", QTYPE::TYPE(TYPE::TXT)),
            ("Greeter.micro", ptr),
            ("greeter.local", ptr),
            ("micro", QTYPE::ANY),
        ] {
            assert!(answered(name, kind).is_empty(), "{name} {kind:?}");
        }
    }

    #[test]
    fn a_changed_node_is_announced_anew_and_a_renewed_one_is_not() {
        let now = Clock::default().now();
        let mut responder = Responder::new("micro");
        responder.register(&greeter("a"), TTL, now).unwrap();
        let done = now.after(AGAIN[1]);
        assert_eq!(responder.due(done).len(), AGAIN.len());
        responder.register(&greeter("a"), TTL, done).unwrap();
        assert_eq!(responder.due(done.after(AGAIN[1])).len(), 0);
        let mut changed = greeter("a");
        changed.version = "2".into();
        responder.register(&changed, TTL, done).unwrap();
        assert_eq!(responder.due(done.after(AGAIN[1])).len(), AGAIN.len());
    }

    #[test]
    fn who_comes_back_at_once_takes_no_leave_again() {
        let now = Clock::default().now();
        let mut responder = Responder::new("micro");
        responder.register(&greeter("a"), TTL, now).unwrap();
        assert_eq!(responder.deregister(&greeter("a"), now).len(), 1);
        responder.register(&greeter("a"), TTL, now).unwrap();
        assert!(responder.due(now.after(GOODBYE_AGAIN)).is_empty());
    }
}
