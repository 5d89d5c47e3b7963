//! NATS: async-nats, with the confirmation that rmicro has, too: a message that the client sends to itself, and that comes back when
//! the server has worked off all that was sent before. One is under way at a time, for all who wait.

use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use rmicro_runtime::broker::{Nats, Topic};
use rmicro_runtime::seam::Seam;
use tokio::sync::{Notify, oneshot};

use super::{Backend, Measuring, told};
use crate::cases::{Case, Stack};
use crate::load::{Figures, Way, measure};
use crate::ours::Ours;
use crate::{Outcome, envelope};

pub const BACKEND: Backend = Backend {
    name: "nats",
    peer: "async-nats 0.51.0; each publisher waits for the echo of a message that leaves after its own, shared by all who wait",
    bound: None,
    measure: measuring,
};

const SUBJECT: &str = "bench";

fn measuring(stack: Stack, case: &'static Case) -> Measuring {
    Box::pin(run(stack, case))
}

async fn run(stack: Stack, case: &Case) -> Outcome<Figures> {
    let (url, server) = (told("BENCH_NATS")?, told("BENCH_NATS_PID")?.parse()?);
    if stack == Stack::Rmicro {
        let broker = Nats::from_url(&url, Seam::default())?;
        return measure(Ours::new(broker, Topic::new(SUBJECT), case), case, server).await;
    }
    let client = async_nats::connect(&url).await?;
    let echo = Echo::start(&client).await?;
    let body: Bytes = vec![b'x'; case.size].into();
    if stack == Stack::Raw {
        measure(Raw { client, echo, body }, case, server).await
    } else {
        let payload = envelope::write(&body)?.into();
        let size = case.size;
        measure(
            Bare {
                client,
                echo,
                payload,
                size,
            },
            case,
            server,
        )
        .await
    }
}

/// The fair peer: it does all that rmicro does.
struct Raw {
    client: Client,
    echo: Arc<Echo>,
    body: Bytes,
}

impl Way for Raw {
    type Incoming = Subscriber;

    async fn subscribe(&self) -> Outcome<Subscriber> {
        let subscriber = self.client.subscribe(SUBJECT).await?;
        self.echo.heard().await?;
        Ok(subscriber)
    }

    async fn next(incoming: &mut Subscriber) -> Outcome<usize> {
        let message = incoming.next().await.ok_or("the subscription has ended")?;
        Ok(envelope::read(&message.payload)?.len())
    }

    async fn publish(&self) -> Outcome<()> {
        let payload = envelope::write(&self.body)?;
        self.client.publish(SUBJECT, payload.into()).await?;
        self.echo.heard().await
    }
}

/// The bound: what the crate and the server cost without anything around them.
struct Bare {
    client: Client,
    echo: Arc<Echo>,
    payload: Bytes,
    size: usize,
}

/// A subscriber, how long a payload has to be, and what is said of one that is.
type Unread = (Subscriber, usize, usize);

impl Way for Bare {
    type Incoming = Unread;

    async fn subscribe(&self) -> Outcome<Unread> {
        let subscriber = self.client.subscribe(SUBJECT).await?;
        self.echo.heard().await?;
        Ok((subscriber, self.payload.len(), self.size))
    }

    async fn next((incoming, length, size): &mut Unread) -> Outcome<usize> {
        let message = incoming.next().await.ok_or("the subscription has ended")?;
        Ok(if message.payload.len() == *length {
            *size
        } else {
            0
        })
    }

    async fn publish(&self) -> Outcome<()> {
        self.client.publish(SUBJECT, self.payload.clone()).await?;
        self.echo.heard().await
    }
}

/// The confirmations, without what a broken connection would ask for.
#[derive(Default)]
struct Echo {
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
    more: Notify,
}

impl Echo {
    async fn start(client: &Client) -> Outcome<Arc<Self>> {
        let (subject, echo) = (client.new_inbox(), Arc::new(Self::default()));
        let heard = client.subscribe(subject.clone()).await?;
        tokio::spawn(echo.clone().serve(client.clone(), subject, heard));
        Ok(echo)
    }

    /// Waits until the server has worked off what was sent before.
    async fn heard(&self) -> Outcome<()> {
        let (told, heard) = oneshot::channel();
        let waiting = self.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner).push(told);
        self.more.notify_one();
        Ok(heard.await?)
    }

    async fn serve(self: Arc<Self>, client: Client, subject: String, mut heard: Subscriber) {
        loop {
            self.more.notified().await;
            let waiting = self.waiting.lock();
            let waiting = std::mem::take(&mut *waiting.unwrap_or_else(PoisonError::into_inner));
            let sent = client.publish(subject.clone(), Bytes::new()).await;
            if sent.is_err() || heard.next().await.is_none() {
                return;
            }
            for one in waiting {
                let _ = one.send(());
            }
        }
    }
}
