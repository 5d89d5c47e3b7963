//! What the headers of a request say to gRPC itself.
//!
//! Invariant: what is left of the headers is the caller's own metadata, and its `user-agent`: no name that is reserved.

use http::header::{HeaderMap, HeaderValue, USER_AGENT};

use crate::metadata::strip_reserved;
use crate::transport::grpc::limit::entry_size;

/// The first value of each header that means something here.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) content_type: Option<HeaderValue>,
    pub(super) grpc_timeout: Option<HeaderValue>,
    /// go-micro's.
    pub(super) timeout: Option<HeaderValue>,
    pub(super) encoding: Option<HeaderValue>,
    pub(super) accept_encoding: Option<HeaderValue>,
    /// go-micro's.
    pub(super) x_content_type: Option<HeaderValue>,
    /// How long the list of headers was, as RFC 9113 section 6.5.2 counts.
    pub(super) list_size: usize,
}

impl Said {
    /// Takes it out of `headers`.
    ///
    /// To take one header out of a map costs as much as to look at all of them, and most calls have no others: they are looked at
    /// once, and then the map is cleared.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        let (mut said, mut agent, mut has_others) = (Self::default(), None, false);
        for (name, value) in &*headers {
            said.list_size += entry_size(name, value);
            let place = match name.as_str() {
                "content-type" => &mut said.content_type,
                "grpc-timeout" => &mut said.grpc_timeout,
                "timeout" => &mut said.timeout,
                "grpc-encoding" => &mut said.encoding,
                "grpc-accept-encoding" => &mut said.accept_encoding,
                "x-content-type" => &mut said.x_content_type,
                "user-agent" if agent.is_none() => &mut agent,
                "te" => continue,
                _ => {
                    has_others = true;
                    continue;
                }
            };
            place.get_or_insert_with(|| value.clone());
        }
        if has_others {
            strip_reserved(headers);
        } else {
            headers.clear();
            if let Some(agent) = agent {
                headers.insert(USER_AGENT, agent);
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::grpc::limit::list_size;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    const OF_THE_PROTOCOL: [(&str, &str); 9] = [
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-timeout", "1S"),
        ("grpc-timeout", "2S"),
        ("timeout", "5"),
        ("grpc-encoding", "gzip"),
        ("grpc-accept-encoding", "gzip"),
        ("x-content-type", "application/grpc+proto"),
        ("user-agent", "test/1"),
    ];

    #[test]
    fn what_is_left_is_the_callers_own() {
        for own in [
            &[][..],
            &[("trace", "7"), ("trace", "8")],
            &[("user-agent", "test/2")],
        ] {
            let mut all = headers(&[&OF_THE_PROTOCOL, own].concat());
            let size = list_size(&all);
            let said = Said::take(&mut all);
            assert_eq!(all, headers(&[&[("user-agent", "test/1")], own].concat()));
            assert_eq!(said.list_size, size);
            assert_eq!(said.grpc_timeout.unwrap(), "1S");
            assert_eq!(said.content_type.unwrap(), "application/grpc");
            for value in [
                said.timeout,
                said.encoding,
                said.accept_encoding,
                said.x_content_type,
            ] {
                assert!(value.is_some());
            }
        }
    }

    #[test]
    fn no_reserved_name_is_left_whoever_is_beside_it() {
        let reserved = [
            ("content-length", "10"),
            ("content-length", "10"),
            ("host", "a"),
            ("grpc-previous-rpc-attempts", "1"),
            ("connection", "x"),
        ];
        for own in [&[][..], &[("accept-encoding", "gzip"), ("micro-id", "7")]] {
            let mut all = headers(&[&OF_THE_PROTOCOL[..], &reserved, own].concat());
            Said::take(&mut all);
            assert_eq!(all, headers(&[&[("user-agent", "test/1")], own].concat()));
        }
    }
}
