//! The limits of a gRPC connection.

use std::time::Duration;

use crate::call::SlowMark;

/// What a gRPC connection allows; everything has a default.
///
/// ```
/// use rmicro_runtime::transport::GrpcConfig;
///
/// let config = GrpcConfig::default().stream_window(64 * 1024).connection_window(64 * 1024);
/// assert_eq!(config.max_receive_size, 4 * 1024 * 1024);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrpcConfig {
    /// The longest message that is taken from a peer, in bytes; 4 MiB.
    pub max_receive_size: usize,
    /// The longest message that is sent, in bytes; 4 MiB.
    pub max_send_size: usize,
    /// How many bytes a peer may send on one stream ahead of what was read; 1 MiB. HTTP/2 allows 0 to 2^31-1.
    pub stream_window: u32,
    /// How many bytes a peer may send on one connection ahead of what was read; 256 MiB. Calls whose messages nobody reads hold up
    /// all others on their connection when they fill it, each with a `stream_window` of its own. Below 65,535 it counts as that,
    /// which is where HTTP/2 begins.
    pub connection_window: u32,
    /// The longest list of headers or trailers that is taken from a peer, and sent to one, in bytes as RFC 9113 section 6.5.2 counts;
    /// 16 KiB. What is longer ends its call with [`Code::ResourceExhausted`](crate::Code::ResourceExhausted); peers are told several
    /// times as much, beyond which HTTP/2 itself ends the call, or the connection.
    pub max_header_list_size: u32,
    /// How many calls may run at a time on one connection: a server tells its clients, a client keeps to it; 0, the default, is
    /// 1,000 for a server, and for a client whatever its peer allows.
    pub max_concurrent_streams: u32,
    /// How long a peer may be silent before it is asked for a sign of life. A server asks on every connection, after 2 h where this is
    /// `None`, the default. A client asks only while calls run, and never where this is `None`; gRPC's own servers turn away
    /// clients that ask more often than every 5 minutes.
    pub keep_alive_interval: Option<Duration>,
    /// How long a peer that was asked may stay silent; then its connection is dropped, and the calls on it are
    /// [`Code::Unavailable`](crate::Code::Unavailable). 20 s by default.
    pub keep_alive_timeout: Duration,
    /// How long a peer that has connected to a server may take to say that it speaks HTTP/2; 10 s by default.
    pub handshake_timeout: Duration,
    /// How messages are compressed that are sent; not at all by default.
    ///
    /// A server compresses replies to callers that accept it. A client cannot know beforehand what a node accepts: one that does not
    /// understand it, a go-micro node for example, answers [`Code::Unimplemented`](crate::Code::Unimplemented). What a peer has
    /// compressed is understood whatever is said here.
    pub compression: Compression,
    /// How long a server lets a call compute in the task of its connection before the call and its method get tasks of their own;
    /// 1 ms.
    pub slow_after: Duration,
}

/// How messages are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    Identity,
    /// With gzip (RFC 1952), where that makes a message shorter.
    #[cfg(feature = "gzip")]
    Gzip,
}

impl Compression {
    pub(super) fn is_gzip(self) -> bool {
        self != Self::Identity
    }
}

impl GrpcConfig {
    /// Sets how long a call may compute in the task of its connection.
    #[must_use]
    pub fn slow_after(mut self, limit: Duration) -> Self {
        self.slow_after = limit;
        self
    }

    /// Sets the longest message both ways, in bytes.
    #[must_use]
    pub fn max_message_size(self, bytes: usize) -> Self {
        self.max_receive_size(bytes).max_send_size(bytes)
    }

    /// Sets the longest message that is taken from a peer, in bytes.
    #[must_use]
    pub fn max_receive_size(mut self, bytes: usize) -> Self {
        self.max_receive_size = bytes;
        self
    }

    /// Sets the longest message that is sent, in bytes.
    #[must_use]
    pub fn max_send_size(mut self, bytes: usize) -> Self {
        self.max_send_size = bytes;
        self
    }

    /// Sets how many bytes a peer may send ahead on one stream; more than HTTP/2 allows counts as 2^31-1.
    #[must_use]
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = bytes.min(MAX_WINDOW);
        self
    }

    /// Sets how many bytes a peer may send ahead on one connection; more than HTTP/2 allows counts as 2^31-1.
    #[must_use]
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes.min(MAX_WINDOW);
        self
    }

    /// Sets the longest list of headers or trailers that is taken from a peer and sent to one, in bytes.
    #[must_use]
    pub fn max_header_list_size(mut self, bytes: u32) -> Self {
        self.max_header_list_size = bytes;
        self
    }

    /// Sets how many calls may run at a time on one connection; 0 is 1,000 for a server, and for a client what its peer allows.
    #[must_use]
    pub fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.max_concurrent_streams = streams;
        self
    }

    /// Sets how long a peer may be silent before it is asked for a sign of life; [`Duration::MAX`] is for ever.
    #[must_use]
    pub fn keep_alive_interval(mut self, interval: Duration) -> Self {
        self.keep_alive_interval = Some(interval);
        self
    }

    /// Sets how long a peer that was asked for a sign of life may stay silent.
    #[must_use]
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.keep_alive_timeout = timeout;
        self
    }

    /// Sets how long a peer may take to say that it speaks HTTP/2.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Sets how messages are compressed that are sent.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }
}

impl Default for GrpcConfig {
    fn default() -> Self {
        Self {
            max_receive_size: 4 << 20,
            max_send_size: 4 << 20,
            stream_window: 1 << 20,
            connection_window: 256 << 20,
            max_header_list_size: 16 * 1024,
            max_concurrent_streams: 0,
            keep_alive_interval: None,
            keep_alive_timeout: Duration::from_secs(20),
            handshake_timeout: Duration::from_secs(10),
            compression: Compression::Identity,
            slow_after: SlowMark::LIMIT,
        }
    }
}

/// The largest window (RFC 9113, section 6.9.1); h2 panics above it.
const MAX_WINDOW: u32 = (1 << 31) - 1;
