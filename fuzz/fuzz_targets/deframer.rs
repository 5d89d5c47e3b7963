//! Messages are the same however their data was cut, and are what was sent.

#![no_main]

use std::io::Write;

use bytes::{BufMut, Bytes};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::grpc::deframe;

/// Small, so that the fuzzer finds what is above it.
const LIMIT: usize = 1000;

fuzz_target!(|input: (Vec<u8>, Vec<(bool, &[u8])>, &[u8])| {
    let (cuts, sent, rest) = input;
    let mut data = Vec::new();
    for (gzip, message) in &sent {
        let packed = if *gzip {
            pack(message)
        } else {
            message.to_vec()
        };
        data.put_u8((*gzip).into());
        data.put_u32(packed.len() as u32);
        data.put_slice(&packed);
    }
    data.put_slice(rest);
    let data = Bytes::from(data);

    let mut headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-encoding"),
        HeaderValue::from_static("gzip"),
    )]);
    let (messages, end) = deframe(std::slice::from_ref(&data), LIMIT, &mut headers.clone());
    let (same, same_end) = deframe(&cut(data, &cuts), LIMIT, &mut headers);
    assert_eq!(same, messages);
    match (end, same_end) {
        (Ok(()), Ok(())) => {}
        (Err(error), Err(same)) => assert_eq!(
            (same.code(), same.message()),
            (error.code(), error.message())
        ),
        ends => panic!("{ends:?}"),
    }
    assert!(messages.iter().all(|message| message.len() <= LIMIT));
    // gzip adds 18 bytes and 5 for each block to what does not shrink.
    let small = sent
        .iter()
        .take_while(|(_, message)| message.len() < LIMIT - 50);
    for (place, (_, message)) in small.enumerate() {
        assert_eq!(messages[place], *message);
    }
});

/// Chunks of `data`, each as long as the next of `cuts` says.
fn cut(mut data: Bytes, cuts: &[u8]) -> Vec<Bytes> {
    let mut chunks = Vec::new();
    for &length in cuts {
        chunks.push(data.split_to(data.len().min(length.into())));
    }
    chunks.push(data);
    chunks
}

fn pack(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(message).and_then(|()| encoder.finish());
    written.expect("a vector takes everything")
}
