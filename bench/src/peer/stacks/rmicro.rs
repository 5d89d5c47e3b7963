//! rmicro as its users have it: discovery, round robin over three nodes, a deadline on every call, and an interceptor on both
//! sides.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rmicro_runtime::registry::{self, Node, Registry as _, ServiceInfo};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::selector::RoundRobin;
use rmicro_runtime::transport::{ClientCall, Grpc, GrpcConfig, Transport as _};
use rmicro_runtime::{
    Answer, BidiStream, Client, ClientInterceptor, ClientNext, ClientOptions, Context, Receiver,
    Result, Sender, Server, ServerCall, ServerInterceptor, ServerNext,
};

use super::{DEADLINE, STREAM_DEADLINE, Serving};
use crate::Outcome;
use crate::load::{Measured, Slot, drive};
use crate::messages;
use crate::pb::{
    BenchHandler, BenchService, HelloReply, HelloRequest, OftenRequest, Order,
    register_bench_handler,
};
use crate::settings::{Case, Settings};

struct Bench;

impl BenchHandler for Bench {
    async fn hello(&self, _ctx: Context, request: HelloRequest) -> Result<HelloReply> {
        Ok(messages::reply(&request))
    }

    async fn wide(&self, _ctx: Context, request: Order) -> Result<Order> {
        Ok(request)
    }

    async fn often(
        &self,
        _ctx: Context,
        request: OftenRequest,
        mut replies: Sender<HelloReply>,
    ) -> Result<()> {
        for _ in 0..request.times {
            replies.send(messages::often_reply(&request)).await?;
        }
        Ok(())
    }

    async fn chat(
        &self,
        _ctx: Context,
        mut requests: Receiver<HelloRequest>,
        mut replies: Sender<HelloReply>,
    ) -> Result<()> {
        while let Some(request) = requests.recv().await? {
            replies.send(messages::reply(&request)).await?;
        }
        Ok(())
    }
}

/// Does what every interceptor does at least: it sees the call and its outcome.
#[derive(Default)]
struct Count {
    calls: AtomicU64,
    failures: AtomicU64,
}

impl Count {
    fn count<T>(&self, outcome: Result<T>) -> Result<T> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        outcome.inspect_err(|_| {
            self.failures.fetch_add(1, Ordering::Relaxed);
        })
    }
}

#[async_trait::async_trait]
impl ServerInterceptor for Count {
    async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()> {
        self.count(next.run(call).await)
    }
}

#[async_trait::async_trait]
impl ClientInterceptor for Count {
    async fn intercept(&self, call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        self.count(next.run(call).await)
    }
}

/// Serves, and takes for slow what takes `slower` times as long as usual: valgrind makes every handler look slow.
pub(super) async fn serve(slower: u32) -> Outcome<Serving> {
    let server = Server::new();
    server.intercept(Count::default())?;
    register_bench_handler(&server, Bench)?;
    let usual = GrpcConfig::default();
    let slow_after = usual.slow_after * slower;
    let grpc = Grpc::new(Seam::default()).config(usual.slow_after(slow_after));
    let listener = grpc.listen("127.0.0.1:0", server.start()).await?;
    Ok(Serving {
        address: listener.address().parse()?,
        _server: Box::new(listener),
    })
}

pub(super) async fn call(settings: &Settings) -> Outcome<Measured> {
    let mut benches = Vec::new();
    for _ in 0..settings.connections {
        benches.push(BenchService::new(
            "bench",
            &client(&settings.address.to_string()).await?,
        ));
    }
    let each = (0..settings.concurrency).map(|slot| benches[slot % benches.len()].clone());
    match settings.case {
        Case::Hello => drive(each.map(Hello).collect(), settings).await,
        Case::Wide => {
            drive(
                each.map(|bench| Wide(bench, messages::order())).collect(),
                settings,
            )
            .await
        }
        Case::Stream => drive(each.map(Often).collect(), settings).await,
        Case::Bidi => {
            let mut chats = Vec::new();
            for bench in each {
                chats.push(Chat(bench.chat().timeout(STREAM_DEADLINE).await?));
            }
            drive(chats, settings).await
        }
    }
}

/// A client has one connection to each address, and its three nodes have the same one.
async fn client(address: &str) -> Result<Client> {
    let seam = Seam::default();
    let known = registry::Memory::new();
    let nodes = ["bench-1", "bench-2", "bench-3"].map(|id| Node::new(id, address));
    let service = nodes
        .into_iter()
        .fold(ServiceInfo::new("bench", "latest"), ServiceInfo::node);
    known.register(&service, Duration::from_secs(3600)).await?;
    let cached = registry::Cached::new(Arc::new(known), seam.clone());
    let selector = RoundRobin::new(&seam.chance);
    let transport = Grpc::new(seam.clone());
    let mut options = ClientOptions::default();
    options.interceptors.push(Arc::new(Count::default()));
    Ok(Client::new(
        seam,
        Arc::new(cached),
        Arc::new(selector),
        Arc::new(transport),
        options,
    ))
}

struct Hello(BenchService);

impl Slot for Hello {
    async fn turn(&mut self) -> Outcome<u64> {
        self.0.hello(messages::hello()).timeout(DEADLINE).await?;
        Ok(1)
    }
}

struct Wide(BenchService, Order);

impl Slot for Wide {
    async fn turn(&mut self) -> Outcome<u64> {
        self.0.wide(self.1.clone()).timeout(DEADLINE).await?;
        Ok(1)
    }
}

struct Often(BenchService);

impl Slot for Often {
    async fn turn(&mut self) -> Outcome<u64> {
        let mut replies = self.0.often(messages::often()).timeout(DEADLINE).await?;
        let mut count = 0;
        while replies.recv().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

struct Chat(BidiStream<HelloRequest, HelloReply>);

impl Slot for Chat {
    async fn turn(&mut self) -> Outcome<u64> {
        self.0.send(messages::hello()).await?;
        let reply = self.0.recv().await?;
        reply.map(|_| 1).ok_or_else(|| "the chat ended".into())
    }
}
