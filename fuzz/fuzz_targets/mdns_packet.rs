//! No packet panics, and what one says can be said again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::mdns::packet;

fuzz_target!(|bytes: &[u8]| packet(bytes, "g", "micro"));
