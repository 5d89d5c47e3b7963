//! No bytes make JSON panic or take more than a bounded stack; what is read is written, and that is read as the same.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use rmicro_runtime::json::{
    DecodeOptions, EncodeOptions, JsonMessage, TypeRegistry, from_slice, to_vec,
};

/// Every kind of field, as the plugin is reviewed by.
mod v1 {
    include!("../../protoc-gen-rmicro/tests/golden/json/expected.rs");
}

/// What proto2 has beside it.
mod old {
    include!("../../protoc-gen-rmicro/tests/golden/json_proto2/expected.rs");
}

static TYPES: LazyLock<Arc<TypeRegistry>> = LazyLock::new(|| {
    let types = TypeRegistry::new();
    let types = types.with::<v1::Places>().with::<v1::Scalars>();
    Arc::new(types.with::<v1::WellKnown>().with::<old::Thing>())
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, json)) = input.split_first() else {
        return;
    };
    let ignore = choice & 4 != 0;
    match choice & 3 {
        0 => hold::<v1::Scalars>(json, ignore),
        1 => hold::<v1::Places>(json, ignore),
        2 => hold::<v1::WellKnown>(json, ignore),
        _ => hold::<old::Thing>(json, ignore),
    }
});

fn hold<M: JsonMessage>(json: &[u8], ignore: bool) {
    let reading = DecodeOptions::default().types(TYPES.clone());
    let writing = EncodeOptions::default().types(TYPES.clone());
    let Ok(message) = from_slice::<M>(json, &reading.clone().ignore_unknown(ignore)) else {
        return;
    };
    let written = to_vec(&message, &writing).expect("what was read can be written");
    let same: M = from_slice(&written, &reading).expect("what was written can be read");
    assert_eq!(to_vec(&same, &writing).unwrap(), written);
    // Zeros and the names of the proto change nothing of what it means.
    for other in [
        writing.clone().zeros(true),
        writing.clone().proto_names(true),
    ] {
        let other = to_vec(&message, &other).unwrap();
        let same: M = from_slice(&other, &reading).unwrap();
        assert_eq!(to_vec(&same, &writing).unwrap(), written);
    }
    // prost takes zero with a minus for a default and does not send it.
    if written.windows(4).any(|part| part == b"-0.0") {
        return;
    }
    // What nests too deep for the wire is no fault of JSON.
    let bytes = message.encode_to_vec();
    let by_wire = M::decode(bytes.as_slice()).map(|message| to_vec(&message, &writing));
    if let Ok(by_wire) = by_wire {
        assert_eq!(by_wire.unwrap(), written);
    }
}
