//! The Greeter that takes orders. tonic has no trailers after a success, so `x-trail` comes back after errors only.

use std::future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use prost::Message;
use tokio_stream::{Stream, StreamExt};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::pb::greeter_server::Greeter;
use crate::pb::{HelloReply, HelloRequest};

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

/// The Greeter that takes orders; it counts the calls that were given up while they waited.
#[derive(Clone, Default)]
pub struct Orders {
    cancelled: Arc<AtomicUsize>,
}

#[tonic::async_trait]
impl Greeter for Orders {
    type HelloOftenStream = Replies;
    type ChatStream = Replies;

    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let (sent, _, request) = request.into_parts();
        let reply = self.answer(&sent, &request.name).await?;
        Ok(answered(&sent, reply))
    }

    async fn hello_many(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        let (sent, _, mut requests) = request.into_parts();
        let mut names = Vec::new();
        while let Some(request) = requests.message().await? {
            match request.name.as_str() {
                "done" => break,
                name if is_order(name) => {
                    return Ok(answered(&sent, self.answer(&sent, name).await?));
                }
                _ => names.push(request.name),
            }
        }
        Ok(answered(&sent, greet(&names.join(" and "))))
    }

    async fn hello_often(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<Replies>, Status> {
        let (sent, _, HelloRequest { name }) = request.into_parts();
        let (orders, metadata) = (self.clone(), sent.clone());
        let replies = async_stream::try_stream! {
            if is_order(&name) {
                yield greet("first");
                yield orders.answer(&metadata, &name).await?;
            } else {
                for _ in 0..3 {
                    yield greet(&name);
                }
            }
        };
        Ok(answered(&sent, Box::pin(replies)))
    }

    async fn chat(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let (sent, _, mut requests) = request.into_parts();
        let (orders, metadata) = (self.clone(), sent.clone());
        let replies = async_stream::try_stream! {
            while let Some(request) = requests.next().await {
                yield orders.answer(&metadata, &request?.name).await?;
            }
        };
        Ok(answered(&sent, Box::pin(replies)))
    }
}

const ORDERS: [&str; 7] = [
    "fail",
    "sleep",
    "wait",
    "cancelled",
    "deadline",
    "metadata",
    "size",
];

fn is_order(name: &str) -> bool {
    ORDERS.contains(&name.split(' ').next().unwrap_or_default())
}

impl Orders {
    async fn answer(&self, sent: &MetadataMap, name: &str) -> Result<HelloReply, Status> {
        let (word, rest) = name.split_once(' ').unwrap_or((name, ""));
        match word {
            "fail" => Err(failure(sent, rest)),
            "sleep" => {
                tokio::time::sleep(Duration::from_millis(number(rest)?)).await;
                Ok(greet(name))
            }
            "wait" => {
                let _waiting = Waiting(self.cancelled.clone());
                future::pending().await
            }
            "cancelled" => Ok(says(self.cancelled.load(Ordering::SeqCst).to_string())),
            "deadline" => Ok(says(deadline(sent)?)),
            "metadata" => {
                let values = sent
                    .get_all(rest)
                    .iter()
                    .filter_map(|value| value.to_str().ok());
                Ok(says(values.collect::<Vec<_>>().join(", ")))
            }
            "size" => Ok(says("x".repeat(number(rest)? as usize))),
            _ => Ok(greet(name)),
        }
    }
}

/// A call that waits for its end, which is counted.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn greet(name: &str) -> HelloReply {
    says(format!("Hello, {name}!"))
}

fn says(message: String) -> HelloReply {
    HelloReply { message }
}

fn answered<T>(sent: &MetadataMap, message: T) -> Response<T> {
    let mut response = Response::new(message);
    copy(sent, "x-echo", "x-echo-bin", response.metadata_mut());
    response
}

fn failure(sent: &MetadataMap, rest: &str) -> Status {
    let (code, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let code = code.parse().unwrap_or(2);
    let detail = prost_types::Any {
        type_url: "type.googleapis.com/greet.v1.HelloReply".to_owned(),
        value: says(text.to_owned()).encode_to_vec(),
    };
    let status = tonic_types::pb::Status {
        code,
        message: text.to_owned(),
        details: vec![detail],
    };
    let mut trailers = MetadataMap::new();
    copy(sent, "x-trail", "x-trail-bin", &mut trailers);
    let details = status.encode_to_vec().into();
    Status::with_details_and_metadata(Code::from_i32(code), text, details, trailers)
}

/// What was sent under `text` and `bytes`, put into `back`.
fn copy(sent: &MetadataMap, text: &'static str, bytes: &'static str, back: &mut MetadataMap) {
    for value in sent.get_all(text) {
        back.append(text, value.clone());
    }
    for value in sent.get_all_bin(bytes) {
        back.append_bin(bytes, value.clone());
    }
}

/// What `grpc-timeout` says in milliseconds; tonic keeps the deadline itself and tells handlers nothing.
fn deadline(sent: &MetadataMap) -> Result<String, Status> {
    let Some(timeout) = sent
        .get("grpc-timeout")
        .and_then(|value| value.to_str().ok())
    else {
        return Ok("none".to_owned());
    };
    let (digits, unit) = timeout.split_at(timeout.len() - 1);
    let nanos = match unit {
        "n" => 1,
        "u" => 1_000,
        "m" => 1_000_000,
        "S" => 1_000_000_000,
        _ => 60_000_000_000,
    };
    Ok((number(digits)? * nanos / 1_000_000).to_string())
}

fn number(text: &str) -> Result<u64, Status> {
    text.parse()
        .map_err(|_| Status::invalid_argument(format!("{text:?} is no number")))
}
