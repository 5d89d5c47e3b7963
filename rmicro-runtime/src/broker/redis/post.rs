//! Takes the commands of many who ask at the same time to the server together, so that a connection, a clock and a task do once for
//! all of them what they would do for each.
//!
//! Invariant: commands leave in the order in which they were posted, and each has an answer of its own. Whoever gives up before his
//! command has left takes it along.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use redis::aio::MultiplexedConnection;
use redis::{Arg, Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::dial::COMMANDS;
use super::link::{PATIENCE, checked};
use super::wire::unanswered;
use crate::seam::Clock;

/// How many commands go together at most.
const BATCH: usize = COMMANDS / 4;
/// A command behind so many bytes goes with the next: it is what the server reads at once, and it has them done while the next are
/// packed.
const BYTES: usize = 16 * 1024;

/// About how many bytes are around each word of a command.
const FRAME: usize = 8;

/// Where commands are posted for one connection; it is open as long as somebody holds it and the connection holds.
pub(super) struct Post(mpsc::Sender<Letter>);

/// A command, and who waits for its answer.
struct Letter {
    cmd: Cmd,
    answer: oneshot::Sender<RedisResult<Value>>,
}

impl Letter {
    /// About how long the command is.
    fn bytes(&self) -> usize {
        let words = self.cmd.args_iter().map(|word| match word {
            Arg::Simple(word) => word.len(),
            _ => 0,
        });
        words.map(|word| word + FRAME).sum()
    }
}

impl Post {
    /// A post for `connection`, which gives up what is not answered in time by `clock`.
    pub(super) fn of(connection: MultiplexedConnection, clock: Clock) -> Self {
        let (post, letters) = mpsc::channel(COMMANDS);
        tokio::spawn(run(letters, connection, clock));
        Self(post)
    }

    /// What the server answers to `cmd`; waits for room before.
    pub(super) async fn ask(&self, cmd: Cmd) -> RedisResult<Value> {
        let (answer, answered) = oneshot::channel();
        if self.0.send(Letter { cmd, answer }).await.is_err() {
            return Err(broken());
        }
        answered.await.unwrap_or_else(|_| Err(broken()))
    }
}

/// The courier: brings what was posted to the connection, batch by batch, until that breaks.
async fn run(mut letters: mpsc::Receiver<Letter>, connection: MultiplexedConnection, clock: Clock) {
    let under_way = Arc::new(Semaphore::new(COMMANDS));
    while let Ok(mut room) = under_way.clone().acquire_owned().await {
        let most = BATCH.min(1 + under_way.available_permits());
        let batch = gather(&mut letters, most).await;
        if batch.is_empty() {
            return;
        }
        // Nobody else takes any, so they are there, unless the connection has broken.
        let others = u32::try_from(batch.len() - 1).unwrap_or(u32::MAX);
        match under_way.clone().try_acquire_many_owned(others) {
            Ok(more) => room.merge(more),
            Err(_) => return,
        }
        let (connection, under_way) = (connection.clone(), under_way.clone());
        let mut bringing = Box::pin(async move {
            if bring(batch, connection, clock).await.is_none() {
                under_way.close();
            }
        });
        // Here until they are in the connection, so that the next batch comes behind.
        if poll_once(bringing.as_mut()).await.is_pending() {
            tokio::spawn(finish(bringing, room));
        }
    }
}

/// What goes together next, `most` at most; nothing when nobody can post any more.
async fn gather(letters: &mut mpsc::Receiver<Letter>, most: usize) -> Vec<Letter> {
    let Some(first) = letters.recv().await else {
        return Vec::new();
    };
    // Whoever was woken together with the first of them posts now.
    tokio::task::yield_now().await;
    let mut batch = Vec::with_capacity(most.min(1 + letters.len()));
    let mut bytes = first.bytes();
    batch.push(first);
    while batch.len() < most
        && bytes < BYTES
        && let Ok(letter) = letters.try_recv()
    {
        bytes += letter.bytes();
        batch.push(letter);
    }
    batch
}

/// Brings a batch to the server, and each answer to who waits for it; `None` says that there were no answers.
async fn bring(
    batch: Vec<Letter>,
    mut connection: MultiplexedConnection,
    clock: Clock,
) -> Option<()> {
    let mut all = Pipeline::with_capacity(batch.len());
    let mut waiting = Vec::with_capacity(batch.len());
    for Letter { cmd, answer } in batch {
        if !answer.is_closed() {
            all.add_command(cmd);
            waiting.push(answer);
        }
    }
    if waiting.is_empty() {
        return Some(());
    }
    let asking = connection.send_packed_commands(&all, 0, waiting.len());
    let answered = clock.until(clock.now().after(PATIENCE), asking).await;
    match answered.unwrap_or_else(|| Err(unanswered())) {
        Ok(answers) => {
            for (waiting, answer) in waiting.into_iter().zip(answers) {
                drop(waiting.send(checked(answer)));
            }
            Some(())
        }
        Err(error) => {
            for waiting in waiting {
                drop(waiting.send(Err(error.clone())));
            }
            None
        }
    }
}

async fn finish(bringing: Pin<Box<impl Future<Output = ()>>>, room: OwnedSemaphorePermit) {
    bringing.await;
    drop(room);
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

fn broken() -> RedisError {
    io::Error::new(io::ErrorKind::BrokenPipe, "the connection has broken").into()
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use redis::{AsyncConnectionConfig, RedisConnectionInfo};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    /// A post at a server that is the other end of the stream; it has been greeted.
    async fn opened() -> (Post, DuplexStream) {
        let (socket, mut server) = tokio::io::duplex(1 << 20);
        let patient = AsyncConnectionConfig::new().set_response_timeout(None);
        let who = RedisConnectionInfo::default().set_skip_set_lib_name();
        let made = MultiplexedConnection::new_with_config(&who, socket, patient).await;
        let (connection, driver) = made.unwrap();
        tokio::spawn(driver);
        let post = Post::of(connection, Clock::default());
        assert!(
            poll_once(pin!(server.read_u8())).await.is_pending(),
            "the greeting is empty"
        );
        (post, server)
    }

    fn echo(word: &str) -> Cmd {
        let mut echo = redis::cmd("ECHO");
        echo.arg(word);
        echo
    }

    fn packed(words: &[&str]) -> Vec<u8> {
        words
            .iter()
            .flat_map(|word| echo(word).get_packed_command())
            .collect()
    }

    async fn heard(server: &mut DuplexStream, words: &[&str]) {
        let expected = packed(words);
        let mut heard = vec![0; expected.len()];
        server.read_exact(&mut heard).await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&heard),
            String::from_utf8_lossy(&expected)
        );
    }

    #[tokio::test]
    async fn commands_leave_in_their_order_and_each_has_its_own_answer() {
        let (post, mut server) = opened().await;
        let asking = async {
            tokio::join!(biased; post.ask(echo("a")), post.ask(echo("b")), post.ask(echo("c")))
        };
        let serving = async {
            heard(&mut server, &["a", "b", "c"]).await;
            server
                .write_all(b"+A\r\n-WRONGTYPE no stream\r\n+C\r\n")
                .await
                .unwrap();
        };
        let ((a, b, c), ()) = tokio::join!(asking, serving);
        assert_eq!(a.unwrap(), Value::SimpleString("A".to_owned()));
        assert_eq!(b.unwrap_err().code(), Some("WRONGTYPE"));
        assert_eq!(c.unwrap(), Value::SimpleString("C".to_owned()));
    }

    #[tokio::test]
    async fn whoever_gives_up_takes_a_command_along_that_has_not_left() {
        let (post, mut server) = opened().await;
        {
            let given_up = pin!(post.ask(echo("given up")));
            assert!(poll_once(given_up).await.is_pending());
        }
        let serving = async {
            heard(&mut server, &["kept"]).await;
            server.write_all(b"+OK\r\n").await.unwrap();
        };
        let (kept, ()) = tokio::join!(biased; post.ask(echo("kept")), serving);
        assert_eq!(kept.unwrap(), Value::Okay);
    }

    #[tokio::test]
    async fn a_batch_ends_behind_what_the_server_reads_at_once_and_where_there_is_no_room() {
        let (post, mut letters) = mpsc::channel(COMMANDS);
        let (half, one) = ("x".repeat(BYTES / 2), "y".to_owned());
        for word in [&half, &half, &half, &one, &one, &one, &half, &half] {
            let (answer, _) = oneshot::channel();
            let cmd = echo(word);
            assert!(post.try_send(Letter { cmd, answer }).is_ok());
        }
        drop(post);
        let mut gathered = Vec::new();
        for most in [BATCH, 3, BATCH, BATCH, BATCH] {
            gathered.push(gather(&mut letters, most).await.len());
        }
        assert_eq!(gathered, [2, 3, 3, 0, 0]);
    }

    #[test]
    fn a_letter_knows_about_how_long_it_is() {
        let (answer, _) = oneshot::channel();
        let letter = Letter {
            cmd: echo(&"x".repeat(1000)),
            answer,
        };
        assert!(packed(&[&"x".repeat(1000)]).len().abs_diff(letter.bytes()) < 32);
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_for_a_silent_server_learn_it_together() {
        let (post, _server) = opened().await;
        let post = Arc::new(post);
        let asking: Vec<_> = (0..3 * COMMANDS)
            .map(|_| {
                let post = post.clone();
                tokio::spawn(async move { post.ask(echo("x")).await.unwrap_err().to_string() })
            })
            .collect();
        let (begun, mut told) = (Clock::default().now(), std::collections::BTreeMap::new());
        for asking in asking {
            *told.entry(asking.await.unwrap()).or_insert(0) += 1;
        }
        assert_eq!(Clock::default().now().since(begun).as_secs(), 10);
        let silent = told
            .iter()
            .filter(|(why, _)| why.contains("has not answered within 10s"));
        assert_eq!(
            silent.map(|(_, count)| count).sum::<usize>(),
            COMMANDS,
            "{told:?}"
        );
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_told_to_all() {
        let (post, server) = opened().await;
        let asking = async { tokio::join!(biased; post.ask(echo("a")), post.ask(echo("b"))) };
        let ((a, b), ()) = tokio::join!(biased; asking, async { drop(server) });
        for error in [a.unwrap_err(), b.unwrap_err()] {
            assert_eq!(error.kind(), redis::ErrorKind::Io, "{error:?}");
        }
    }
}
