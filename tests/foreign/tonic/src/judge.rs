//! The frame of the cases: each runs alone and ends in one line, which `tests/foreign/lib.sh` counts.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tonic::Status;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::{Channel, Endpoint};

use crate::cases;
use crate::pb::greeter_client::GreeterClient;

pub type Client = GreeterClient<Channel>;

/// A case by its name. It fails by a status or a panic, so that it reads as a test does.
pub type Case = (
    &'static str,
    fn(Client) -> Pin<Box<dyn Future<Output = Result<(), Status>> + Send>>,
);

/// How long one case may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs the cases that `names` names, all but those about gzip when it names none.
pub async fn run(address: &str, names: &[&str]) -> Result<(), Box<dyn Error>> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .connect()
        .await?;
    let plain = Client::new(channel);
    for (name, case) in cases::all() {
        let gzip = name.contains("gzip");
        if !(names.contains(&name) || names.is_empty() && !gzip) {
            continue;
        }
        let client = match gzip {
            true => plain.clone().send_compressed(Gzip).accept_compressed(Gzip),
            false => plain.clone(),
        };
        let name = name.replace('_', " ");
        match tokio::spawn(tokio::time::timeout(LIMIT, case(client))).await {
            Ok(Ok(Ok(()))) => println!("ok {name}"),
            Ok(Ok(Err(status))) => println!("FAILED {name}: {status:?}"),
            Ok(Err(_)) => println!("FAILED {name}: not done after {LIMIT:?}"),
            // The panic has said why on standard error.
            Err(ended) => println!("FAILED {name}: {ended}"),
        }
    }
    Ok(())
}
