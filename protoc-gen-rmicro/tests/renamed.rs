//! What is called otherwise in Rust is found by its proto name, and by no other.

mod common;

use std::fs;

use protoc_gen_rmicro::{Builder, configure};

const PROTO: &str = r#"
syntax = "proto3";
package a.str;
message HTTPRequest { bytes data = 1; }
message HttpRequest {
  message Part { bytes data = 1; }
  bytes Data = 1;
  bytes data = 2;
  oneof kind {
    int32 A_B = 3;
    bytes a_b = 4;
  }
  int32 ByNumber = 5;
  map<int32, int32> by_number = 6;
}
enum HTTPRequesT { HTTP_REQUES_T_X_Y = 0; xY = 1; }
"#;

fn generate(builder: Builder) -> String {
    let (folder, inputs) = folder();
    let mut files = common::by_builder(folder.path(), &inputs, builder).unwrap();
    files.remove("a.str.rs").unwrap()
}

fn folder() -> (tempfile::TempDir, [String; 1]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.proto"), PROTO).unwrap();
    (folder, ["a.proto".to_owned()])
}

/// The line that follows on each `attribute`.
fn marked<'a>(code: &'a str, attribute: &str) -> Vec<&'a str> {
    let mut lines = code.lines().map(str::trim);
    let mut marked = Vec::new();
    while let Some(line) = lines.next() {
        if line == attribute {
            let items = &mut lines;
            let item = items.find(|line| {
                !line.starts_with(['#', '/']) && line.contains(['{', ':', '(', '=', ','])
            });
            marked.extend(item);
        }
    }
    marked
}

#[test]
fn a_type_is_marked_by_its_full_name() {
    let mark = "#[doc = \"mark\"]";
    let code = generate(configure().type_attribute(".a.str.HttpRequest.Part", mark));
    assert_eq!(
        code.matches(" mark").count() + code.matches("\"mark\"").count(),
        1,
        "{code}"
    );
}

#[test]
fn a_type_is_marked_by_the_end_of_its_name() {
    for (path, count) in [
        ("HttpRequest.Part", 1),
        ("Part", 1),
        ("str.HttpRequest", 1),
        ("HTTPRequest", 1),
        ("kind", 1),
    ] {
        let code = generate(configure().type_attribute(path, "#[derive(Mark)]"));
        assert_eq!(
            code.matches("derive(Mark)").count(),
            count,
            "{path} in {code}"
        );
    }
    // What starts with it is marked, too: the message, what is inside of it, and the oneof.
    let code = generate(configure().type_attribute(".a.str.HttpRequest", "#[derive(Mark)]"));
    assert_eq!(code.matches("derive(Mark)").count(), 3, "{code}");
}

#[test]
fn a_field_is_marked_by_its_proto_name() {
    for (path, field) in [
        (".a.str.HttpRequest.Data", "pub data:"),
        ("HttpRequest.data", "pub data_:"),
        ("Data", "pub data:"),
        (".a.str.HttpRequest.kind.A_B", "AB("),
        (".a.str.HttpRequest.kind.a_b", "AB_("),
        ("kind.a_b", "AB_("),
        (".a.str.HTTPRequesT.xY", "XY_ = 1"),
        ("xY", "XY_ = 1"),
    ] {
        let code = generate(configure().field_attribute(path, "#[mark]"));
        let marked = marked(&code, "#[mark]");
        assert_eq!(marked.len(), 1, "{path}: {marked:?} in {code}");
        assert!(marked[0].starts_with(field), "{path}: {marked:?}");
    }
}

#[test]
fn bytes_and_maps_are_chosen_by_their_proto_names() {
    let code = generate(configure().bytes(".a.str.HttpRequest.data"));
    assert_eq!(code.matches("bytes = \"bytes\"").count(), 1, "{code}");
    assert!(
        code.contains("pub data_: ::rmicro_runtime::codegen::prost::bytes::Bytes"),
        "{code}"
    );
    let (folder, inputs) = folder();
    let option = "bytes=.a.str.HttpRequest.data";
    let by_protoc = common::by_protoc(folder.path(), &inputs, option).unwrap();
    assert!(by_protoc["a.str.rs"] == code);
    let code = generate(configure().btree_map("by_number"));
    assert_eq!(code.matches("btree_map =").count(), 1, "{code}");
    assert!(
        code.contains(
            "pub by_number_: ::rmicro_runtime::codegen::prost::alloc::collections::BTreeMap"
        ),
        "{code}"
    );
}
