//! What a broken stream or connection means for a call (gRPC's `PROTOCOL-HTTP2.md`, "HTTP2 Transport Mapping").

use h2::Reason;

use crate::error::{Code, Error};

/// The error of a call whose stream ended with `error`.
///
/// It is marked as unprocessed where the peer says that it has not looked at the stream: REFUSED_STREAM, or a number above the
/// last one that its GOAWAY names (RFC 9113, sections 6.8 and 8.7).
pub(super) fn call_error(error: h2::Error) -> Error {
    match error.reason() {
        // A peer that is annoyed may be so by this very call, which must not annoy the next node.
        Some(Reason::ENHANCE_YOUR_CALM) if error.is_go_away() && error.is_remote() => {
            let message = "the peer has ended the connection, because it was asked for too much";
            Error::resource_exhausted(message).source(error)
        }
        // h2 gives a peer's GOAWAY to the streams above its last number only.
        Some(_) if error.is_go_away() && error.is_remote() => {
            Error::unavailable("the peer is going away and has not looked at the call")
                .source(error)
                .unprocessed()
        }
        Some(reason) if error.is_reset() => reset(reason, error.is_remote()).source(error),
        Some(_) => Error::unavailable("the connection broke").source(error),
        None if error.is_io() => Error::unavailable("the connection was lost").source(error),
        None => Error::internal("the call cannot be carried on").source(error),
    }
}

/// The code for a stream that was reset with `reason`.
pub(super) fn code(reason: Reason) -> Code {
    match reason {
        Reason::NO_ERROR
        | Reason::PROTOCOL_ERROR
        | Reason::INTERNAL_ERROR
        | Reason::FLOW_CONTROL_ERROR
        | Reason::SETTINGS_TIMEOUT
        | Reason::FRAME_SIZE_ERROR
        | Reason::COMPRESSION_ERROR
        | Reason::CONNECT_ERROR => Code::Internal,
        Reason::REFUSED_STREAM => Code::Unavailable,
        Reason::CANCEL => Code::Cancelled,
        Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Unknown,
    }
}

fn reset(reason: Reason, by_peer: bool) -> Error {
    let whose = if by_peer { "the peer" } else { "our side" };
    let error = Error::new(
        code(reason),
        format!("{whose} reset the call: {}", reason.description()),
    );
    if by_peer && reason == Reason::REFUSED_STREAM {
        error.unprocessed()
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_stream_is_unprocessed() {
        for number in 0..=13 {
            let reason = Reason::from(number);
            let refused = reason == Reason::REFUSED_STREAM;
            assert_eq!(reset(reason, true).is_unprocessed(), refused, "{reason:?}");
            assert!(!reset(reason, false).is_unprocessed());
        }
    }

    #[test]
    fn reasons_have_their_codes() {
        for (reason, expected) in [
            (Reason::NO_ERROR, Code::Internal),
            (Reason::PROTOCOL_ERROR, Code::Internal),
            (Reason::REFUSED_STREAM, Code::Unavailable),
            (Reason::CANCEL, Code::Cancelled),
            (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
            (Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
            (Reason::HTTP_1_1_REQUIRED, Code::Unknown),
        ] {
            assert_eq!(code(reason), expected, "{reason:?}");
        }
    }
}
