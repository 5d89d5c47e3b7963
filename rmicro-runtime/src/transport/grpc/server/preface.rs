//! The first bytes of a connection: HTTP/2 begins with a fixed preface (RFC 9113, section 3.4).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::seam::Socket;

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a peer is told that speaks HTTP/1.1.
const SORRY: &str = "HTTP/1.1 505 HTTP Version Not Supported\r\n\
    content-type: text/plain\r\nconnection: close\r\ncontent-length: 55\r\n\r\n\
    This port speaks gRPC over HTTP/2 with prior knowledge.";

/// A socket whose peer has sent the preface, which is read again.
pub(super) struct Prefaced {
    given: usize,
    socket: Box<dyn Socket>,
}

/// Reads the preface; a peer that begins otherwise is told so if it speaks HTTP/1.1, and turned away with a reason for the log.
pub(super) async fn await_preface(mut socket: Box<dyn Socket>) -> Result<Prefaced, String> {
    let mut read = [0; PREFACE.len()];
    let mut length = 0;
    while length < read.len() {
        match socket.read(&mut read[length..]).await {
            Ok(0) => return Err("it closed the connection before the HTTP/2 preface".into()),
            Ok(more) => length += more,
            Err(error) => return Err(error.to_string()),
        }
        if read[..length] != PREFACE[..length] {
            return Err(turn_away(socket, &read[..length]).await);
        }
    }
    Ok(Prefaced { given: 0, socket })
}

async fn turn_away(mut socket: Box<dyn Socket>, read: &[u8]) -> String {
    if read.first().is_some_and(u8::is_ascii_uppercase) {
        let _ = socket.write_all(SORRY.as_bytes()).await;
        let _ = socket.shutdown().await;
    }
    format!(
        "it began with {:?} instead of the HTTP/2 preface",
        String::from_utf8_lossy(read)
    )
}

impl AsyncRead for Prefaced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = &PREFACE[self.given..];
        if left.is_empty() {
            return Pin::new(&mut *self.socket).poll_read(cx, buffer);
        }
        let length = left.len().min(buffer.remaining());
        buffer.put_slice(&left[..length]);
        self.given += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prefaced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn greet(bytes: &[u8]) -> (Result<Prefaced, String>, String) {
        let (mut ours, theirs) = tokio::io::duplex(1024);
        ours.write_all(bytes).await.unwrap();
        let (mut ours_read, mut ours_write) = tokio::io::split(ours);
        ours_write.shutdown().await.unwrap();
        let greeted = await_preface(Box::new(theirs)).await;
        let mut answer = String::new();
        if greeted.is_err() {
            ours_read.read_to_string(&mut answer).await.unwrap();
        }
        (greeted, answer)
    }

    #[tokio::test]
    async fn the_preface_is_read_again() {
        let (greeted, _) = greet(&[&PREFACE[..], b"more"].concat()).await;
        let mut all = Vec::new();
        greeted.ok().unwrap().read_to_end(&mut all).await.unwrap();
        assert_eq!(all, [&PREFACE[..], b"more"].concat());
    }

    #[tokio::test]
    async fn http_1_is_answered_in_its_own_tongue() {
        let (greeted, answer) = greet(b"GET / HTTP/1.1\r\n\r\n").await;
        assert!(greeted.is_err());
        assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
    }

    #[tokio::test]
    async fn anything_else_is_turned_away() {
        let (greeted, answer) = greet(&[22, 3, 1, 0]).await;
        assert!(
            greeted
                .err()
                .unwrap()
                .contains("instead of the HTTP/2 preface")
        );
        assert_eq!(answer, "");
    }
}
