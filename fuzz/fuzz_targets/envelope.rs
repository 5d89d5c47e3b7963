//! No message of a broker makes reading it panic; what is read is written, and that is read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::envelope::{read_envelope, write_envelope};

fuzz_target!(|json: &[u8]| {
    let Some((header, body)) = read_envelope(json) else {
        return;
    };
    let written = write_envelope(&header, &body).expect("what was read can be written");
    let again = read_envelope(&written).expect("what was written can be read");
    assert_eq!(again, (header, body));
});
