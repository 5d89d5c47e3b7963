//! Frames over TCP: a length and as many bytes, echoed. No codec, no multiplexing, no deadline: a bound that no stack reaches.
//!
//! All slots of a connection share its task, which answers a whole read with one write; so the batches are ideal.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Buf as _, BufMut as _, BytesMut};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Serving;
use crate::Outcome;
use crate::histogram::Histogram;
use crate::load::{Measured, Meter};
use crate::messages;
use crate::settings::{Case, Settings};

const WARM_UP: Duration = Duration::from_millis(200);
const MEASURE: Duration = Duration::from_millis(800);

pub(super) async fn serve() -> Outcome<Serving> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(echo(socket));
        }
    });
    Ok(Serving {
        address,
        _server: Box::new(task),
    })
}

async fn echo(mut socket: TcpStream) -> std::io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut read, mut write) = (
        BytesMut::with_capacity(1 << 16),
        BytesMut::with_capacity(1 << 16),
    );
    while socket.read_buf(&mut read).await? > 0 {
        while let Some(frame) = take(&mut read) {
            put(&mut write, &frame);
        }
        socket.write_all_buf(&mut write).await?;
        read.reserve(1 << 15);
    }
    Ok(())
}

pub(super) async fn call(settings: &Settings) -> Outcome<Measured> {
    let message = match settings.case {
        Case::Hello => messages::hello().encode_to_vec(),
        Case::Wide => messages::order().encode_to_vec(),
        Case::Stream | Case::Bidi => return Err("raw has no streams".into()),
    };
    let begun = Instant::now();
    let tasks: Vec<_> = (0..settings.connections)
        .map(|connection| (settings.concurrency + connection) / settings.connections)
        .map(|slots| tokio::spawn(ask(settings.address, message.clone(), slots, begun)))
        .collect();
    tokio::time::sleep(WARM_UP).await;
    let meter = Meter::start(settings.server_pid);
    tokio::time::sleep(MEASURE).await;
    let measured = Measured::read(&meter);
    let (mut messages, mut latencies) = (0, Histogram::default());
    for task in tasks {
        let (count, more) = task.await??;
        messages += count;
        latencies.merge(&more);
    }
    Ok(measured.with(messages, latencies))
}

/// Keeps `slots` requests under way, and counts what comes back within the measurement.
async fn ask(
    address: std::net::SocketAddr,
    message: Vec<u8>,
    slots: usize,
    begun: Instant,
) -> std::io::Result<(u64, Histogram)> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let (mut read, mut write) = (
        BytesMut::with_capacity(1 << 16),
        BytesMut::with_capacity(1 << 16),
    );
    let (mut count, mut latencies) = (0, Histogram::default());
    let mut sent = VecDeque::from(vec![Instant::now(); slots]);
    sent.iter().for_each(|_| put(&mut write, &message));
    while begun.elapsed() < WARM_UP + MEASURE && slots > 0 {
        socket.write_all_buf(&mut write).await?;
        read.reserve(1 << 15);
        socket.read_buf(&mut read).await?;
        let now = Instant::now();
        while take(&mut read).is_some() {
            put(&mut write, &message);
            let since = sent.pop_front();
            sent.push_back(now);
            if now - begun > WARM_UP {
                count += 1;
                latencies.record(since.map_or(Duration::ZERO, |since| now - since));
            }
        }
    }
    Ok((count, latencies))
}

fn put(buffer: &mut BytesMut, frame: &[u8]) {
    buffer.put_u32(frame.len() as u32);
    buffer.put_slice(frame);
}

fn take(buffer: &mut BytesMut) -> Option<BytesMut> {
    let length = buffer.get(..4)?.try_into().map(u32::from_be_bytes).ok()? as usize;
    if buffer.len() < 4 + length {
        return None;
    }
    buffer.advance(4);
    Some(buffer.split_to(length))
}
