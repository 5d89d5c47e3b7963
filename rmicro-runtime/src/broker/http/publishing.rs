//! A message on its way to its audience.
//!
//! Invariant: who gets it is decided when it is published, and needs nothing of the publisher after that.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::directory::Audience;
use super::failure::{self, Failure, Known};
use super::pool::Pool;
use super::record::Target;
use crate::error::{Error, Result};
use crate::seam::Chance;

/// A delivery that failed, and where.
type Failed = (Arc<Target>, Failure);

/// The nodes of one share, as they are tried.
struct Order {
    first: Arc<Target>,
    others: std::vec::IntoIter<Arc<Target>>,
}

/// Brings `body` to each of `audience`, and to one node of each queue, at the same time; an error says who has not got it.
pub(super) fn deliver(
    pool: &Arc<Pool>,
    chance: &Chance,
    audience: &Audience,
    body: Bytes,
) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
    let alone = audience.all.iter().map(|target| vec![target.clone()]);
    let shares = alone.chain(audience.queues.iter().cloned());
    let mut orders = shares.filter_map(|share| in_turn(share, pool, chance));
    let (first, others): (_, Vec<_>) = (orders.next(), orders.collect());
    let (pool, count) = (pool.clone(), usize::from(first.is_some()) + others.len());
    async move {
        let mut failed: Vec<Failed> = match first {
            Some(order) if count == 1 => {
                let failed = to_one_of(&pool, order, body).await.err();
                failed.into_iter().collect()
            }
            first => {
                let orders = first.into_iter().chain(others);
                Box::pin(to_many(&pool, orders, body)).await?
            }
        };
        // Whoever has unsubscribed was no subscriber any more.
        failed.retain(|(_, failure)| failure.known != Known::Gone);
        if failed.is_empty() {
            return Ok(());
        }
        failed.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        Err(failure::error(&failed, count))
    }
}

/// Posts to one of each of `orders`; gives where that failed.
async fn to_many(
    pool: &Arc<Pool>,
    orders: impl Iterator<Item = Order>,
    body: Bytes,
) -> Result<Vec<Failed>> {
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    for order in orders {
        let (pool, body) = (pool.clone(), body.clone());
        running.spawn(async move { to_one_of(&pool, order, body).await });
    }
    while let Some(ended) = running.join_next().await {
        let ended = ended.map_err(|error| Error::internal("a delivery ended").source(error))?;
        failed.extend(ended.err());
    }
    Ok(failed)
}

/// Posts to the first of `order` that takes it; goes on only where the one before is proved not to have it.
async fn to_one_of(pool: &Arc<Pool>, order: Order, body: Bytes) -> Result<(), Failed> {
    let Order { first, others } = order;
    let Err(failure) = pool.post(&first, body.clone()).await else {
        return Ok(());
    };
    let mut last = (first, failure);
    for target in others {
        if !last.1.is_proof() {
            break;
        }
        let Err(failure) = Box::pin(pool.post(&target, body.clone())).await else {
            return Ok(());
        };
        // Of several reasons the one that is no mere farewell is told.
        if failure.known != Known::Gone {
            last = (target, failure);
        }
    }
    Err(last)
}

/// `share` by chance, and those last that could not be reached a moment ago; `None` where there is nobody.
fn in_turn(mut share: Vec<Arc<Target>>, pool: &Pool, chance: &Chance) -> Option<Order> {
    for left in (2..=share.len()).rev() {
        share.swap(left - 1, chance.below(left));
    }
    if share.len() > 1 {
        share.sort_by_key(|target| pool.avoids(&target.address));
    }
    let mut share = share.into_iter();
    let first = share.next()?;
    Some(Order {
        first,
        others: share,
    })
}
