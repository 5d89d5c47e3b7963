//! A peer that speaks gRPC and answers every call with the same bytes, whatever they are.

use std::future::poll_fn;

use bytes::Bytes;
use h2::{Reason, server};
use http::{HeaderMap, HeaderValue, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A message that is no protobuf.
pub(crate) const GARBAGE: &[u8] = &[0, 0, 0, 0, 2, 0xff, 0xff];

/// The peer; it lives as long as the test.
pub(crate) struct Peer {
    pub(crate) address: String,
    resets: mpsc::UnboundedReceiver<Reason>,
}

impl Peer {
    /// Answers with `data` and the status OK.
    pub(crate) async fn answering(data: Vec<u8>) -> Self {
        Self::listen(data, true).await
    }

    /// Answers with `data` and goes on, until the call is reset.
    pub(crate) async fn going_on(data: Vec<u8>) -> Self {
        Self::listen(data, false).await
    }

    async fn listen(data: Vec<u8>, ends: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (told, resets) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(talk(socket, Bytes::from(data.clone()), ends, told.clone()));
            }
        });
        Self { address, resets }
    }

    /// With what a call was reset.
    pub(crate) async fn reset(&mut self) -> Reason {
        self.resets.recv().await.unwrap()
    }
}

async fn talk(
    socket: TcpStream,
    data: Bytes,
    ends: bool,
    resets: mpsc::UnboundedSender<Reason>,
) -> Result<(), h2::Error> {
    let mut connection = server::handshake(socket).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, mut respond) = accepted?;
        let head = Response::builder().header("content-type", "application/grpc");
        let mut stream = respond.send_response(head.body(()).unwrap(), false)?;
        stream.send_data(data.clone(), false)?;
        if ends {
            let status = (
                "grpc-status".parse().unwrap(),
                HeaderValue::from_static("0"),
            );
            stream.send_trailers(HeaderMap::from_iter([status]))?;
            continue;
        }
        let resets = resets.clone();
        tokio::spawn(async move {
            let _request = request;
            if let Ok(reason) = poll_fn(|cx| stream.poll_reset(cx)).await {
                let _ = resets.send(reason);
            }
        });
    }
    Ok(())
}
