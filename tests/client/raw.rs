//! A peer that speaks HTTP/2 frame by frame (RFC 9113, section 4.1), and errs as the test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does with a request.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Act {
    /// RST_STREAM with REFUSED_STREAM.
    Refuse,
    /// GOAWAY, whose last stream is none.
    GoAway,
    /// Ends the connection.
    Cut,
    /// Nothing.
    Wait,
    /// Takes no call at all: SETTINGS_MAX_CONCURRENT_STREAMS is 0.
    Full,
    /// Says nothing from the first.
    Mute,
}

/// The peer; it lives as long as the test.
pub(crate) struct Raw {
    pub(crate) address: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Raw {
    pub(crate) async fn listen(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (requests, connections) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (asked, met) = (requests.clone(), connections.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                met.fetch_add(1, Ordering::SeqCst);
                let asked = asked.clone();
                tokio::spawn(async move { talk(socket, act, &asked).await });
            }
        });
        Self {
            address,
            requests,
            connections,
        }
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// How many connections have come.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;

/// Talks until either side ends the connection.
async fn talk(mut socket: TcpStream, act: Act, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut preface = [0; 24];
    socket.read_exact(&mut preface).await?;
    let settings: &[u8] = match act {
        Act::Mute => return std::future::pending().await,
        Act::Full => &[0, 3, 0, 0, 0, 0],
        _ => &[],
    };
    socket.write_all(&frame(SETTINGS, 0, 0, settings)).await?;
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        socket.read_exact(&mut payload).await?;
        let stream = u32::from_be_bytes(stream);
        let answer = match (kind, act) {
            (SETTINGS, _) if flags & ACK == 0 => frame(SETTINGS, ACK, 0, &[]),
            (HEADERS, act) => {
                requests.fetch_add(1, Ordering::SeqCst);
                match act {
                    Act::Refuse => frame(RST_STREAM, 0, stream, &[0, 0, 0, 7]),
                    Act::GoAway => frame(GOAWAY, 0, 0, &[0; 8]),
                    Act::Cut => return Ok(()),
                    _ => continue,
                }
            }
            _ => continue,
        };
        socket.write_all(&answer).await?;
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
