//! The codec of a call, and its one request as far as it is encoded.

use bytes::Bytes;

use super::Inner;
use crate::error::{Error, Result};
use crate::rpc::{Codings, Method};

/// How a call is encoded, which its caller may still change.
pub(super) struct Encoded {
    codings: Codings,
    /// Why the codec that was chosen last does not do.
    unfit: Option<Error>,
    /// The one request as a run of one frame, nothing where requests are streamed; or why there is no call at all.
    run: Result<Bytes>,
}

impl Encoded {
    /// In the codec of `client`, with no request yet.
    pub(super) fn new(client: &Inner, service: &str, method: &Method) -> Self {
        let run = Ok(Bytes::new());
        let codings = match client.is_proto {
            true => Ok(Codings::PROTO),
            false => codings(client, &client.options.codec, service, method),
        };
        let (codings, unfit) = match codings {
            Ok(codings) => (codings, None),
            Err(error) => (Codings::PROTO, Some(error)),
        };
        Self {
            codings,
            unfit,
            run,
        }
    }

    /// No call, because of `error`.
    pub(super) fn failed(error: Error) -> Self {
        Self {
            codings: Codings::PROTO,
            unfit: None,
            run: Err(error),
        }
    }

    /// Encodes the one request.
    pub(super) fn encode<I>(&mut self, request: &mut I)
    where
        I: prost::Message + Default + 'static,
    {
        if self.run.is_ok() {
            self.run = self.codings.request.run(request);
        }
    }

    /// Changes to the codec called `name`; what stands in the way is the call's error, unless another is chosen.
    pub(super) fn change(&mut self, client: &Inner, name: &str, service: &str, method: &Method) {
        self.unfit = self.recode(client, name, service, method).err();
    }

    fn recode(&mut self, client: &Inner, name: &str, service: &str, method: &Method) -> Result<()> {
        let Ok(run) = &mut self.run else {
            return Ok(());
        };
        if name == self.codings.name() {
            return Ok(());
        }
        let codings = codings(client, name, service, method)?;
        if !run.is_empty() {
            *run = codings.request.recode(&self.codings.request, run.clone())?;
        }
        self.codings = codings;
        Ok(())
    }

    pub(super) fn codings(&self) -> &Codings {
        &self.codings
    }

    /// Takes the request, or what is wrong with it; once.
    pub(super) fn take(&mut self) -> Result<Bytes> {
        match self.unfit.take() {
            Some(error) => Err(error),
            None => std::mem::replace(&mut self.run, Ok(Bytes::new())),
        }
    }
}

fn codings(client: &Inner, name: &str, service: &str, method: &Method) -> Result<Codings> {
    Codings::of(name, &client.options.codecs, service, Some(method))
}
