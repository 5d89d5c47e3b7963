//! How a caller wants to be answered, as far as its request says it.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use super::said::Said;
use crate::call::Routes;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::transport::grpc::{GrpcConfig, encoding, limit, status};

/// What the answer to one call has to keep to.
pub(super) struct Answering {
    /// The name of our service, for a go-micro caller.
    go_micro: Option<Arc<str>>,
    compress: bool,
    limit: usize,
    list_limit: usize,
}

impl Answering {
    /// What a request asks for that has `said` so.
    pub(super) fn new(said: &Said, config: &GrpcConfig, routes: &dyn Routes) -> Self {
        let is_go_micro = said.x_content_type.is_some();
        let accepts_gzip = said
            .accept_encoding
            .as_ref()
            .is_some_and(encoding::accepts_gzip);
        Self {
            go_micro: is_go_micro.then(|| routes.service_id().unwrap_or_default()),
            compress: accepts_gzip && config.compression.is_gzip(),
            limit: config.max_send_size,
            list_limit: config.max_header_list_size as usize,
        }
    }

    /// Whether replies may be in gzip.
    pub(super) fn compresses(&self) -> bool {
        self.compress
    }

    /// The run as it leaves; an error for one with a message that is too long.
    pub(super) fn outgoing(&self, run: Bytes) -> Result<Bytes> {
        limit::check_run(&run, self.limit)?;
        Ok(encoding::pack_run(run, self.compress))
    }

    /// The trailers of a call that has ended so.
    pub(super) fn trailers(&self, ended: Result<(), &Error>, own: Metadata) -> HeaderMap {
        let trailers = status::trailers(ended, own, self.go_micro.as_deref());
        match limit::check_list(&trailers, "trailers", self.list_limit) {
            Ok(()) => trailers,
            Err(too_long) => status::instead(ended.err(), &too_long),
        }
    }

    /// Refuses metadata of a reply that is too long.
    pub(super) fn check_metadata(&self, metadata: &Metadata) -> Result<()> {
        limit::check_list(metadata.headers(), "reply metadata", self.list_limit)
    }
}
