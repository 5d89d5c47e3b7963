//! A node that answers what a test writes, on a bare HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::net::TcpListener;

/// A node, and what it has seen; it lives as long as the test.
#[derive(Debug)]
pub struct Peer {
    /// Where it listens.
    pub address: String,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    /// A node that has `answer` answer each call.
    pub async fn listen<F, R>(answer: F) -> Self
    where
        F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> R + Clone + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("port 0 is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let connections = Arc::<AtomicUsize>::default();
        let met = connections.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                met.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(socket).await.expect("HTTP/2");
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        tokio::spawn(answer(request, respond));
                    }
                });
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// A node that answers every call with the same.
    pub async fn saying(say: Say) -> Self {
        Self::listen(move |_request, respond| {
            let say = say.clone();
            async move { say.to(respond) }
        })
        .await
    }

    /// How many connections have come.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An answer, frame by frame.
#[derive(Clone, Debug, Default)]
pub struct Say {
    status: u16,
    headers: HeaderMap,
    data: Vec<&'static [u8]>,
    trailers: Option<HeaderMap>,
}

impl Say {
    /// HTTP's 200 with `headers`, and nothing else.
    pub fn headers(headers: &[(&'static str, &str)]) -> Self {
        Self {
            status: 200,
            headers: map(headers),
            ..Self::default()
        }
    }

    /// Headers of gRPC, and nothing else.
    pub fn grpc() -> Self {
        Self::headers(&[("content-type", "application/grpc")])
    }

    /// Adds a DATA frame, which may have nothing in it.
    #[must_use]
    pub fn data(mut self, data: &'static [u8]) -> Self {
        self.data.push(data);
        self
    }

    /// Sets the trailers.
    #[must_use]
    pub fn trailers(mut self, trailers: &[(&'static str, &str)]) -> Self {
        self.trailers = Some(map(trailers));
        self
    }

    /// Says it; the last frame ends the stream.
    pub fn to(&self, mut respond: SendResponse<Bytes>) {
        let mut head = Response::new(());
        *head.status_mut() = self.status.try_into().expect("the test wrote a status");
        *head.headers_mut() = self.headers.clone();
        let bare = self.data.is_empty() && self.trailers.is_none();
        // Whoever asked may be gone by now.
        let Ok(mut stream) = respond.send_response(head, bare) else {
            return;
        };
        for (index, data) in self.data.iter().enumerate() {
            let last = self.trailers.is_none() && index + 1 == self.data.len();
            let _ = stream.send_data(Bytes::from_static(data), last);
        }
        if let Some(trailers) = &self.trailers {
            let _ = stream.send_trailers(trailers.clone());
        }
    }
}

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).expect("the test wrote a value");
        map.append(HeaderName::from_static(name), value);
    }
    map
}
