//! Peers that freeze, and peers that are only quiet.

use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use rmicro_runtime::Code;
use rmicro_runtime::transport::GrpcConfig;
use rmicro_tests::raw::{ADA, post};
use rmicro_tests::{Rig, Scripted, hello, reply};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

const LIMIT: Duration = Duration::from_secs(20);

fn impatient() -> GrpcConfig {
    GrpcConfig::default()
        .keep_alive_interval(Duration::from_millis(100))
        .keep_alive_timeout(Duration::from_millis(300))
}

fn polite() -> Scripted {
    Scripted::default().hello(|_, request| async move { Ok(reply(request.name)) })
}

#[tokio::test]
async fn a_server_drops_the_handlers_of_a_client_that_froze() {
    struct Tell(mpsc::UnboundedSender<&'static str>);
    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.0.send("dropped");
        }
    }
    let (told, mut heard) = mpsc::unbounded_channel();
    let waiting = Scripted::default().hello(move |_, _| {
        let told = told.clone();
        async move {
            let _ = told.send("started");
            let _tell = Tell(told);
            pending().await
        }
    });
    let rig = Rig::grpc(impatient(), GrpcConfig::default(), waiting).await;
    let socket = TcpStream::connect(rig.listener.address()).await.unwrap();
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    let mut connection = Box::pin(connection);
    let request = post(&rig, "/greet.v1.Greeter/Hello");
    let call = async {
        let mut client = client.ready().await.unwrap();
        let (response, mut stream) = client.send_request(request, false).unwrap();
        stream.send_data(Bytes::from_static(ADA), true).unwrap();
        (heard.recv().await, response)
    };
    let (started, _response) = tokio::select! {
        biased;
        _ = &mut connection => panic!("the connection ended"),
        started = timeout(LIMIT, call) => started.unwrap(),
    };
    assert_eq!(started, Some("started"));
    // From here on nobody polls the client's connection, and its socket stays open.
    assert_eq!(timeout(LIMIT, heard.recv()).await.unwrap(), Some("dropped"));
    drop(connection);
}

#[tokio::test]
async fn connections_that_are_only_quiet_stay() {
    let rig = Rig::grpc(impatient(), impatient(), polite()).await;
    let call = || rig.greeter.hello(hello("Ada"));
    call().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    call().await.unwrap();
}

#[tokio::test]
async fn a_client_gives_up_a_server_that_froze() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(socket).await.unwrap();
        let _call = connection.accept().await.unwrap().unwrap();
        // Nobody polls the connection any more.
        pending::<()>().await;
    });
    let rig = Rig::grpc(impatient(), impatient(), polite()).await;
    let rig = rig.moved_to(&address).await;
    let error = timeout(LIMIT, rig.greeter.hello(hello("Ada"))).await;
    let error = error.expect("it waits for ever").unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("ping"), "{error}");
}

#[tokio::test]
async fn a_peer_that_never_says_a_word_is_turned_away() {
    let config = GrpcConfig::default().handshake_timeout(Duration::from_millis(100));
    let rig = Rig::grpc(config, GrpcConfig::default(), polite()).await;
    let mut socket = TcpStream::connect(rig.listener.address()).await.unwrap();
    let mut nothing = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut socket, &mut nothing);
    let _ = timeout(LIMIT, read)
        .await
        .expect("the server closes the connection");
    assert_eq!(nothing, b"");
}

#[tokio::test]
async fn a_server_tells_how_many_calls_it_takes_at_a_time() {
    for (config, streams) in [
        (GrpcConfig::default(), 1000),
        (GrpcConfig::default().max_concurrent_streams(7), 7),
    ] {
        let rig = Rig::grpc(config, GrpcConfig::default(), polite()).await;
        let socket = TcpStream::connect(rig.listener.address()).await.unwrap();
        let (client, connection) = h2::client::Builder::new()
            .initial_max_send_streams(0)
            .handshake::<_, Bytes>(socket)
            .await
            .unwrap();
        tokio::spawn(connection);
        let client = timeout(LIMIT, client.ready()).await.unwrap().unwrap();
        let told = async {
            while client.current_max_send_streams() == 0 {
                tokio::task::yield_now().await;
            }
            client.current_max_send_streams()
        };
        assert_eq!(timeout(LIMIT, told).await.unwrap(), streams);
    }
}
