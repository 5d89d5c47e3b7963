//! The README shows code that is compiled: each of its Rust blocks stands word for word in a file that the build or a doc test
//! compiles, and the programs that it promises are shown whole.

use std::fs;
use std::path::Path;

const COMPILED: [&str; 4] = [
    "protoc-gen-rmicro/README.md",
    "examples/greeter_server.rs",
    "examples/greeter_client.rs",
    "examples/greeter_test.rs",
];

#[test]
fn every_rust_block_stands_in_a_file_that_is_compiled() {
    let compiled = COMPILED.map(read);
    let readme = read("README.md");
    let blocks = rust_blocks(&readme);
    assert_eq!(blocks.len(), COMPILED.len(), "{blocks:#?}");
    for block in blocks {
        assert!(
            compiled.iter().any(|file| file.contains(block)),
            "no file of {COMPILED:?} has:\n{block}"
        );
    }
}

#[test]
fn server_and_client_are_shown_whole() {
    let readme = read("README.md");
    for path in ["examples/greeter_server.rs", "examples/greeter_client.rs"] {
        let program = read(path);
        let (_head, code) = program.split_once("\n\n").expect("a head comes first");
        assert!(readme.contains(code), "README.md has another {path}");
    }
}

fn rust_blocks(text: &str) -> Vec<&str> {
    let after_fences = text.split("```rust\n").skip(1);
    after_fences
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .collect()
}

fn read(path: &str) -> String {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
