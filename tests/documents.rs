//! The documents say what is there.
//!
//! Each Rust block of the README stands word for word in a file that the build or a doc test compiles, the tests that
//! ARCHITECTURE.md names exist, and links lead to files.

use std::fs;
use std::path::Path;

/// Where the README's code is compiled; each file has one of its blocks.
const COMPILED: [&str; 5] = [
    "protoc-gen-rmicro/README.md",
    "examples/greeter_server.rs",
    "examples/greeter_client.rs",
    "examples/subscriber.rs",
    "examples/greeter_test.rs",
];

#[test]
fn every_rust_block_stands_in_a_file_that_is_compiled() {
    let compiled = COMPILED.map(read);
    let readme = read("README.md");
    let blocks: Vec<_> = between(&readme, "```rust\n", "```").collect();
    assert_eq!(blocks.len(), COMPILED.len(), "{blocks:#?}");
    for block in blocks {
        assert!(
            compiled.iter().any(|file| file.contains(block)),
            "no file of {COMPILED:?} has:\n{block}"
        );
    }
}

#[test]
fn the_programs_are_shown_whole() {
    let readme = read("README.md");
    for path in [
        "examples/greeter_server.rs",
        "examples/greeter_client.rs",
        "examples/subscriber.rs",
    ] {
        let program = read(path);
        let (_head, code) = program.split_once("\n\n").expect("a head comes first");
        assert!(readme.contains(code), "README.md has another {path}");
    }
}

#[test]
fn a_subscriber_takes_twelve_lines() {
    let program = read("examples/subscriber.rs");
    let code = program
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("//!"));
    assert!(code.count() <= 12, "{program}");
}

#[test]
fn every_decision_has_a_number_of_its_own() {
    let folder = fs::read_dir(root().join("docs/adr")).expect("the folder is there");
    let names = folder.map(|entry| entry.expect("it can be listed").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.into_string().expect("it is text"))
        .collect();
    names.sort();
    assert!(names.len() > 5, "{names:?}");
    for pair in names.windows(2) {
        assert_ne!(pair[0][..4], pair[1][..4], "{pair:?}");
    }
    for name in names {
        let number: u32 = name[..4].parse().expect("a number comes first");
        let text = read(&format!("docs/adr/{name}"));
        assert!(text.starts_with(&format!("# {number}. ")), "{name}");
    }
}

#[test]
fn every_test_that_the_architecture_names_exists() {
    let mut sources = String::new();
    for folder in ["rmicro-runtime/src", "protoc-gen-rmicro/tests", "tests"] {
        collect(&root().join(folder), &mut sources);
    }
    let document = read("ARCHITECTURE.md");
    let (_, invariants) = document.split_once("\n## Invariants\n").expect("a chapter");
    let (invariants, _) = invariants.split_once("\n## ").expect("another chapter");
    let names = between(invariants, "`", "`").filter(|name| is_test_name(name));
    let names: Vec<_> = names.collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(sources.contains(&format!("fn {name}(")), "no test {name}");
    }
}

#[test]
fn every_link_leads_to_a_file() {
    let mut count = 0;
    for path in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "protoc-gen-rmicro/README.md",
        "rmicro-runtime/README.md",
    ] {
        let folder = root().join(path);
        let folder = folder.parent().expect("a file is in a folder");
        let text = read(path);
        let links = between(&text, "](", ")").filter(|link| !link.contains("://"));
        for link in links.filter(|link| !link.starts_with('#')) {
            assert!(folder.join(link).exists(), "{path} links to {link}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

/// Names with four words and more; shorter ones may be anything.
fn is_test_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.chars().all(is_plain) && name.matches('_').count() >= 3
}

fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(open)?;
        let (inside, after) = after.split_once(close)?;
        rest = after;
        Some(inside)
    })
}

fn collect(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a folder can be read to its end").path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            sources.push_str(&fs::read_to_string(&path).expect("sources are text"));
        }
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
