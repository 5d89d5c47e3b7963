//! A NATS server inside the test, with as much of the protocol as the broker says, and with faults to order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

const INFO: &str =
    r#"{"server_id":"fake","version":"2.15.2","proto":1,"headers":true,"max_payload":1024}"#;

/// A server on loopback; it is gone when it is dropped.
pub(super) struct Fake {
    pub(super) port: u16,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    said: Notify,
}

#[derive(Default)]
struct State {
    /// What clients have said, but `PING` and `PONG`, with a payload after its line.
    lines: Vec<String>,
    /// Who gets what: the subject, and the client with its number for it.
    subscriptions: BTreeMap<(usize, String), String>,
    clients: BTreeMap<usize, mpsc::UnboundedSender<Vec<u8>>>,
    fault: Fault,
}

/// What the server does wrong.
#[derive(Clone, Default, PartialEq)]
pub(super) enum Fault {
    #[default]
    None,
    /// It greets with this.
    Greeting(String),
    /// It answers this to whatever is published to an inbox.
    Refuses(String),
    /// It takes messages and gives them to nobody.
    Swallows,
    /// It allows nothing that begins with this.
    Forbids(&'static str),
}

impl Fake {
    pub(super) async fn new() -> Self {
        Self::with(Fault::None).await
    }

    pub(super) async fn with(fault: Fault) -> Self {
        let shared = Arc::<Shared>::default();
        shared.state.lock().unwrap().fault = fault;
        let mut fake = Self {
            port: 0,
            shared,
            tasks: JoinSet::new(),
        };
        fake.start().await;
        fake
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Listens, again on its port where it had one.
    pub(super) async fn start(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let shared = self.shared.clone();
        self.tasks.spawn(async move {
            let mut clients = JoinSet::new();
            for number in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                clients.spawn(shared.clone().serve(number, socket));
            }
        });
    }

    /// Ends every connection and listens no more.
    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
        let mut state = self.shared.state.lock().unwrap();
        state.subscriptions.clear();
        state.clients.clear();
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.shared.state.lock().unwrap().fault = fault;
    }

    /// What was said that begins with `word`.
    pub(super) fn said(&self, word: &str) -> Vec<String> {
        let state = self.shared.state.lock().unwrap();
        let lines = state.lines.iter();
        lines
            .filter(|line| line.starts_with(word))
            .cloned()
            .collect()
    }

    /// Waits until `count` such lines were said.
    pub(super) async fn heard(&self, word: &str, count: usize) {
        while self.said(word).len() < count {
            self.shared.said.notified().await;
        }
    }

    /// Publishes `payload` as somebody else.
    pub(super) fn publish(&self, subject: &str, payload: &[u8]) {
        self.shared.publish(subject, payload);
    }

    /// Sends these bytes to everybody.
    pub(super) fn send(&self, bytes: &[u8]) {
        let state = self.shared.state.lock().unwrap();
        for client in state.clients.values() {
            let _ = client.send(bytes.to_vec());
        }
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, number: usize, socket: TcpStream) {
        let (read, mut write) = socket.into_split();
        let (out, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
        let greeting = match self.fault() {
            Fault::Greeting(greeting) => greeting,
            _ => format!("INFO {INFO}\r\n"),
        };
        let _ = out.send(greeting.into_bytes());
        self.state
            .lock()
            .unwrap()
            .clients
            .insert(number, out.clone());
        let writing = async {
            while let Some(bytes) = queue.recv().await {
                if write.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = self.read(number, BufReader::new(read), out) => {}
            () = writing => {}
        }
    }

    async fn read(
        &self,
        number: usize,
        mut from: BufReader<impl tokio::io::AsyncRead + Unpin>,
        out: mpsc::UnboundedSender<Vec<u8>>,
    ) {
        let mut line = String::new();
        while from
            .read_line(&mut line)
            .await
            .is_ok_and(|length| length > 0)
        {
            let said = std::mem::take(&mut line);
            let said = said.trim_end();
            let words: Vec<_> = said.split(' ').collect();
            match words[0] {
                "PING" => _ = out.send(b"PONG\r\n".to_vec()),
                "PONG" => {}
                "PUB" => {
                    let length: usize = words[words.len() - 1].parse().unwrap();
                    let mut payload = vec![0; length + 2];
                    from.read_exact(&mut payload).await.unwrap();
                    payload.truncate(length);
                    self.note(format!("{said}\n{}", String::from_utf8_lossy(&payload)));
                    self.published(words[1], &payload, &out);
                }
                "SUB" if matches!(self.fault(), Fault::Forbids(begin) if words[1].starts_with(begin)) =>
                {
                    let text =
                        format!("Permissions Violation for Subscription to \"{}\"", words[1]);
                    let _ = out.send(format!("-ERR '{text}'\r\n").into_bytes());
                }
                _ => {
                    self.subscribed(number, &words);
                    self.note(said.to_owned());
                }
            }
        }
    }

    fn published(&self, subject: &str, payload: &[u8], out: &mpsc::UnboundedSender<Vec<u8>>) {
        match self.fault() {
            Fault::Refuses(text) if subject.starts_with("_INBOX") => {
                let text = text.replace("INBOX", subject);
                let _ = out.send(format!("-ERR '{text}'\r\n").into_bytes());
            }
            Fault::Swallows => {}
            Fault::Forbids(begin) if subject.starts_with(begin) => {
                let text = format!("Permissions Violation for Publish to \"{subject}\"");
                let _ = out.send(format!("-ERR '{text}'\r\n").into_bytes());
            }
            _ => self.publish(subject, payload),
        }
    }

    fn subscribed(&self, number: usize, words: &[&str]) {
        let mut state = self.state.lock().unwrap();
        match *words {
            ["SUB", subject, .., sid] => {
                let subscription = (number, sid.to_owned());
                state.subscriptions.insert(subscription, subject.to_owned());
            }
            ["UNSUB", sid, ..] => {
                state.subscriptions.remove(&(number, sid.to_owned()));
            }
            _ => {}
        }
    }

    fn publish(&self, subject: &str, payload: &[u8]) {
        let state = self.state.lock().unwrap();
        for ((number, sid), wanted) in &state.subscriptions {
            let fits = match wanted.strip_suffix('*') {
                Some(before) => subject.starts_with(before),
                None => wanted == subject,
            };
            if let Some(client) = state.clients.get(number).filter(|_| fits) {
                let mut bytes = format!("MSG {subject} {sid} {}\r\n", payload.len()).into_bytes();
                bytes.extend_from_slice(payload);
                bytes.extend_from_slice(b"\r\n");
                let _ = client.send(bytes);
            }
        }
    }

    fn note(&self, line: String) {
        self.state.lock().unwrap().lines.push(line);
        self.said.notify_waiters();
        self.said.notify_one();
    }

    fn fault(&self) -> Fault {
        self.state.lock().unwrap().fault.clone()
    }
}
