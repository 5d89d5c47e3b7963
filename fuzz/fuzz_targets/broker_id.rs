//! No query makes reading its id panic; every id is written as one that can be read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::http_broker::{read_id, write_id};

fuzz_target!(|query: &str| {
    for id in [read_id(query), query.to_owned()] {
        let path = write_id(&id);
        assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
        let query = path.strip_prefix("/?").expect("it has a query alone");
        assert_eq!(read_id(query), id);
    }
});
