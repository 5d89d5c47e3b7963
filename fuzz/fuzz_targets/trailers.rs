//! A status is the same after it was written and read again, whatever trailers it came from.

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::grpc::{read_trailers, write_trailers};

/// So that the fuzzer need not find them by itself.
const NAMES: [&str; 4] = [
    "grpc-status",
    "grpc-message",
    "grpc-status-details-bin",
    "key-bin",
];

fuzz_target!(|input: Vec<(u8, &str, &[u8])>| {
    let mut trailers = HeaderMap::new();
    for (known, name, value) in input {
        let name = match NAMES.get(usize::from(known)) {
            Some(name) => Ok(HeaderName::from_static(name)),
            None => name.parse(),
        };
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            let _ = trailers.try_append(name, value);
        }
    }
    let (metadata, result) = read_trailers(trailers);
    let _ = metadata.iter().count();
    let _ = metadata.get_all_bin("key-bin").count();
    let Err(error) = result else { return };
    assert!(
        read_trailers(write_trailers(&error, Some("greeter")))
            .1
            .is_err()
    );

    let (metadata_again, result) = read_trailers(write_trailers(&error, None));
    let again = result.expect_err("an error stays one");
    assert_eq!(metadata_again, metadata);
    assert_eq!(again.metadata(), error.metadata());
    // What go-micro said is put in the place of the status, once each time.
    let is_go_micros = |url: &str| url.rsplit('/').next() == Some("errors.Error");
    let mut urls = error.details().iter().map(|detail| &*detail.type_url);
    if !error.message().starts_with('{') && !urls.any(is_go_micros) {
        assert_eq!(again.code(), error.code());
        assert_eq!(again.message(), error.message());
        assert_eq!(again.details(), error.details());
    }
});
