//! Metadata that is taken can travel, and is read as it was given.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmicro_runtime::{Code, Metadata};

fuzz_target!(|input: Vec<(&str, &str, &[u8])>| {
    let mut metadata = Metadata::new();
    for (name, text, bytes) in input {
        let lower = name.to_ascii_lowercase();
        match metadata.insert(name, text) {
            Ok(()) => {
                assert_eq!(metadata.get(&lower), Some(text));
                metadata.append(name, text).expect("it was taken before");
                assert_eq!(metadata.get_all(name).collect::<Vec<_>>(), [text, text]);
                assert!(!lower.ends_with("-bin"));
            }
            Err(error) => assert_eq!(error.code(), Code::InvalidArgument),
        }
        match metadata.insert_bin(name, bytes) {
            Ok(()) => {
                metadata
                    .append_bin(name, bytes)
                    .expect("it was taken before");
                let values: Vec<_> = metadata.get_all_bin(&lower).collect();
                assert_eq!(values, [bytes, bytes]);
                assert!(lower.ends_with("-bin"));
            }
            Err(error) => assert_eq!(error.code(), Code::InvalidArgument),
        }
    }
    for name in metadata.headers().keys() {
        assert!(!name.as_str().starts_with("grpc-"), "{name}");
    }
});
