//! Our client against foreign servers, whose Greeter takes the orders of `tests/foreign/README.md`.
//!
//! `foreign_client grpc|micro|micro-json PEER [CASE…]` runs the cases for a plain gRPC server or for a go-micro one, this one in
//! protobuf or in JSON, all but those with a `-` in front; PEER is `HOST:PORT` or a registry. `foreign_client list|look|watch [NAME]` tells what mDNS knows.

mod compression;
mod endings;
mod kinds;
mod limits;
mod metadata;
mod micro;
mod peer;
mod registry;

use rmicro_runtime::{Error, Result};
use rmicro_tests::judge;

use peer::Peer;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let (verb, object) = (
        args.next().unwrap_or_default(),
        args.next().unwrap_or_default(),
    );
    match verb.as_str() {
        "grpc" => {
            let calls = [kinds::CASES, metadata::CASES, compression::CASES];
            let all = [
                calls.concat(),
                endings::CASES.to_vec(),
                limits::CASES.to_vec(),
            ]
            .concat();
            judge::run(
                &Peer::new(&object, "proto").await?,
                &judge::chosen(&all, args)?,
            )
            .await;
            Ok(())
        }
        "micro" | "micro-json" => {
            let codec = if verb == "micro" { "proto" } else { "json" };
            judge::run(
                &Peer::new(&object, codec).await?,
                &judge::chosen(micro::CASES, args)?,
            )
            .await;
            Ok(())
        }
        "list" => registry::list().await,
        "look" => registry::look(&object).await,
        "watch" => registry::watch(&object).await,
        _ => Err(Error::invalid_argument(
            "foreign_client grpc|micro|micro-json PEER [CASE…], or list, look NAME, watch NAME",
        )),
    }
}
