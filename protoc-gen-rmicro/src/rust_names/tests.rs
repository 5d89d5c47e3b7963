//! What is called by which rule, from the text of protos.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::options::Options;
use crate::{protoc, validate};

/// The names in files of these names and texts, all of which are generated.
fn names(files: &[(&str, &str)]) -> RustNames {
    let folder = tempfile::tempdir().unwrap();
    let mut protos = Vec::new();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::write(&path, format!("syntax = \"proto3\";\n{text}\n")).unwrap();
        protos.push(path);
    }
    let includes = [PathBuf::from(folder.path())];
    let parsed = protoc::parse(&protos, &includes, Options::default(), folder.path()).unwrap();
    let types = validate::check(&parsed.request).unwrap();
    RustNames::new(&parsed.request, &Externs::new(&parsed.request, &types))
}

#[test]
fn what_collides_with_nothing_is_called_by_prosts_rule() {
    let names = names(&[(
        "a.proto",
        "package a.b;\nmessage Outer { message self { int32 type = 1; } oneof kind { string to_do = 1; } }\n\
         enum Mood { MOOD_UNSPECIFIED = 0; MOODY = 1; GOOD_2 = 2; }",
    )]);
    assert_eq!(names.renamed().count(), 0);
    assert_eq!(names.path("a.b", ".a.b.Outer.self"), "outer::Self_");
    assert_eq!(names.path("a.b", ".a.b.Mood"), "Mood");
    assert_eq!(names.module(".a.b.Outer.self"), "self_");
    assert_eq!(names.member(".a.b.Outer.self", "type"), "r#type");
    assert_eq!(names.member(".a.b.Outer", "kind"), "kind");
    assert_eq!(names.oneof_type(".a.b.Outer", "kind"), "Kind");
    assert_eq!(names.oneof_variant(".a.b.Outer", "to_do"), "ToDo");
    assert_eq!(names.value(".a.b.Mood", "MOOD_UNSPECIFIED"), "Unspecified");
    assert_eq!(names.value(".a.b.Mood", "MOODY"), "Moody");
    assert_eq!(names.value(".a.b.Mood", "GOOD_2"), "Good2");
}

#[test]
fn the_later_one_has_an_underscore() {
    let names = names(&[(
        "a.proto",
        "message Foo {}\nmessage foo { int32 CamelCase = 1; int32 camel_case = 2; }\n\
         enum FOO { FOO_X_Y = 0; xY = 1; }\nmessage Bar { message X {} }\nmessage bar { message X {} }",
    )]);
    assert_eq!(names.type_name(".Foo"), "Foo");
    assert_eq!(names.type_name(".foo"), "Foo_");
    assert_eq!(names.type_name(".FOO"), "Foo__");
    assert_eq!(names.member(".foo", "CamelCase"), "camel_case");
    assert_eq!(names.member(".foo", "camel_case"), "camel_case_");
    assert_eq!(names.value(".FOO", "FOO_X_Y"), "XY");
    assert_eq!(names.value(".FOO", "xY"), "XY_");
    assert_eq!(names.path("", ".Bar.X"), "bar::X");
    assert_eq!(names.path("", ".bar.X"), "bar_::X");
}

#[test]
fn messages_give_way_to_packages_and_services() {
    let names = names(&[
        (
            "a.proto",
            "package a;\nmessage Cluster { message Node {} }\nmessage FooService {}\nservice Foo {}",
        ),
        ("b.proto", "package a.cluster;\nmessage Node {}"),
        ("c.proto", "package a.str;\nmessage Node {}"),
    ]);
    assert_eq!(names.type_name(".a.Cluster"), "Cluster");
    assert_eq!(names.path("a", ".a.Cluster.Node"), "cluster_::Node");
    assert_eq!(names.type_name(".a.FooService"), "FooService_");
    assert_eq!(names.path("a.str", ".a.str.Node"), "Node");
}

#[test]
fn an_alias_is_the_variant_of_the_first_of_its_number() {
    let names = names(&[(
        "a.proto",
        "enum E { option allow_alias = true; E_A = 0; E_B = 1; E_C = 1; A2 = 1; }",
    )]);
    for (value, variant) in [("E_A", "A"), ("E_B", "B"), ("E_C", "B"), ("A2", "B")] {
        assert_eq!(names.value(".E", value), variant);
    }
    assert_eq!(names.canonical(".E", "E_C"), "E_B");
}

#[test]
fn functions_that_prost_derives_do_not_collide() {
    let names = names(&[(
        "a.proto",
        "enum E { E_A = 0; }\n\
         message M { E foo = 1; optional int32 set_foo = 2; int32 push_bar = 3; repeated E bar = 4; map<string, E> type = 5; }",
    )]);
    assert_eq!(names.member(".M", "set_foo"), "set_foo_");
    assert_eq!(names.member(".M", "push_bar"), "push_bar");
    assert_eq!(names.member(".M", "bar"), "bar");
    assert_eq!(names.member(".M", "type"), "type_");
}

#[test]
fn a_oneof_gives_way_to_the_types_beside_it() {
    let names = names(&[(
        "a.proto",
        "message M { message Kind {} message KindOneOf {} int32 kind = 1;\n\
         oneof Kind_ { int32 a_b = 2; int32 A_B = 3; } }",
    )]);
    assert_eq!(names.member(".M", "Kind_"), "kind_");
    assert_eq!(names.oneof_type(".M", "Kind_"), "KindOneOf_");
    assert_eq!(names.oneof_variant(".M", "a_b"), "AB");
    assert_eq!(names.oneof_variant(".M", "A_B"), "AB_");
}
