//! What is known of the services that are watched, and who is told of changes.
//!
//! Invariant: a node is known until its TTL has passed since it was last heard of. A go-micro node
//! never announces itself again, so shortly before that its service is asked for once more.

use std::collections::BTreeMap;
use std::time::Duration;

use super::records::Records;
use super::watching::{self, Teller};
use crate::registry::roster::Roster;
use crate::registry::{Action, Change, ServiceInfo, Watch};
use crate::seam::Moment;

/// How many nodes of one service are remembered; more can only be an attack.
const MOST_NODES: usize = 4096;
/// How long a reply that was under way when its node left is not believed.
const DISBELIEF: Duration = Duration::from_secs(1);

/// How a node was heard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// It was there when the watch began, so it is no change.
    Beginning,
    /// It answered when it was asked again.
    Reply,
    /// It told everybody.
    Announcement,
}

/// The services that are watched, by name.
#[derive(Debug)]
pub(super) struct Sightings {
    domain: String,
    services: BTreeMap<String, Sighted>,
}

/// One watched service.
#[derive(Debug, Default)]
struct Sighted {
    roster: Roster,
    nodes: BTreeMap<String, Sighting>,
    /// When the nodes left that may still be in a late reply, by id.
    left: BTreeMap<String, Moment>,
    tellers: Vec<Teller>,
}

#[derive(Debug)]
struct Sighting {
    said: ServiceInfo,
    /// Whether watchers were told of it.
    told: bool,
    ttl: Duration,
    until: Moment,
    ask_again: Moment,
}

impl Sightings {
    /// Nothing is watched yet.
    pub(super) fn new(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            services: BTreeMap::new(),
        }
    }

    /// Begins to tell of `service`; also whether nobody watched it before, so that nothing is known.
    pub(super) fn watch(&mut self, service: &str) -> (Watch, bool) {
        let (teller, watch) = watching::pair(service);
        let sighted = self.services.entry(service.to_owned()).or_default();
        let is_first = !sighted.is_watched();
        if is_first {
            *sighted = Sighted::default();
        }
        sighted.tellers.push(teller);
        (watch, is_first)
    }

    /// What is known of `service`.
    pub(super) fn versions(&self, service: &str) -> Vec<ServiceInfo> {
        let sighted = self.services.get(service).into_iter();
        sighted
            .flat_map(|sighted| sighted.roster.versions().cloned())
            .collect()
    }

    /// Takes in records that arrived, and tells the watchers what they change.
    pub(super) fn hear(&mut self, records: &Records, source: Source, now: Moment) {
        for (name, sighted) in &mut self.services {
            if let Some(said) = records.node(name, &self.domain) {
                let changes = match records.ttl {
                    0 => sighted.leave(&said, now),
                    ttl => sighted.renew(said, Duration::from_secs(ttl.into()), source, now),
                };
                sighted.tell(changes);
            }
        }
    }

    /// Removes what has lapsed and who has gone away; gives the services that have to be asked for.
    pub(super) fn due(&mut self, now: Moment) -> Vec<String> {
        let mut ask = Vec::new();
        self.services.retain(|_, sighted| sighted.is_watched());
        for (name, sighted) in &mut self.services {
            let changes = sighted.lapse(now);
            sighted.tell(changes);
            if sighted.ask_again(now) {
                ask.push(name.clone());
            }
        }
        ask
    }

    /// When something is due next.
    pub(super) fn next(&self) -> Option<Moment> {
        let nodes = self.services.values().flat_map(|s| s.nodes.values());
        nodes.map(|node| node.ask_again.min(node.until)).min()
    }
}

impl Sighted {
    fn renew(
        &mut self,
        said: ServiceInfo,
        ttl: Duration,
        source: Source,
        now: Moment,
    ) -> Vec<Change> {
        let id = said.nodes[0].id.clone();
        let announced = source == Source::Announcement;
        if announced {
            self.left.remove(&id);
        }
        let known = self.nodes.get(&id);
        if self.left.contains_key(&id) || (known.is_none() && self.nodes.len() >= MOST_NODES) {
            return Vec::new();
        }
        let same = known.is_some_and(|known| known.said == said);
        let told = known.is_some_and(|known| known.told);
        let changes = match source {
            Source::Beginning if known.is_none() => {
                self.roster.put(&said);
                Vec::new()
            }
            _ if !same => self.roster.put(&said),
            // It was there when the watch began. Whoever looked just before that missed it.
            _ if !told && source != Source::Beginning => {
                vec![Change::new(Action::Update, said.clone())]
            }
            _ => Vec::new(),
        };
        let sighting = Sighting {
            said,
            told: told || source != Source::Beginning,
            ttl,
            until: now.after(ttl),
            ask_again: now.after(ttl * 4 / 5),
        };
        self.nodes.insert(id, sighting);
        changes
    }

    fn leave(&mut self, said: &ServiceInfo, now: Moment) -> Vec<Change> {
        for node in &said.nodes {
            self.nodes.remove(&node.id);
            if self.left.len() < MOST_NODES {
                self.left.insert(node.id.clone(), now.after(DISBELIEF));
            }
        }
        self.roster.withdraw(said)
    }

    fn lapse(&mut self, now: Moment) -> Vec<Change> {
        self.left.retain(|_, until| now < *until);
        self.nodes.retain(|_, node| now < node.until);
        self.roster
            .remove(|node| !self.nodes.contains_key(&node.id))
    }

    /// RFC 6762, section 5.2: at 80 % of the lifetime, and again at 90 %.
    fn ask_again(&mut self, now: Moment) -> bool {
        let mut any = false;
        for node in self.nodes.values_mut().filter(|node| node.ask_again <= now) {
            node.ask_again = node.ask_again.after(node.ttl / 10);
            any = true;
        }
        any
    }

    fn is_watched(&mut self) -> bool {
        self.tellers.retain(Teller::is_heard);
        !self.tellers.is_empty()
    }

    fn tell(&mut self, changes: Vec<Change>) {
        for change in &changes {
            for teller in &self.tellers {
                teller.tell(change.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Node;
    use crate::seam::Clock;

    fn records(id: &str, ttl: u32) -> Records {
        let service = ServiceInfo::new("greeter", "1");
        let node = Node::new(id, "127.0.0.1:80");
        let records = Records::of(&service, &node, "micro", Duration::from_secs(1));
        Records {
            ttl,
            ..records.unwrap()
        }
    }

    fn ids(sightings: &Sightings) -> Vec<String> {
        let versions = sightings.versions("greeter").into_iter();
        let nodes = versions.flat_map(|service| service.nodes);
        nodes.map(|node| node.id).collect()
    }

    #[test]
    fn a_late_reply_does_not_bring_back_who_left_but_an_announcement_does() {
        let now = Clock::default().now();
        let mut sightings = Sightings::new("micro");
        let (_watch, is_first) = sightings.watch("greeter");
        assert!(is_first);
        sightings.hear(&records("a", 60), Source::Announcement, now);
        sightings.hear(&records("a", 0), Source::Announcement, now);
        sightings.hear(&records("a", 60), Source::Reply, now);
        assert!(ids(&sightings).is_empty());
        sightings.hear(&records("a", 60), Source::Announcement, now);
        assert_eq!(ids(&sightings), ["a"]);
    }

    #[test]
    fn a_silent_node_is_asked_for_twice_before_it_lapses() {
        let start = Clock::default().now();
        let at = |seconds| start.after(Duration::from_secs(seconds));
        let mut sightings = Sightings::new("micro");
        let (_watch, _) = sightings.watch("greeter");
        sightings.hear(&records("a", 120), Source::Announcement, start);
        let mut asked = Vec::new();
        while let Some(next) = sightings.next() {
            for _ in sightings.due(next) {
                asked.push(next);
            }
        }
        assert_eq!(asked, [at(96), at(108)]);
        assert!(ids(&sightings).is_empty());
    }

    #[test]
    fn what_nobody_watches_any_more_is_forgotten() {
        let now = Clock::default().now();
        let mut sightings = Sightings::new("micro");
        let (watch, _) = sightings.watch("greeter");
        sightings.hear(&records("a", 60), Source::Announcement, now);
        drop(watch);
        let (_watch, is_first) = sightings.watch("greeter");
        assert!(is_first && ids(&sightings).is_empty());
    }

    #[test]
    fn a_flood_of_nodes_is_bounded() {
        let now = Clock::default().now();
        let mut sightings = Sightings::new("micro");
        let (_watch, _) = sightings.watch("greeter");
        for number in 0..MOST_NODES + 10 {
            let records = records(&format!("n{number}"), 60);
            sightings.hear(&records, Source::Announcement, now);
        }
        assert_eq!(ids(&sightings).len(), MOST_NODES);
    }
}
