//! A call as its caller describes it, and what becomes of it: the way through the interceptors, and
//! the reply.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::encoded::Encoded;
use super::only::gather;
use super::placing::Placing;
use super::progress::{Progress, Stage};
use super::replies::{Again, Replies};
use super::stub::Stub;
use super::way::Way;
use crate::call::{BoxFuture, CallHead, FrameStream, Kind, OneFrame, current_deadline};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::rpc::{Answer, Called, Caller, ClientNext, Codings, Exchange, Method, Reply};
use crate::seam::Moment;
use crate::transport::{Body, ClientCall};

/// Everything that a call needs to start.
pub(super) struct Outgoing {
    stub: Stub,
    method: &'static Method,
    encoded: Encoded,
    metadata: Result<Metadata>,
    timeout: Option<Duration>,
    compress: bool,
    dial_timeout: Option<Duration>,
    patient: bool,
    progress: Progress,
}

impl Outgoing {
    pub(super) fn new(stub: Stub, method: &'static Method, encoded: Encoded) -> Self {
        let metadata = Ok(Metadata::new());
        Self {
            stub,
            method,
            encoded,
            metadata,
            timeout: None,
            compress: false,
            dial_timeout: None,
            patient: false,
            progress: Progress::default(),
        }
    }

    pub(super) fn set_codec(&mut self, name: &str) {
        let (client, service) = (&self.stub.client().0, self.stub.service());
        self.encoded.change(client, name, service, self.method);
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    pub(super) fn set_compress(&mut self, compress: bool) {
        self.compress = compress;
    }

    pub(super) fn set_dial_timeout(&mut self, timeout: Duration) {
        self.dial_timeout = Some(timeout);
    }

    pub(super) fn set_patient(&mut self) {
        self.patient = true;
    }

    pub(super) fn add_metadata(&mut self, add: impl FnOnce(&mut Metadata) -> Result<()>) {
        if let Ok(metadata) = &mut self.metadata
            && let Err(error) = add(metadata)
        {
            self.metadata = Err(error);
        }
    }

    pub(super) fn codings(&self) -> &Codings {
        self.encoded.codings()
    }

    /// Makes a unary call and gives its reply; once.
    pub(super) async fn ask<O>(&mut self) -> Result<Reply<O>>
    where
        O: prost::Message + Default + 'static,
    {
        let deadline = self.deadline();
        let deadline = deadline.unwrap_or_else(|| self.after_request_timeout());
        let call = self.client_call(Some(deadline), None)?;
        let mut answer = self.run(call).await?;
        loop {
            match answer {
                Answer::One {
                    metadata,
                    message,
                    trailers,
                } => {
                    let message = self.codings().reply.decode(message);
                    let message = message.map_err(|error| self.called().undecodable(error))?;
                    return Ok(Reply::new(message, metadata, trailers));
                }
                // In a box, as it is rare.
                Answer::Stream(frames) => {
                    let clock = self.stub.client().0.seam.clock;
                    let gathered = gather(frames, clock, deadline, self.called());
                    answer = Box::pin(gathered).await?;
                }
            }
        }
    }

    /// Begins a streaming call and gives what comes back, with what its caller is to know of it; once.
    pub(super) async fn open(
        &mut self,
        body: Option<Body>,
    ) -> Result<(Box<dyn FrameStream>, Caller)> {
        let deadline = self.deadline();
        let call = self.client_call(deadline, body)?;
        let frames: Box<dyn FrameStream> = match self.run(call).await? {
            Answer::Stream(frames) => frames,
            Answer::One {
                message,
                metadata,
                trailers,
            } => Box::new(OneFrame::with(message, metadata, trailers)),
        };
        // An interceptor may have brought the deadline forward, and not put it off.
        let inner = self.progress.inner_deadline();
        let deadline = deadline.into_iter().chain(inner).min();
        Ok((frames, self.caller(deadline)))
    }

    /// Takes the call through the interceptors of its client.
    ///
    /// The call is handed over before the future is made, which so has no room for it.
    fn run(&self, call: ClientCall) -> impl Future<Output = Result<Answer>> {
        let client = &self.stub.client().0;
        self.progress.reach(Stage::Intercept);
        let limit = self.limit(&call);
        self.progress.set_limit(limit);
        let chain = ClientNext::new(&client.options.interceptors, self).run(call);
        async move {
            let ended = client.seam.clock.until(limit, chain).await;
            ended.unwrap_or_else(|| Err(self.overtaken()))
        }
    }

    /// Finds a node and sends the call there, before its deadline.
    async fn send(&self, call: &ClientCall) -> Result<Answer> {
        let (clock, limit) = (self.stub.client().0.seam.clock, self.limit(call));
        let answered = clock.until(limit, self.place(call, limit)).await;
        answered.unwrap_or_else(|| Err(self.overtaken()))
    }

    /// Finds a node and sends the call there; whoever polls this watches over `limit`.
    async fn place(&self, call: &ClientCall, limit: Moment) -> Result<Answer> {
        let client = &self.stub.client().0;
        if limit <= client.seam.clock.now() {
            return Err(self.late("send"));
        }
        let placing = Placing {
            client,
            target: self.stub.target(),
            method: self.method,
            progress: &self.progress,
            patient: self.patient,
            dial_timeout: self.dial_timeout,
        };
        let answer = match call.kind {
            Kind::Unary => placing.ask(call).await,
            _ => {
                let begun = self.begin(&placing, call, limit).await;
                begun.map(Answer::Stream)
            }
        };
        answer.map_err(|error| self.caller(Some(limit)).told(error))
    }

    /// The error of a call whose deadline passed on its way.
    fn overtaken(&self) -> Error {
        let late = self.late(self.progress.stage().name());
        match self.progress.obstacle() {
            Some(obstacle) => late.source(obstacle),
            None => late,
        }
    }

    /// Hands a streaming call to a connection.
    async fn begin(
        &self,
        placing: &Placing<'_>,
        call: &ClientCall,
        limit: Moment,
    ) -> Result<Box<dyn FrameStream>> {
        let mut way = Way::default();
        let placed = placing.place(call, &mut way).await?;
        // What a stream has sent is gone with its node; one message is still there.
        let again = matches!(call.body, Body::One(_)).then(|| Again {
            call: call.clone(),
            method: self.method,
            way,
            patient: self.patient,
            dial_timeout: self.dial_timeout,
            left: limit.since(placing.client.seam.clock.now()),
        });
        let replies = Replies::new(self.stub.clone(), placed, again);
        self.progress
            .begin(replies.whereabouts(), call.head.deadline);
        Ok(Box::new(replies))
    }

    /// The call for a connection; what could not be built is the call's error.
    fn client_call(&mut self, deadline: Option<Moment>, body: Option<Body>) -> Result<ClientCall> {
        let message = self.encoded.take();
        let message = message.map_err(|error| self.called().refused(error))?;
        let mut head = CallHead::new(self.stub.service(), self.method.name());
        let metadata = std::mem::replace(&mut self.metadata, Ok(Metadata::new()));
        head.metadata = metadata.map_err(|error| self.called().refused(error))?;
        head.deadline = deadline;
        head.codec = Cow::Borrowed(self.codings().name());
        let body = body.unwrap_or(Body::One(message));
        let mut call = ClientCall::new(head, self.method.kind(), body);
        call.compress = self.compress;
        Ok(call)
    }

    /// The caller's own deadline, or that of the handler that makes the call, whichever is earlier.
    fn deadline(&self) -> Option<Moment> {
        let now = || self.stub.client().0.seam.clock.now();
        let own = self.timeout.map(|timeout| now().after(timeout));
        match (own, current_deadline()) {
            (Some(own), Some(inherited)) => Some(own.min(inherited)),
            (own, inherited) => own.or(inherited),
        }
    }

    /// When `call` is given up, or its search for a node where it has no deadline.
    fn limit(&self, call: &ClientCall) -> Moment {
        let deadline = call.head.deadline;
        deadline.unwrap_or_else(|| self.after_request_timeout())
    }

    fn after_request_timeout(&self) -> Moment {
        let client = &self.stub.client().0;
        let timeout = client.options.request_timeout;
        client.seam.clock.now().after(timeout)
    }

    fn late(&self, stage: &str) -> Error {
        self.called().late(stage)
    }

    fn caller(&self, deadline: Option<Moment>) -> Caller {
        let called = self.called();
        Caller { called, deadline }
    }

    fn called(&self) -> Called {
        self.stub.called(self.method, self.progress.whereabouts())
    }
}

impl Exchange for Outgoing {
    fn exchange(&self, call: ClientCall) -> BoxFuture<'_, Result<Answer>> {
        Box::pin(self.exchanged(call))
    }
}

impl Outgoing {
    /// The way of a call behind its interceptors.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` keeps its argument twice, which makes the future of every call larger"
    )]
    fn exchanged(&self, call: ClientCall) -> impl Future<Output = Result<Answer>> + Send {
        async move {
            let (outer, limit) = (self.progress.limit(), self.limit(&call));
            // The one timer around the interceptors does, unless one of them has brought the deadline forward.
            let answer = match outer {
                Some(outer) if outer <= limit => self.place(&call, limit).await,
                // In a box, as it is rare.
                _ => Box::pin(self.send(&call)).await,
            };
            self.progress.reach(Stage::Intercept);
            answer
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, method) = (self.stub.service(), self.method.name());
        write!(f, "{service}/{method} of {:?}", self.stub.target().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest block that glibc's malloc keeps in its quick lists; a larger one costs some 700
    /// instructions more for each call.
    const QUICK: usize = 1032;

    #[test]
    fn the_futures_of_a_unary_call_are_small() {
        fn size<A, F: Future>(_: impl FnOnce(A) -> F) -> usize {
            size_of::<F>()
        }
        let asked = size(|mut outgoing: Outgoing| async move { outgoing.ask::<()>().await });
        let exchanged =
            size(|(outgoing, call): (&'static Outgoing, ClientCall)| outgoing.exchanged(call));
        assert!(asked <= QUICK, "{asked} bytes");
        assert!(exchanged <= QUICK, "{exchanged} bytes");
    }
}
