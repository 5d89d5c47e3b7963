//! tonic as its users have it: defaults, and a deadline on every call.

use std::pin::Pin;

use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};

use super::{DEADLINE, STREAM_DEADLINE, Serving};
use crate::Outcome;
use crate::load::{Measured, Slot, drive};
use crate::messages;
use crate::pb::{HelloReply, HelloRequest, OftenRequest, Order};
use crate::settings::{Case, Settings};
use crate::tonic_pb::bench_client::BenchClient;
use crate::tonic_pb::bench_server::{self, BenchServer};

struct Bench;

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

#[tonic::async_trait]
impl bench_server::Bench for Bench {
    type OftenStream = Replies;
    type ChatStream = Replies;

    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        Ok(Response::new(messages::reply(request.get_ref())))
    }

    async fn wide(&self, request: Request<Order>) -> Result<Response<Order>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn often(&self, request: Request<OftenRequest>) -> Result<Response<Replies>, Status> {
        let request = request.into_inner();
        let replies = (0..request.times).map(move |_| Ok(messages::often_reply(&request)));
        Ok(Response::new(Box::pin(tokio_stream::iter(replies))))
    }

    async fn chat(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let requests = request.into_inner();
        let replies = requests.map(|request| request.map(|request| messages::reply(&request)));
        Ok(Response::new(Box::pin(replies)))
    }
}

pub(super) async fn serve() -> Outcome<Serving> {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
    let address = incoming.local_addr()?;
    let server = Server::builder().add_service(BenchServer::new(Bench));
    let task = tokio::spawn(server.serve_with_incoming(incoming));
    Ok(Serving {
        address,
        _server: Box::new(task),
    })
}

pub(super) async fn call(settings: &Settings) -> Outcome<Measured> {
    let mut clients = Vec::new();
    for _ in 0..settings.connections {
        let endpoint = Endpoint::from_shared(format!("http://{}", settings.address))?;
        clients.push(BenchClient::new(endpoint.connect().await?));
    }
    let each = (0..settings.concurrency).map(|slot| clients[slot % clients.len()].clone());
    match settings.case {
        Case::Hello => drive(each.map(Hello).collect(), settings).await,
        Case::Wide => {
            drive(
                each.map(|client| Wide(client, messages::order())).collect(),
                settings,
            )
            .await
        }
        Case::Stream => drive(each.map(Often).collect(), settings).await,
        Case::Bidi => {
            let mut chats = Vec::new();
            for client in each {
                chats.push(Chat::open(client).await?);
            }
            drive(chats, settings).await
        }
    }
}

type Client = BenchClient<Channel>;

fn request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

struct Hello(Client);

impl Slot for Hello {
    async fn turn(&mut self) -> Outcome<u64> {
        self.0.hello(request(messages::hello())).await?;
        Ok(1)
    }
}

struct Wide(Client, Order);

impl Slot for Wide {
    async fn turn(&mut self) -> Outcome<u64> {
        self.0.wide(request(self.1.clone())).await?;
        Ok(1)
    }
}

struct Often(Client);

impl Slot for Often {
    async fn turn(&mut self) -> Outcome<u64> {
        let mut replies = self.0.often(request(messages::often())).await?.into_inner();
        let mut count = 0;
        while replies.message().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

struct Chat {
    requests: tokio::sync::mpsc::Sender<HelloRequest>,
    replies: Streaming<HelloReply>,
}

impl Chat {
    async fn open(mut client: Client) -> Outcome<Self> {
        let (requests, receiver) = tokio::sync::mpsc::channel(8);
        let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
        let mut request = Request::new(stream);
        request.set_timeout(STREAM_DEADLINE);
        let replies = client.chat(request).await?.into_inner();
        Ok(Self { requests, replies })
    }
}

impl Slot for Chat {
    async fn turn(&mut self) -> Outcome<u64> {
        self.requests.send(messages::hello()).await?;
        let reply = self.replies.message().await?;
        reply.map(|_| 1).ok_or_else(|| "the chat ended".into())
    }
}
