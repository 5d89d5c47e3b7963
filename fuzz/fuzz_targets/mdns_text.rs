//! No text of a node panics, and what one says can be said again.

#![no_main]

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::mdns::text;

fuzz_target!(|input: &[u8]| {
    if let Ok(input) = std::str::from_utf8(input) {
        text(input);
    }
    // The fuzzer finds no checksum by itself: as deflated data, and as JSON to be deflated.
    text(&hex(input));
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::fast());
    if deflated.write_all(input).is_ok()
        && let Ok(deflated) = deflated.finish()
    {
        text(&hex(&deflated));
    }
});

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
