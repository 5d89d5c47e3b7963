//! Small houses with one thing wrong, so that the checks cannot pass in silence.

use crate::house::{House, Violation};
use crate::{dependencies, floor, habits, members};

/// A house in order, in which each sample replaces a file or adds one.
const ORDER: [(&str, &str); 13] = [
    (
        "lib.rs",
        "//! It.\nmod call;\npub use error::Error;\npub use client::Client;",
    ),
    ("error.rs", "//! It.\nuse std::fmt; use bytes::Bytes;"),
    ("call/mod.rs", "//! It.\nuse crate::error::Error;"),
    (
        "seam/mod.rs",
        "//! It.\nuse tokio::time::Instant; use std::time::SystemTime;",
    ),
    (
        "registry/mod.rs",
        "//! It.\nmod info; mod memory; mod cached;\npub use info::Node; pub use memory::Memory;\npub use cached::Cached; fn f(_: Node) {}",
    ),
    ("registry/info.rs", "//! It.\npub struct Node;"),
    (
        "registry/memory.rs",
        "//! It.\nuse super::{Node, Registry}; use tokio::sync; mod state;",
    ),
    (
        "registry/memory/state.rs",
        "//! It.\nuse crate::registry::memory::X; use super::Y; use crate::registry::Memory;",
    ),
    (
        "registry/cached.rs",
        "//! It.\nuse crate::registry::Registry; use crate::transport::Transport;",
    ),
    ("selector/mod.rs", "//! It.\nuse crate::registry::Node;"),
    ("transport/mod.rs", "//! It.\nuse async_trait::async_trait;"),
    ("rpc/mod.rs", "//! It.\nuse crate::call::Kind;"),
    (
        "client/mod.rs",
        "//! It.\nuse crate::{rpc::Stream, registry::{self, Node}, Error};",
    ),
];

fn house(changes: &[(&str, &str)]) -> House {
    let mut files: Vec<(String, String)> = Vec::new();
    for (path, text) in ORDER
        .iter()
        .filter(|(path, _)| changes.iter().all(|(p, _)| p != path))
    {
        files.push((format!("src/{path}"), (*text).to_owned()));
    }
    for (path, text) in changes {
        files.push((format!("src/{path}"), format!("//! It.\n{text}")));
    }
    House::new("src", &files).unwrap()
}

fn floors(changes: &[(&str, &str)]) -> Vec<Violation> {
    let crates = [
        "bytes",
        "http",
        "tokio",
        "async_trait",
        "futures_core",
        "h2",
    ];
    floor::check(&house(changes), &crates.map(str::to_owned))
}

#[track_caller]
fn one(found: &[Violation], file: &str, line: usize, rule: &str) {
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{told:?}");
    assert_eq!((&*found[0].file, found[0].line), (file, line), "{told:?}");
    assert!(found[0].rule.contains(rule), "{told:?}");
}

#[track_caller]
fn floor_says(path: &str, text: &str, line: usize, rule: &str) {
    one(&floors(&[(path, text)]), &format!("src/{path}"), line, rule);
}

#[track_caller]
fn habit_says(path: &str, text: &str, line: usize, rule: &str) {
    one(
        &habits::check(&house(&[(path, text)])),
        &format!("src/{path}"),
        line,
        rule,
    );
}

#[test]
fn a_house_in_order_has_nothing_to_say() {
    assert_eq!(floors(&[]), []);
    assert_eq!(habits::check(&house(&[])), []);
}

#[test]
fn vocabulary_names_vocabulary_only() {
    floor_says(
        "call/mod.rs",
        "use crate::{\n  error::{Error},\n  registry::{self},\n};",
        4,
        "`registry` on floor 1",
    );
}

#[test]
fn vocabulary_names_two_crates_only() {
    floor_says(
        "error.rs",
        "fn f() { tokio::spawn(g()); }",
        2,
        "the crate `tokio`",
    );
    floor_says("call/mod.rs", "use ::h2::Reason;", 2, "the crate `h2`");
}

#[test]
fn a_contract_names_no_other_contract() {
    floor_says(
        "transport/mod.rs",
        "\nfn f(_: crate::registry::Node) {}",
        3,
        "`registry` on floor 1",
    );
}

#[test]
fn a_contract_does_not_use_its_backends() {
    let head = "mod memory; mod info; mod cached; pub use memory::Memory; pub use info::Node;";
    floor_says(
        "registry/mod.rs",
        &format!("{head}\nfn f() -> Memory {{ g() }}"),
        3,
        "never uses it",
    );
    floor_says(
        "registry/mod.rs",
        &format!("{head}\nfn f() {{ memory::make() }}"),
        3,
        "`registry::memory`",
    );
    floor_says(
        "registry/mod.rs",
        &format!("{head}\nuse self::memory::State;"),
        3,
        "`registry::memory`",
    );
}

#[test]
fn the_selector_names_no_backend_of_the_registry() {
    floor_says(
        "selector/mod.rs",
        "use crate::registry::Memory;",
        2,
        "`registry::memory`",
    );
}

#[test]
fn a_backend_names_no_other() {
    floor_says(
        "registry/cached.rs",
        "use super::Memory;",
        2,
        "`registry::memory`",
    );
    floor_says(
        "registry/cached.rs",
        "use crate::registry::memory::State;",
        2,
        "`registry::memory`",
    );
    floor_says(
        "registry/memory/state.rs",
        "use super::super::cached::Cache;",
        2,
        "`registry::cached`",
    );
}

#[test]
fn a_backend_names_no_engine() {
    floor_says(
        "registry/cached.rs",
        "use crate::Client;",
        2,
        "`client` on floor 3",
    );
}

#[test]
fn the_engine_names_no_backend() {
    floor_says(
        "rpc/mod.rs",
        "use crate::registry::{Node,\n Memory};",
        3,
        "`registry::memory`",
    );
}

#[test]
fn client_and_server_do_not_know_each_other() {
    floor_says(
        "server/mod.rs",
        "use crate::rpc::S; fn f() { crate::client::g() }",
        2,
        "`client` on floor 3",
    );
    let in_a_macro = "macro_rules! m { () => { $crate::server::f() } }";
    let changes = [("client/mod.rs", in_a_macro), ("server/mod.rs", "")];
    one(
        &floors(&changes),
        "src/client/mod.rs",
        2,
        "`server` on floor 3",
    );
}

#[test]
fn assembly_names_all() {
    assert_eq!(
        floors(&[(
            "service/mod.rs",
            "use crate::{client::C, registry::Memory};"
        )]),
        []
    );
}

#[test]
fn an_area_without_a_floor_is_told() {
    floor_says("attic.rs", "", 1, "has no floor");
}

#[test]
fn a_glob_does_not_hide_a_backend() {
    floor_says("client/mod.rs", "use crate::registry::*;", 2, "a glob");
}

#[test]
fn tests_may_name_what_they_want() {
    let text = "#[cfg(test)]\nmod tests { use crate::client::C; use tokio::time; fn f() { select! {} } }\n#[cfg(test)]\nmod more;";
    let changes = [
        ("call/mod.rs", text),
        (
            "call/more.rs",
            "use crate::client::C; use std::time::Instant;",
        ),
    ];
    assert_eq!(floors(&changes), []);
    assert_eq!(habits::check(&house(&changes)), []);
}

#[test]
fn what_follows_a_test_is_code_again() {
    floor_says(
        "error.rs",
        "#[cfg(test)]\n#[allow(dead_code)]\nfn t() {}\nuse crate::client::C;",
        5,
        "`client`",
    );
    floor_says(
        "error.rs",
        "#[cfg(not(test))]\nuse crate::client::C;",
        3,
        "`client`",
    );
}

#[test]
fn only_the_seam_knows_clocks_sockets_and_chance() {
    for text in [
        "use tokio::{sync, time::{self, sleep}};",
        "use tokio::net;",
        "use tokio::*;",
        "fn f() { std::time::Instant::now(); }",
        "use std::time::{Duration, SystemTime};",
        "use std::net::{IpAddr, TcpListener};",
        "fn f(_: &std::net::UdpSocket) {}",
        "fn f() { fastrand::u8(..); }",
        "use rand::Rng;",
        "fn f() { m! { tokio::time::sleep(d) } }",
    ] {
        let found = habits::check(&house(&[("client/mod.rs", text)]));
        assert!(!found.is_empty(), "{text}");
        assert!(
            found
                .iter()
                .all(|found| found.line == 2 && found.rule.contains("only the seam")),
            "{found:?}"
        );
    }
    let allowed = "use std::net::{IpAddr, SocketAddr}; use std::time::Duration; fn f(rand: u8) { tokio::spawn(x); }";
    assert_eq!(habits::check(&house(&[("client/mod.rs", allowed)])), []);
}

#[test]
fn a_select_is_biased() {
    habit_says(
        "client/mod.rs",
        "fn f() {\n tokio::select! {\n a = b => {} } }",
        3,
        "biased",
    );
    habit_says(
        "seam/mod.rs",
        "fn f() { select! { a = b => {} } }",
        2,
        "biased",
    );
    let biased = "fn f() { tokio::select! { biased; a = b => {} } query.select(x); }";
    assert_eq!(habits::check(&house(&[("client/mod.rs", biased)])), []);
}

#[test]
fn a_long_file_needs_an_excuse() {
    let long = "fn f() {}\n".repeat(habits::BUDGET);
    habit_says("client/mod.rs", &long, 1, "301 lines");
    let excused = format!("//! Long. {} it is one table.\n{long}", habits::EXCUSE);
    assert_eq!(habits::check(&house(&[("client/mod.rs", &excused)])), []);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{long}}}\n");
    assert_eq!(habits::check(&house(&[("client/mod.rs", &tests)])), []);
}

#[test]
fn a_function_has_its_budget_of_code() {
    let of = |lines: usize| {
        let body = "    let _ = 1;\n    // why\n\n".repeat(lines);
        format!(
            "trait T {{ fn declared(&self) -> Vec<u8>; }}\nimpl T {{\nfn f(of: fn() -> u8) -> Vec<u8> {{\n{body}}}\n}}\n"
        )
    };
    let (fits, over) = (of(habits::FUNCTION), of(habits::FUNCTION + 1));
    assert_eq!(habits::check(&house(&[("client/mod.rs", &fits)])), []);
    let found = habits::check(&house(&[("client/mod.rs", &over)]));
    one(&found, "src/client/mod.rs", 4, "41 lines");
}

#[test]
fn a_file_begins_with_its_purpose() {
    let files = [("src/client.rs".to_owned(), "use std::fmt;\n".to_owned())];
    one(
        &habits::check(&House::new("src", &files).unwrap()),
        "src/client.rs",
        1,
        "`//!`",
    );
}

#[test]
fn nobody_keeps_a_generated_file_small() {
    let text = format!("{}\n{}", habits::GENERATED, "fn f() {}\n".repeat(1000));
    let files = [("src/types.rs".to_owned(), text)];
    assert_eq!(habits::check(&House::new("src", &files).unwrap()), []);
}

#[test]
fn a_violation_says_where_and_what_to_do() {
    let found = floors(&[("registry/cached.rs", "use crate::Client;")]);
    assert_eq!(
        found[0].to_string(),
        "src/registry/cached.rs:2: `registry::cached` is on floor 2 and may not name `client` on floor 3: \
         a backend names floor 0 and contracts, never another backend"
    );
}

#[test]
fn manifests_are_read() {
    let manifest = "[package]\nname = \"x\"\n\n[dependencies]\na-b.workspace = true\nc = \"1\"\n\n[dev-dependencies]\nd = \"1\"\n";
    assert_eq!(dependencies(manifest), ["a_b", "c"]);
    assert_eq!(members("members = [\"a\", \"b\"]\n"), ["a", "b"]);
}
