//! Redis Streams: the crate `redis`, a queue with acknowledgements on both sides. What was read is acknowledged in the same go as more
//! is read, as who knows the server would do it; publishers share a connection. The bare crate keeps a header in a `Vec`, which costs it
//! the least, and is what rmicro does.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Value};
use rmicro_runtime::broker::{Broker, Message, Redis, Subscription, Topic};
use rmicro_runtime::seam::Seam;

use super::{Backend, Measuring, told};
use crate::cases::{Case, Stack};
use crate::envelope::HEADER;
use crate::load::{Figures, Way, measure};
use crate::{Failure, Outcome};

pub const BACKEND: Backend = Backend {
    name: "redis",
    peer: "redis 1.8.1; XADD of all publishers by one connection, and XACK of what was read together with the next XREADGROUP",
    bound: None,
    measure: measuring,
};

const KEY: &str = "bench";
const QUEUE: &str = "q";
/// How many messages are read and acknowledged at once; rmicro reads a quarter of what may be in flight.
const BATCH: usize = 256;
const PATIENCE: Duration = Duration::from_secs(10);

fn measuring(stack: Stack, case: &'static Case) -> Measuring {
    Box::pin(run(stack, case))
}

async fn run(stack: Stack, case: &Case) -> Outcome<Figures> {
    let (url, server) = (told("BENCH_REDIS")?, told("BENCH_REDIS_PID")?.parse()?);
    let mut connection = connect(&url).await?;
    let empty = redis::cmd("FLUSHALL");
    connection.send_packed_command(&empty).await?;
    let body: Bytes = vec![b'x'; case.size].into();
    if stack == Stack::Rmicro {
        let broker = Redis::from_url(&url, Seam::default())?;
        return measure(Ours { broker, body }, case, server).await;
    }
    let reads = stack == Stack::Raw;
    let raw = Raw {
        url,
        connection,
        body,
        reads,
    };
    measure(raw, case, server).await
}

async fn connect(url: &str) -> Outcome<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(Some(PATIENCE))
        .set_pipeline_buffer_size(1024);
    let client = redis::Client::open(url)?;
    let connected = client.get_multiplexed_async_connection_with_config(&config);
    Ok(connected.await?)
}

/// rmicro, whose subscriber does not wait for an acknowledgement before it takes the next message.
struct Ours {
    broker: Redis,
    body: Bytes,
}

type Told = Pin<Box<dyn Future<Output = rmicro_runtime::Result<()>> + Send>>;

impl Way for Ours {
    type Incoming = (Subscription, VecDeque<Told>);

    async fn subscribe(&self) -> Outcome<Self::Incoming> {
        let topic = Topic::new(KEY).queue(QUEUE).in_flight(4 * BATCH);
        Ok((self.broker.subscribe(&topic).await?, VecDeque::new()))
    }

    async fn next((subscription, under_way): &mut Self::Incoming) -> Outcome<usize> {
        let delivery = subscription.next().await?;
        let delivery = delivery.ok_or_else(|| Failure::from("the subscription has ended"))?;
        let length = delivery.message().body.len();
        let mut told: Told = Box::pin(delivery.ack());
        match poll_fn(|cx| Poll::Ready(told.as_mut().poll(cx))).await {
            Poll::Ready(learned) => learned?,
            Poll::Pending => under_way.push_back(told),
        }
        if under_way.len() > 2 * BATCH {
            for told in under_way.drain(..BATCH) {
                told.await?;
            }
        }
        Ok(length)
    }

    async fn publish(&self) -> Outcome<()> {
        let (name, value) = HEADER;
        let message = Message::new(self.body.clone()).header(name, value);
        Ok(self.broker.publish(KEY, message).await?)
    }
}

/// The crate alone; who `reads` makes a header and a body of each message, as rmicro does.
struct Raw {
    url: String,
    connection: MultiplexedConnection,
    body: Bytes,
    reads: bool,
}

/// A consumer that has its messages and has not acknowledged those whose ids it keeps.
struct Consumer {
    connection: MultiplexedConnection,
    reads: bool,
    lengths: VecDeque<usize>,
    ids: Vec<Vec<u8>>,
}

impl Way for Raw {
    type Incoming = Consumer;

    async fn subscribe(&self) -> Outcome<Consumer> {
        let mut connection = connect(&self.url).await?;
        let mut create = redis::cmd("XGROUP");
        create
            .arg("CREATE")
            .arg(KEY)
            .arg(QUEUE)
            .arg("$")
            .arg("MKSTREAM");
        connection
            .send_packed_command(&create)
            .await?
            .extract_error()?;
        Ok(Consumer {
            connection,
            reads: self.reads,
            lengths: VecDeque::new(),
            ids: Vec::new(),
        })
    }

    async fn next(consumer: &mut Consumer) -> Outcome<usize> {
        loop {
            if let Some(length) = consumer.lengths.pop_front() {
                return Ok(length);
            }
            consumer.more().await?;
        }
    }

    async fn publish(&self) -> Outcome<()> {
        let (name, value) = HEADER;
        let mut add = redis::cmd("XADD");
        add.arg(KEY)
            .arg("*")
            .arg(format!("header:{name}"))
            .arg(value);
        add.arg("body").arg(&self.body[..]);
        let mut connection = self.connection.clone();
        connection
            .send_packed_command(&add)
            .await?
            .extract_error()?;
        Ok(())
    }
}

impl Consumer {
    /// Acknowledges what it had, and reads more.
    async fn more(&mut self) -> Outcome<()> {
        let mut both = redis::pipe();
        if !self.ids.is_empty() {
            both.cmd("XACK").arg(KEY).arg(QUEUE).arg(&self.ids);
        }
        both.cmd("XREADGROUP").arg("GROUP").arg(QUEUE).arg("me");
        both.arg("COUNT").arg(BATCH).arg("BLOCK").arg(1000);
        both.arg("STREAMS").arg(KEY).arg(">");
        let commands = 1 + usize::from(!self.ids.is_empty());
        let asked = self.connection.send_packed_commands(&both, 0, commands);
        let answer = asked.await?.pop().unwrap_or(Value::Nil).extract_error()?;
        self.ids.clear();
        let streams = list(answer).into_iter();
        for entry in streams
            .flat_map(|stream| list(stream).into_iter().nth(1))
            .flat_map(list)
        {
            let mut parts = list(entry).into_iter();
            let (Some(Value::BulkString(id)), Some(fields)) = (parts.next(), parts.next()) else {
                return Err("an entry of another form".into());
            };
            self.ids.push(id);
            self.lengths.push_back(self.length(list(fields)));
        }
        Ok(())
    }

    /// How long the body is that is among `fields`.
    fn length(&self, fields: Vec<Value>) -> usize {
        let (mut header, mut body) = (Vec::new(), Bytes::new());
        let mut fields = fields.into_iter();
        while let (Some(Value::BulkString(name)), Some(Value::BulkString(value))) =
            (fields.next(), fields.next())
        {
            if name == b"body" {
                body = value.into();
            } else if self.reads {
                let [name, value] =
                    [name, value].map(|text| String::from_utf8(text).unwrap_or_default());
                header.push((name, value));
            }
        }
        std::hint::black_box(header);
        body.len()
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        _ => Vec::new(),
    }
}
