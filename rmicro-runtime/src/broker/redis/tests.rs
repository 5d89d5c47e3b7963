//! The broker at a server that is played: what it does when that is no good one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tracing::level_filters::LevelFilter;

use super::*;
use crate::error::Code;
use crate::service::{Service, capture};

/// A server that answers each command as `answer` says; without an answer it hangs up.
async fn played(answer: impl Fn(&[String]) -> Option<String> + Send + Sync + 'static) -> Redis {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move { converse(stream, &*answer).await });
        }
    });
    let config = RedisConfig::default().address(at.to_string());
    Redis::new(config.credentials("ann", "s3cret"), Seam::default()).unwrap()
}

async fn converse(
    stream: TcpStream,
    answer: &impl Fn(&[String]) -> Option<String>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let words = heard(&mut stream).await?;
        let Some(answer) = answer(&words).or_else(|| usual(&words)) else {
            return Ok(());
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// The next command, an array of strings (RESP).
async fn heard(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<String>> {
    let mut words = Vec::new();
    for _ in 0..number(stream).await? {
        let mut word = vec![0; number(stream).await? + 2];
        stream.read_exact(&mut word).await?;
        word.truncate(word.len() - 2);
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    Ok(words)
}

async fn number(stream: &mut BufReader<TcpStream>) -> io::Result<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let number = line
        .trim_end()
        .get(1..)
        .and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// What any server answers to these.
fn usual(words: &[String]) -> Option<String> {
    let text = match words[0].as_str() {
        "AUTH" | "SELECT" | "CLIENT" => "+OK\r\n",
        "PING" => "+PONG\r\n",
        "INFO" => "$21\r\nredis_version:7.2.4\r\n\r\n",
        _ => return None,
    };
    Some(text.to_owned())
}

fn is(words: &[String], command: &str) -> bool {
    words[0] == command
}

#[tokio::test]
async fn a_server_of_another_kind_is_told() {
    let broker = played(|_| Some("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned())).await;
    let error = broker.publish("t", Message::new("x")).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition, "{error:?}");
    assert!(
        error
            .message()
            .contains("does not speak the protocol of Redis"),
        "{error:?}"
    );
    assert!(!format!("{error:?} {broker:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_server_that_is_too_old_is_told() {
    let old = "$22\r\nredis_version:6.0.16\r\n\r\n";
    let broker = played(move |words| is(words, "INFO").then(|| old.to_owned())).await;
    let error = broker.subscribe(&"t".into()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented, "{error:?}");
    assert!(
        error
            .message()
            .contains("is version 6.0.16; broker redis needs 6.2"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_still_loads_is_waited_for() {
    let asked = AtomicUsize::new(0);
    let broker = played(move |words| {
        let loads = is(words, "PING") && asked.fetch_add(1, Ordering::SeqCst) < 3;
        let loading = loads.then_some("-LOADING Redis is loading the dataset in memory\r\n");
        loading
            .or(is(words, "XADD").then_some("$3\r\n1-0\r\n"))
            .map(str::to_owned)
    });
    broker.await.publish("t", Message::new("x")).await.unwrap();
}

#[tokio::test]
async fn what_may_not_have_arrived_is_published_again() {
    let added = Arc::new(AtomicUsize::new(0));
    let counted = added.clone();
    let broker = played(move |words| {
        let first = is(words, "XADD") && counted.fetch_add(1, Ordering::SeqCst) == 0;
        (is(words, "XADD") && !first).then(|| "$3\r\n1-0\r\n".to_owned())
    });
    broker.await.publish("t", Message::new("x")).await.unwrap();
    assert_eq!(added.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_the_server_refuses_is_told_at_once() {
    for (said, code, part) in [
        (
            "OOM command not allowed",
            Code::ResourceExhausted,
            "no memory left",
        ),
        (
            "NOPERM User ann has no permissions",
            Code::PermissionDenied,
            "does not allow it",
        ),
        (
            "MOVED 3999 127.0.0.1:6381",
            Code::Unimplemented,
            "a node of a cluster",
        ),
        (
            "MISCONF Redis is configured to save",
            Code::Unavailable,
            "takes nothing now",
        ),
        ("ERR something else", Code::Unknown, "something else"),
    ] {
        let broker = played(move |words| is(words, "XADD").then(|| format!("-{said}\r\n")));
        let error = broker
            .await
            .publish("t", Message::new("x"))
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.message().contains(part), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_to_who_does_not_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("redis://ann:s3cret@{at}");
    let broker = Redis::from_url(&url, Seam::default()).unwrap();
    for error in [
        broker.connect().await.unwrap_err(),
        broker.subscribe(&"t".into()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::Unavailable, "{error:?}");
        assert!(
            error
                .message()
                .contains(&format!("redis at {at} cannot be reached")),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
}

/// What an event is told that is not published within 300 ms.
async fn late(broker: &Redis) -> String {
    let builder = Service::builder("shop")
        .registry("memory")
        .transport("memory");
    let service = builder.broker(broker.clone()).build().unwrap();
    let event = Message::new("x");
    let publishing = service
        .publish("t", &event)
        .timeout(Duration::from_millis(300));
    let error = publishing.await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    error.message().to_owned()
}

#[tokio::test]
async fn an_event_that_waits_in_vain_is_told_for_which_server_and_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("redis://ann:s3cret@{at}");
    let broker = Redis::from_url(&url, Seam::default()).unwrap();
    let begin = "publish: topic \"t\" at broker redis: the deadline passed; redis at ";
    let told = late(&broker).await;
    let expected = format!("{begin}{at} cannot be reached: Connection refused");
    assert!(told.starts_with(&expected), "{told}");
    assert!(!told.contains("s3cret") && !told.contains('\n'), "{told}");

    let away = Arc::new(AtomicBool::new(false));
    let is_away = away.clone();
    let broker =
        played(move |words| in_an_outage(words, is_away.load(Ordering::SeqCst)).map(str::to_owned));
    let broker = broker.await;
    broker.publish("t", Message::new("x")).await.unwrap();
    away.store(true, Ordering::SeqCst);
    let told = late(&broker).await;
    assert!(
        told.contains(" cannot be reached: ") && told.contains("is loading"),
        "{told}"
    );
    away.store(false, Ordering::SeqCst);
    broker.publish("t", Message::new("x")).await.unwrap();
}

#[tokio::test]
async fn an_event_that_a_silent_server_has_not_answered_is_told_so() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = silent.local_addr().unwrap().to_string();
    let broker = Redis::new(RedisConfig::default().address(&at), Seam::default()).unwrap();
    let told = late(&broker).await;
    let expected = format!("the deadline passed; redis at {at} has not answered");
    assert!(told.ends_with(&expected), "{told}");
}

#[tokio::test]
async fn nobody_is_reached_before_the_first_use() {
    let reached = Arc::new(AtomicUsize::new(0));
    let counted = reached.clone();
    let broker = played(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        None
    })
    .await;
    assert_eq!(broker.name(), "redis");
    assert!(broker.address().is_some());
    tokio::task::yield_now().await;
    assert_eq!(reached.load(Ordering::SeqCst), 0);
    broker.connect().await.unwrap();
    assert!(reached.load(Ordering::SeqCst) > 0);
}

/// What a server answers to these that is there, or is `away`: loading its data, with all connections cut.
fn in_an_outage(words: &[String], away: bool) -> Option<&'static str> {
    match (words[0].as_str(), away) {
        ("PING", true) => Some("-LOADING Redis is loading the dataset in memory\r\n"),
        ("XADD", false) => Some("$3\r\n1-0\r\n"),
        ("XREADGROUP", false) => Some("*-1\r\n"),
        ("XGROUP", _) => Some("+OK\r\n"),
        ("XINFO", _) => Some("*0\r\n"),
        _ => None,
    }
}

#[tokio::test]
async fn an_outage_is_told_once_at_both_ends_however_many_connections_break() {
    let (_guard, lines) = capture(LevelFilter::INFO);
    let (away, turns) = (Arc::new(AtomicBool::new(false)), watch::Sender::new([0; 2]));
    let (is_away, counts) = (away.clone(), turns.clone());
    let broker = played(move |words| {
        let away = is_away.load(Ordering::SeqCst);
        if is(words, "PING") || is(words, "XREADGROUP") {
            counts.send_modify(|counts| counts[usize::from(away)] += 1);
        }
        in_an_outage(words, away).map(str::to_owned)
    });
    let broker = broker.await;
    let subscription = broker.subscribe(&"t".into()).await.unwrap();
    broker.publish("t", Message::new("x")).await.unwrap();
    away.store(true, Ordering::SeqCst);
    let (beside, mut turned) = (broker.clone(), turns.subscribe());
    let publishing = tokio::spawn(async move { beside.publish("t", Message::new("y")).await });
    turned.wait_for(|counts| counts[1] >= 6).await.unwrap();
    let before = turns.borrow()[0];
    away.store(false, Ordering::SeqCst);
    publishing.await.unwrap().unwrap();
    turned.wait_for(|counts| counts[0] > before).await.unwrap();
    drop(subscription);
    broker.disconnect().await.unwrap();
    let lines = lines.lock().unwrap();
    let ours = lines.iter().filter(|line| line.contains("Broker [redis]"));
    let told: Vec<_> = ours
        .map(|line| ["is lost, trying on:", "is there again"].map(|part| line.contains(part)))
        .collect();
    assert_eq!(told, [[true, false], [false, true]], "{lines:?}");
}

#[tokio::test]
async fn an_end_is_told_although_the_connection_that_was_to_tell_it_breaks() {
    let (acks, sent) = (watch::Sender::new(0), AtomicBool::new(false));
    let counted = acks.clone();
    let broker = played(move |words| match words[0].as_str() {
        "XREADGROUP" if !sent.swap(true, Ordering::SeqCst) => Some(
            "*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$4\r\nbody\r\n$1\r\nx\r\n"
                .to_owned(),
        ),
        "XPENDING" => Some("*0\r\n".to_owned()),
        "XACK" => {
            counted.send_modify(|count| *count += 1);
            (*counted.borrow() > 1).then(|| ":1\r\n".to_owned())
        }
        _ => in_an_outage(words, false).map(str::to_owned),
    });
    let broker = broker.await;
    let topic = Topic::new("t").queue("q");
    let mut subscription = broker.subscribe(&topic).await.unwrap();
    let delivery = subscription.next().await.unwrap().unwrap();
    delivery.ack().await.unwrap();
    assert_eq!(*acks.borrow(), 2);
    broker.disconnect().await.unwrap();
}

#[tokio::test]
async fn those_who_publish_at_once_learn_each_of_their_own() {
    let broker = played(|words| {
        let foreign = words.iter().any(|word| word.contains("foreign"));
        let told = if foreign {
            "-WRONGTYPE no\r\n"
        } else {
            "$3\r\n1-0\r\n"
        };
        is(words, "XADD").then(|| told.to_owned())
    });
    let broker = broker.await;
    let publish = |topic: &'static str| {
        let broker = broker.clone();
        tokio::spawn(async move { broker.publish(topic, Message::new("x")).await })
    };
    let tasks = ["own", "foreign", "own"]
        .repeat(50)
        .into_iter()
        .map(|topic| (topic, publish(topic)));
    for (topic, task) in tasks.collect::<Vec<_>>() {
        let published = task.await.unwrap();
        assert_eq!(published.is_err(), topic == "foreign", "{published:?}");
    }
}
