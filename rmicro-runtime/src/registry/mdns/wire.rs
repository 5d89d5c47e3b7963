//! DNS messages as go-micro writes and reads them (go-micro `internal/util/mdns`, RFC 1035, RFC 6762).
//!
//! Invariant: no bytes from the network make this panic or allocate more than they could describe.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use simple_dns::rdata::{A, AAAA, PTR, RData, SRV, TXT};
use simple_dns::{
    CLASS, CharacterString, Name, Packet, PacketFlag, QCLASS, QTYPE, Question as DnsQuestion,
    ResourceRecord, TYPE,
};

use super::name;
use super::records::Records;
use crate::error::{Error, Result};

/// The longest string in a TXT record (RFC 1035, section 3.3).
const LONGEST_STRING: usize = 255;
/// The bytes of a DNS header.
const HEADER: usize = 12;
/// The bytes of the shortest entry after it: a root name, type and class.
const SHORTEST_ENTRY: usize = 5;

/// A message that arrived.
#[derive(Debug)]
pub(super) enum Message {
    /// Somebody asks.
    Query { id: u16, questions: Vec<Question> },
    /// Somebody tells: the complete nodes in it, by the order of their names.
    Response(Vec<Records>),
}

/// One question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) name: String,
    kind: QTYPE,
    class: QCLASS,
    unicast: bool,
}

impl Question {
    /// Asks which instances `name` has; go-micro asks nothing else.
    pub(super) fn pointer(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: TYPE::PTR.into(),
            class: CLASS::IN.into(),
            unicast: false,
        }
    }

    /// Whether it wants to know which instances there are.
    pub(super) fn is_for_pointers(&self) -> bool {
        self.is(&[TYPE::PTR])
    }

    /// Whether it wants to know about one instance. A pointer is not asked of an instance.
    pub(super) fn is_for_node(&self) -> bool {
        self.is(&[TYPE::SRV, TYPE::TXT, TYPE::A, TYPE::AAAA])
    }

    fn is(&self, kinds: &[TYPE]) -> bool {
        let class = matches!(self.class, QCLASS::ANY | QCLASS::CLASS(CLASS::IN));
        class
            && match self.kind {
                QTYPE::ANY => true,
                QTYPE::TYPE(kind) => kinds.contains(&kind),
                _ => false,
            }
    }

    fn to_dns(&self) -> Result<DnsQuestion<'_>> {
        let name = name::to_dns(&self.name)?;
        Ok(DnsQuestion::new(name, self.kind, self.class, self.unicast))
    }
}

/// The message that asks `question`.
pub(super) fn query(id: u16, question: &Question) -> Result<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.questions.push(question.to_dns()?);
    write(&packet)
}

/// The message that answers `question` with one node.
///
/// One node a message, with the question in it and the pointer first: go-micro reads no more than
/// one node from a message, and drops one whose question is not its own (`client.go`).
pub(super) fn reply(id: u16, question: &Question, records: &Records) -> Result<Vec<u8>> {
    let mut packet = Packet::new_reply(id);
    packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    packet.questions.push(question.to_dns()?);
    if question.is_for_pointers() {
        let pointer = RData::PTR(PTR(name::to_dns(&records.instance)?));
        let asked = name::to_dns(&question.name)?;
        packet.answers.push(record(asked, records.ttl, pointer));
    }
    packet.answers.extend(answers(records)?);
    write(&packet)
}

/// The message that tells everybody of one node, or of its leaving.
pub(super) fn announcement(records: &Records) -> Result<Vec<u8>> {
    let mut packet = Packet::new_reply(0);
    packet.answers = answers(records)?;
    write(&packet)
}

/// The message in `bytes`; `None` when it is none.
pub(super) fn parse(bytes: &[u8]) -> Option<Message> {
    if !is_plausible(bytes) {
        return None;
    }
    let packet = Packet::parse(bytes).ok()?;
    if packet.has_flags(PacketFlag::RESPONSE) {
        return Some(Message::Response(nodes(&packet)));
    }
    let id = packet.id();
    let questions = packet.questions.iter().filter_map(|question| {
        Some(Question {
            name: name::from_dns(&question.qname)?,
            kind: question.qtype,
            class: question.qclass,
            unicast: question.unicast_response,
        })
    });
    let questions = questions.collect();
    Some(Message::Query { id, questions })
}

/// SRV before the address, the text last: the order in which go-micro puts a node together.
///
/// The host is named as the instance, so that nodes with different addresses are never mixed up.
fn answers(records: &Records) -> Result<Vec<ResourceRecord<'_>>> {
    let instance = name::to_dns(&records.instance)?;
    let service = RData::SRV(SRV {
        priority: 10,
        weight: 1,
        port: records.address.port(),
        target: instance.clone(),
    });
    let host = match records.address.ip() {
        IpAddr::V4(ip) => RData::A(A { address: ip.into() }),
        IpAddr::V6(ip) => RData::AAAA(AAAA { address: ip.into() }),
    };
    let mut text = TXT::new();
    for string in records.text.as_bytes().chunks(LONGEST_STRING) {
        text.add_char_string(CharacterString::new(string).map_err(unwritable)?);
    }
    let all = [service, host, RData::TXT(text)];
    Ok(all
        .map(|data| record(instance.clone(), records.ttl, data))
        .into())
}

fn record<'a>(name: Name<'a>, ttl: u32, data: RData<'a>) -> ResourceRecord<'a> {
    ResourceRecord::new(name, CLASS::IN, ttl, data)
}

fn write(packet: &Packet<'_>) -> Result<Vec<u8>> {
    packet.build_bytes_vec_compressed().map_err(unwritable)
}

/// Whether the counts in the header can be true, before anything is allocated by them.
fn is_plausible(bytes: &[u8]) -> bool {
    let Some((header, rest)) = bytes.split_at_checked(HEADER) else {
        return false;
    };
    let (counts, _) = header[4..].as_chunks::<2>();
    let entries = counts
        .iter()
        .map(|count| usize::from(u16::from_be_bytes(*count)));
    entries.sum::<usize>() * SHORTEST_ENTRY <= rest.len()
}

/// The nodes of which service, address and text are all there, in answers or beside them.
fn nodes(packet: &Packet<'_>) -> Vec<Records> {
    let mut services = BTreeMap::new();
    let mut addresses = BTreeMap::<String, IpAddr>::new();
    let mut texts = BTreeMap::new();
    for record in packet.answers.iter().chain(&packet.additional_records) {
        let Some(name) = name::from_dns(&record.name) else {
            continue;
        };
        match &record.rdata {
            RData::SRV(service) if service.port != 0 => {
                let host = name::from_dns(&service.target);
                services.insert(name, (host, service.port, record.ttl));
            }
            RData::A(a) => {
                addresses.insert(name, IpAddr::V4(a.address.into()));
            }
            RData::AAAA(aaaa) => {
                addresses
                    .entry(name)
                    .or_insert(IpAddr::V6(aaaa.address.into()));
            }
            RData::TXT(text) => {
                texts.insert(name, String::try_from(text.clone()).unwrap_or_default());
            }
            // go-micro sends a text without any string for `_services`.
            RData::Empty(TYPE::TXT) => {
                texts.insert(name, String::new());
            }
            _ => {}
        }
    }
    let complete = |(instance, (host, port, ttl)): (String, (Option<String>, u16, u32))| {
        let ip = *addresses.get(&host?)?;
        let text = texts.remove(&instance)?;
        Some(Records {
            instance,
            address: SocketAddr::new(ip, port),
            ttl,
            text,
        })
    };
    services.into_iter().filter_map(complete).collect()
}

fn unwritable(error: simple_dns::SimpleDnsError) -> Error {
    Error::internal("an mdns message cannot be written").source(error.to_string())
}

#[cfg(test)]
mod tests;
