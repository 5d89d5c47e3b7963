//! Large calls in a row, each of which must be done within a second.

use std::time::Duration;

use rmicro_runtime::{Error, Result};
use rmicro_tests::judge::Case;
use tokio::time::timeout;

use crate::peer::Peer;

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![rpc_soak, channel_soak];

const ITERATIONS: usize = 10;

async fn rpc_soak(peer: Peer) -> Result<()> {
    for _ in 0..ITERATIONS {
        within_a_second(&peer).await?;
    }
    Ok(())
}

/// A new connection for each call.
async fn channel_soak(peer: Peer) -> Result<()> {
    for _ in 0..ITERATIONS {
        within_a_second(&Peer::new(&peer.address).await?).await?;
    }
    Ok(())
}

async fn within_a_second(peer: &Peer) -> Result<()> {
    let late = |_| Error::deadline_exceeded("a large call took longer than a second");
    timeout(Duration::from_secs(1), peer.large())
        .await
        .map_err(late)?
        .map(drop)
}
