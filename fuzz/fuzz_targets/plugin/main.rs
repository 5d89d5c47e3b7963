//! The plugin answers every request with files or with one line that says what is wrong, and never panics, not even inside.
//!
//! The first byte says whether the others are a request as they are, or choices for one that looks like protoc's but for
//! what nobody would write.

#![no_main]

mod requests;

use std::panic;
use std::process;
use std::sync::Once;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use prost::Message;
use prost_types::compiler::CodeGeneratorResponse;

/// Panics that the plugin may catch: the place, and why it cannot be prevented. There is none.
const KNOWN: [(&str, &str); 0] = [];

fuzz_target!(|input: &[u8]| {
    watch_panics();
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let request = match kind % 4 {
        0 => rest.to_vec(),
        _ => match requests::request(&mut Unstructured::new(rest)) {
            Ok(request) => request,
            Err(_) => return,
        },
    };
    let response = CodeGeneratorResponse::decode(&protoc_gen_rmicro::run(&request)[..]);
    let response = response.expect("the response is a message");
    if let Some(error) = &response.error {
        assert!(response.file.is_empty(), "files beside the error {error}");
        assert!(!error.is_empty() && !error.contains('\n'), "{error:?}");
    }
    for file in &response.file {
        assert!(!file.name().is_empty());
        assert!(
            syn::parse_file(file.content()).is_ok(),
            "{}",
            file.content()
        );
    }
});

/// Ends the process at a panic, also at one that is caught. The plugin wraps the hook that it finds at its first run, to be silent;
/// so this one comes after that.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _error = protoc_gen_rmicro::run(b"");
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            if !KNOWN.iter().any(|(known, _)| place.contains(known)) {
                eprintln!("{info}\n{}", std::backtrace::Backtrace::force_capture());
                process::abort();
            }
        }));
    });
}
