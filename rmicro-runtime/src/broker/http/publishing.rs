//! A message on its way to its audience.
//!
//! Invariant: it runs in a task of its own, so that whoever stops waiting for it does not decide who gets it.

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

/// Brings `body` to each of `audience`, and to one node of each queue, at the same time; an error says who has not got it.
pub(super) async fn deliver(
    pool: Arc<Pool>,
    chance: Chance,
    audience: Arc<Audience>,
    body: Bytes,
) -> Result<()> {
    let count = audience.all.len() + audience.queues.len();
    let mut failed: Vec<Failed> = if count == 1 {
        let share = audience.all.iter().chain(audience.queues.iter().flatten());
        let order = in_turn(share.cloned().collect(), &pool, &chance);
        let failed = to_one_of(&pool, order, body).await.err();
        failed.into_iter().collect()
    } else {
        Box::pin(to_many(&pool, &chance, &audience, body)).await?
    };
    // Whoever has unsubscribed was no subscriber any more.
    failed.retain(|(_, failure)| failure.known != Known::Gone);
    if failed.is_empty() {
        return Ok(());
    }
    failed.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    Err(failure::error(&failed, count))
}

/// Posts to each of `audience`; gives where that failed.
async fn to_many(
    pool: &Arc<Pool>,
    chance: &Chance,
    audience: &Audience,
    body: Bytes,
) -> Result<Vec<Failed>> {
    let (mut running, mut failed) = (JoinSet::new(), Vec::new());
    let alone = audience.all.iter().map(|target| vec![target.clone()]);
    for share in alone.chain(audience.queues.iter().cloned()) {
        let order = in_turn(share, pool, chance);
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
async fn to_one_of(pool: &Arc<Pool>, order: Vec<Arc<Target>>, body: Bytes) -> Result<(), Failed> {
    let mut last = None;
    for target in order {
        let Err(failure) = pool.post(&target, body.clone()).await else {
            return Ok(());
        };
        let goes_on = failure.is_proof();
        // Of several reasons the one that is no mere farewell is told.
        if last.is_none() || failure.known != Known::Gone {
            last = Some((target, failure));
        }
        if !goes_on {
            break;
        }
    }
    last.map_or(Ok(()), Err)
}

/// `share` by chance, and those last that could not be reached a moment ago.
fn in_turn(mut share: Vec<Arc<Target>>, pool: &Pool, chance: &Chance) -> Vec<Arc<Target>> {
    for left in (2..=share.len()).rev() {
        share.swap(left - 1, chance.below(left));
    }
    if share.len() > 1 {
        share.sort_by_key(|target| pool.avoids(&target.address));
    }
    share
}
