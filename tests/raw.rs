//! A client that says what a test writes, on a bare HTTP/2.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Rig;

/// A framed `HelloRequest { name: "Ada" }`.
pub const ADA: &[u8] = &[0, 0, 0, 0, 5, 0x0a, 3, b'A', b'd', b'a'];

/// What came back of one raw call.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub http: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub data: Vec<u8>,
    /// The trailers; the headers where there are none.
    pub end: HeaderMap,
}

impl Answer {
    /// The gRPC status, or `none`.
    pub fn grpc_status(&self) -> &str {
        text(&self.end, "grpc-status").unwrap_or("none")
    }

    /// The text of the gRPC status.
    pub fn message(&self) -> &str {
        text(&self.end, "grpc-message").unwrap_or("")
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A POST of `path` with gRPC's headers.
pub fn post(rig: &Rig, path: &str) -> Request<()> {
    post_with(rig, path, &[])
}

/// A POST of `path` with gRPC's headers and `more`.
pub fn post_with(rig: &Rig, path: &str, more: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::post(format!("http://{}{path}", rig.listener.address()))
        .header("te", "trailers")
        .header("content-type", "application/grpc");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    request.body(()).expect("the test wrote a request")
}

/// Sends `request` and the pieces of `body`, and reads all that comes back.
pub async fn send(rig: &Rig, request: Request<()>, body: &[&[u8]]) -> Answer {
    let exchanged = timeout(Duration::from_secs(10), exchange(rig, request, body));
    exchanged.await.expect("an answer").expect("a whole answer")
}

async fn exchange(rig: &Rig, request: Request<()>, body: &[&[u8]]) -> Result<Answer, h2::Error> {
    let socket = TcpStream::connect(rig.listener.address()).await;
    let (client, connection) = h2::client::handshake(socket.expect("it listens")).await?;
    tokio::spawn(connection);
    let mut client = client.ready().await?;
    let (response, mut stream) = client.send_request(request, body.is_empty())?;
    for (index, piece) in body.iter().enumerate() {
        let last = index + 1 == body.len();
        stream.send_data(Bytes::copy_from_slice(piece), last)?;
        tokio::task::yield_now().await;
    }
    let (parts, mut body) = response.await?.into_parts();
    let mut data = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        let _ = body.flow_control().release_capacity(piece.len());
        data.extend_from_slice(&piece);
    }
    let end = body.trailers().await?;
    Ok(Answer {
        http: parts.status,
        end: end.unwrap_or_else(|| parts.headers.clone()),
        headers: parts.headers,
        data,
    })
}
