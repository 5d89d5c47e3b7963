//! The deliveries of a subscription that have not ended.
//!
//! Invariant: a ticket is the place of its delivery, so finding one is no search, and there are never more places than deliveries
//! were in flight at a time.

use crate::broker::redis::layout::Id;

/// What is in flight, by its ticket.
#[derive(Debug, Default)]
pub(super) struct Flights {
    places: Vec<Option<Id>>,
    free: Vec<usize>,
}

impl Flights {
    /// Adds a delivery and gives its ticket, which is not 0 and is used again when the delivery was removed.
    pub(super) fn insert(&mut self, id: Id) -> u64 {
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(id);
        place as u64 + 1
    }

    pub(super) fn get(&self, ticket: u64) -> Option<Id> {
        *self.places.get(place_of(ticket)?)?
    }

    pub(super) fn remove(&mut self, ticket: u64) {
        let Some(place) = place_of(ticket) else {
            return;
        };
        if self.places.get_mut(place).and_then(Option::take).is_some() {
            self.free.push(place);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids in their order.
    pub(super) fn ids(&self) -> Vec<Id> {
        let mut ids: Vec<_> = self.places.iter().flatten().copied().collect();
        ids.sort_unstable();
        ids
    }
}

fn place_of(ticket: u64) -> Option<usize> {
    usize::try_from(ticket.checked_sub(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> Id {
        Id::parse(format!("1-{number}").as_bytes()).unwrap()
    }

    #[test]
    fn a_place_is_used_again_and_no_other_is_touched() {
        let mut flights = Flights::default();
        let tickets: Vec<_> = [3, 1, 2].map(|number| flights.insert(id(number))).into();
        assert_eq!(tickets, [1, 2, 3]);
        flights.remove(2);
        flights.remove(2);
        assert_eq!((flights.len(), flights.get(2)), (2, None));
        assert_eq!(flights.ids(), [id(2), id(3)]);
        assert_eq!(flights.insert(id(9)), 2);
        assert_eq!((flights.get(2), flights.insert(id(4))), (Some(id(9)), 4));
    }

    #[test]
    fn what_is_no_ticket_is_nobodys() {
        let mut flights = Flights::default();
        for ticket in [0, 1, u64::MAX] {
            flights.remove(ticket);
            assert_eq!(flights.get(ticket), None);
        }
        assert!(flights.is_empty());
    }
}
