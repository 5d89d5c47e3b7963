//! Nodes that answer every call with the same bytes, whatever they are.

use std::future::poll_fn;

use bytes::Bytes;
use h2::Reason;
use http::Response;
use rmicro_tests::peer::{Peer, Say};
use tokio::sync::mpsc;

/// A message that is no protobuf.
pub(crate) const GARBAGE: &[u8] = &[0, 0, 0, 0, 2, 0xff, 0xff];

/// A node that answers with `data` and the status OK.
pub(crate) async fn answering(data: &'static [u8]) -> Peer {
    let answer = Say::grpc().data(data);
    Peer::saying(answer.trailers(&[("grpc-status", "0")])).await
}

/// A node that answers with `data` and goes on, until the call is reset, and with what it was.
pub(crate) async fn going_on(data: &'static [u8]) -> (Peer, mpsc::UnboundedReceiver<Reason>) {
    let (told, resets) = mpsc::unbounded_channel();
    let peer = Peer::listen(move |request, mut respond| {
        let told = told.clone();
        async move {
            let head = Response::builder().header("content-type", "application/grpc");
            let mut stream = respond
                .send_response(head.body(()).unwrap(), false)
                .unwrap();
            stream.send_data(Bytes::from_static(data), false).unwrap();
            let reason = poll_fn(|cx| stream.poll_reset(cx)).await;
            drop(request);
            let _ = reason.map(|reason| told.send(reason));
        }
    });
    (peer.await, resets)
}
