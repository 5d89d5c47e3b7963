//! The client of gRPC's interop tests (its `interop-test-descriptions.md`): `interop_client HOST:PORT [CASE…]`, each case one line.

mod calls;
mod endings;
mod loads;
mod peer;
mod soaks;

use rmicro_runtime::{Error, Result};
use rmicro_tests::judge;

use peer::Peer;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let address = args
        .next()
        .ok_or_else(|| Error::invalid_argument("interop_client HOST:PORT [CASE…]"))?;
    let peer = Peer::new(&address).await?;
    let all = [calls::CASES, endings::CASES, soaks::CASES, loads::CASES].concat();
    judge::run(&peer, &judge::chosen(&all, args)?).await;
    Ok(())
}
