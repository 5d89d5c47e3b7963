//! HTTP, without a server: hyper on both sides, with connections that are kept, and what go-micro's broker has on the wire.
//!
//! What rmicro does besides, the peer does not: it knows the address instead of asking a registry, and nobody is told who has not
//! got a message.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rmicro_runtime::broker::{Http, HttpConfig, Topic};
use rmicro_runtime::registry::Memory;
use rmicro_runtime::seam::Seam;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{Backend, Measuring};
use crate::cases::{Case, Stack};
use crate::load::{Figures, Way, measure};
use crate::ours::Ours;
use crate::{Outcome, envelope};

pub const BACKEND: Backend = Backend {
    name: "http",
    peer: "hyper 1.12.0, HTTP/1.1: a connection for each publisher that is under way, kept for the next, and a server that answers \
           when the message is in the subscriber's channel; there is no process between them, so none has a time of its own",
    bound: None,
    measure: measuring,
};

const TOPIC: &str = "bench";
const ID: &str = "bench-9a6c8f0e-5e0b-4d9c-8d5a-2c1f0a7b3e44";
/// How many messages may wait for the subscriber, which is what rmicro's backlog has room for.
const BACKLOG: usize = 16_384;

fn measuring(stack: Stack, case: &'static Case) -> Measuring {
    Box::pin(run(stack, case))
}

async fn run(stack: Stack, case: &Case) -> Outcome<Figures> {
    if stack == Stack::Rmicro {
        let registry = Arc::new(Memory::new());
        let broker = Http::new(HttpConfig::default(), registry, Seam::default());
        return measure(Ours::new(broker, Topic::new(TOPIC), case), case, 0).await;
    }
    let body: Bytes = vec![b'x'; case.size].into();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let raw = Raw {
        written: Bytes::from(envelope::write_to(TOPIC, &body)?),
        listener: Mutex::new(Some(listener)),
        address,
        body,
        reads: stack == Stack::Raw,
        kept: Mutex::default(),
    };
    measure(raw, case, 0).await
}

/// Publisher and subscriber; one that `reads` writes and reads each message, another has it written before.
struct Raw {
    listener: Mutex<Option<TcpListener>>,
    address: SocketAddr,
    body: Bytes,
    written: Bytes,
    reads: bool,
    /// The connections that nobody uses.
    kept: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

impl Way for Raw {
    type Incoming = mpsc::Receiver<usize>;

    async fn subscribe(&self) -> Outcome<mpsc::Receiver<usize>> {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        let listener = listener.take().ok_or("there is one subscriber")?;
        let (arrived, incoming) = mpsc::channel(BACKLOG);
        let length = self.body.len();
        let reader: Arc<Reader> = Arc::new(match self.reads {
            true => Box::new(|json| match envelope::read_from(json) {
                Ok((topic, body)) if topic == TOPIC => Ok(body.len()),
                Ok((topic, _)) => Err(format!("nobody has subscribed to {topic:?}").into()),
                Err(error) => Err(error),
            }),
            false => Box::new(move |_| Ok(length)),
        });
        tokio::spawn(accept(listener, arrived, reader));
        Ok(incoming)
    }

    async fn next(incoming: &mut mpsc::Receiver<usize>) -> Outcome<usize> {
        Ok(incoming.recv().await.ok_or("the server has ended")?)
    }

    async fn publish(&self) -> Outcome<()> {
        let json = match self.reads {
            true => envelope::write_to(TOPIC, &self.body)?.into(),
            false => self.written.clone(),
        };
        let request = Request::post(format!("/?id={ID}"))
            .header(HOST, self.address.to_string())
            .header(USER_AGENT, HeaderValue::from_static("bench"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Full::new(json))?;
        let kept = self.lock().pop();
        let mut sender = match kept {
            Some(kept) => kept,
            None => self.dial().await?,
        };
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        self.lock().push(sender);
        if status != StatusCode::OK {
            return Err(format!("the answer is {status}").into());
        }
        Ok(())
    }
}

impl Raw {
    async fn dial(&self) -> Outcome<SendRequest<Full<Bytes>>> {
        let socket = TcpStream::connect(self.address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<SendRequest<Full<Bytes>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the body of a message is that came as JSON.
type Reader = Box<dyn Fn(&[u8]) -> Outcome<usize> + Send + Sync>;

async fn accept(listener: TcpListener, arrived: mpsc::Sender<usize>, reader: Arc<Reader>) {
    while let Ok((socket, _)) = listener.accept().await {
        let _ = socket.set_nodelay(true);
        let (arrived, reader) = (arrived.clone(), reader.clone());
        let service = service_fn(move |request| {
            let (arrived, reader) = (arrived.clone(), reader.clone());
            async move { Ok::<_, Infallible>(answer(request, &arrived, &reader).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    arrived: &mpsc::Sender<usize>,
    reader: &Reader,
) -> Response<Full<Bytes>> {
    match taken(request, arrived, reader).await {
        Ok(status) => with(status, String::new()),
        Err(error) => with(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn taken(
    request: Request<Incoming>,
    arrived: &mpsc::Sender<usize>,
    reader: &Reader,
) -> Outcome<StatusCode> {
    if request.method() != Method::POST {
        return Ok(StatusCode::METHOD_NOT_ALLOWED);
    }
    let query = request.uri().query().unwrap_or_default();
    if query.strip_prefix("id=") != Some(ID) {
        return Ok(StatusCode::NOT_FOUND);
    }
    let json = request.into_body().collect().await?.to_bytes();
    arrived.send(reader(&json)?).await?;
    Ok(StatusCode::OK)
}

fn with(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}
