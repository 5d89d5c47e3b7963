//! A connection as callers see it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::uri::Authority;

use super::dirty::DirtyList;
use super::exchange::Exchange;
use super::outgoing::Outgoing;
use super::places::{Place, Places};
use crate::call::{FrameStream, SendBuffer};
use crate::error::{Code, Error, Result};
use crate::seam::Clock;
use crate::transport::grpc::encoding::pack_run;
use crate::transport::grpc::limit::check_run;
use crate::transport::grpc::{GrpcConfig, head, reset};
use crate::transport::{Body, ClientCall, Connection, Refused, Turn};

/// The callers' end of a connection. Calls that run keep what they need of it, so it may be dropped before they end; the
/// connection closes when nothing is left.
pub(super) struct Link {
    pub(super) requests: SendRequest<Bytes>,
    /// A clone that never sends: asking it costs less than a fresh one each time.
    pub(super) probe: Mutex<SendRequest<Bytes>>,
    pub(super) authority: Authority,
    pub(super) address: String,
    pub(super) places: Arc<Places>,
    pub(super) dirty: Arc<DirtyList>,
    pub(super) clock: Clock,
    pub(super) config: Arc<GrpcConfig>,
}

impl Link {
    /// Takes note of what the peer has said: how many calls it takes, and whether it takes any.
    pub(super) fn refresh(&self) {
        self.places
            .set_limit(self.requests.current_max_send_streams());
        if !self.h2_is_open() {
            self.places.close();
        }
    }

    fn h2_is_open(&self) -> bool {
        let mut probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cx = Context::from_waker(Waker::noop());
        // What has sent nothing never waits: it is ready, or the connection is over.
        matches!(probe.poll_ready(&mut cx), Poll::Ready(Ok(())))
    }

    /// The place that `call` has waited for, if it did so here, or one that is free.
    fn place(&self, call: &mut ClientCall) -> Option<Place> {
        let waited = call.turn.take().and_then(|turn| turn.take::<Place>());
        let waited = waited.filter(|place| place.is_of(&self.places));
        waited.or_else(|| self.places.take())
    }

    fn begin(&self, call: ClientCall, place: Place) -> Result<Exchange> {
        let ClientCall {
            head,
            mut body,
            compress,
            ..
        } = call;
        let compress = cfg!(feature = "gzip") && (compress || self.config.compression.is_gzip());
        if let Body::One(run) = &mut body {
            check_run(run, self.config.max_send_size)?;
            *run = pack_run(std::mem::take(run), compress);
        }
        let request = head::request(
            head,
            compress,
            self.config.max_header_list_size as usize,
            &self.authority,
            &self.clock,
        )?;
        let (response, stream) = self
            .requests
            .clone()
            .send_request(request, false)
            .map_err(|error| self.not_sent(error))?;
        let outgoing = self.send_body(body, compress, stream);
        Ok(self.exchange(response, outgoing, place))
    }

    /// Gives h2 a short message at once; whatever may have to wait gets a sending side.
    fn send_body(
        &self,
        body: Body,
        compress: bool,
        mut stream: h2::SendStream<Bytes>,
    ) -> Option<Arc<Outgoing>> {
        let (rest, buffer) = match body {
            Body::One(run) if run.len() <= AT_ONCE => {
                // An error means that the stream is closed, and the reply says why.
                let _ = stream.send_data(run, true);
                return None;
            }
            Body::One(run) => {
                let buffer = SendBuffer::new();
                buffer.end();
                (run, buffer)
            }
            Body::Stream(buffer) => (Bytes::new(), buffer),
        };
        let dirty = Arc::clone(&self.dirty);
        let limit = self.config.max_send_size;
        let outgoing = Outgoing::new(stream, rest, buffer, limit, compress, dirty);
        outgoing.pump();
        Some(outgoing)
    }

    fn exchange(
        &self,
        response: ResponseFuture,
        outgoing: Option<Arc<Outgoing>>,
        place: Place,
    ) -> Exchange {
        Exchange::new(response, outgoing, place, &self.config)
    }

    /// The error of a call that h2 did not take; nothing of it has left.
    fn not_sent(&self, error: h2::Error) -> Error {
        if self.h2_is_open() {
            return reset::call_error(error);
        }
        self.places.close();
        self.closed().source(error)
    }

    fn closed(&self) -> Error {
        Error::unavailable(format!(
            "the connection to {} takes no more calls",
            self.address
        ))
        .unprocessed()
    }
}

/// Bodies up to this length go to h2 whole: it holds back what the window does not allow, and that little cannot pile up.
const AT_ONCE: usize = 16 * 1024;

#[async_trait]
impl Connection for Link {
    fn start(&self, mut call: ClientCall) -> std::result::Result<Box<dyn FrameStream>, Refused> {
        if !self.is_open() {
            return Err(Refused::Closed(self.closed(), Box::new(call)));
        }
        let Some(place) = self.place(&mut call) else {
            return Err(Refused::Busy(Box::new(call)));
        };
        let buffer = match &call.body {
            Body::One(_) => None,
            Body::Stream(buffer) => Some(buffer.clone()),
        };
        let exchange = self.begin(call, place).unwrap_or_else(|error| {
            if let Some(buffer) = buffer {
                buffer.close(Code::Cancelled, "the call was not sent; recv says why");
            }
            Exchange::failed(error.of_sending())
        });
        Ok(Box::new(exchange))
    }

    async fn ready(&self) -> Result<Turn> {
        let place = self.places.wait().await;
        place.map(Turn::new).ok_or_else(|| self.closed())
    }

    fn is_open(&self) -> bool {
        self.places.is_open()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grpc connection to {}", self.address)
    }
}
