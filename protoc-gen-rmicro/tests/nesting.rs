//! Messages that lie in each other: what no stack could hold is one error at once, and all else is generated.

use prost::Message;
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::source_code_info::Location;
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, SourceCodeInfo};

/// What the plugin says of `count` messages, each of which holds the one that `next` says `copies` times.
fn respond(
    count: usize,
    copies: i32,
    label: Label,
    next: fn(usize) -> usize,
) -> CodeGeneratorResponse {
    let field = |number: i32, index: usize| FieldDescriptorProto {
        name: Some(format!("f{number}")),
        number: Some(number),
        label: Some(label as i32),
        r#type: Some(Type::Message as i32),
        type_name: Some(format!(".a.M{}", next(index))),
        ..FieldDescriptorProto::default()
    };
    let message = |index: usize| DescriptorProto {
        name: Some(format!("M{index}")),
        field: (1..=copies)
            .filter(|_| next(index) < count)
            .map(|number| field(number, index))
            .collect(),
        ..DescriptorProto::default()
    };
    let line = |index: i32| Location {
        path: vec![4, index],
        span: vec![index, 0, 1],
        ..Location::default()
    };
    let file = FileDescriptorProto {
        name: Some("a.proto".to_owned()),
        package: Some("a".to_owned()),
        message_type: (0..count).map(message).collect(),
        source_code_info: Some(SourceCodeInfo {
            location: (0..50).map(line).collect(),
        }),
        ..FileDescriptorProto::default()
    };
    run(file)
}

fn run(file: FileDescriptorProto) -> CodeGeneratorResponse {
    let request = CodeGeneratorRequest {
        file_to_generate: vec!["a.proto".to_owned()],
        proto_file: vec![file],
        ..CodeGeneratorRequest::default()
    };
    let response = protoc_gen_rmicro::run(&request.encode_to_vec());
    CodeGeneratorResponse::decode(&response[..]).unwrap()
}

#[test]
fn messages_that_double_forty_times_are_one_error() {
    let response = respond(40, 2, Label::Optional, |index| index + 1);
    let wanted = "a.proto:19: a.M18 holds other messages in too many ways, which would all be inside of it in Rust; \
                  make a field on the way repeated";
    assert_eq!(response.error.as_deref(), Some(wanted));
    assert!(response.file.is_empty());
}

#[test]
fn a_chain_of_100_000_messages_is_one_error() {
    let response = respond(100_000, 1, Label::Optional, |index| index + 1);
    let error = response.error.unwrap();
    let wanted = "a.proto: more than 300 messages lie in one another inside of a.M";
    assert!(error.starts_with(wanted), "{error}");
}

#[test]
fn what_a_stack_can_hold_is_generated() {
    for (count, copies, label, next) in [
        (
            8,
            4,
            Label::Optional,
            (|index| index + 1) as fn(usize) -> usize,
        ),
        (200, 1, Label::Optional, |index| index + 1),
        // What is repeated is elsewhere.
        (500, 2, Label::Repeated, |index| index + 1),
        // What is in a ring is boxed.
        (500, 2, Label::Optional, |index| (index + 1) % 500),
    ] {
        let response = respond(count, copies, label, next);
        assert_eq!(response.error, None, "{count}");
        let last = format!("pub struct M{} ", count - 1);
        assert!(response.file[0].content().contains(&last), "{count}");
    }
}

/// protoc itself ends at 31, and prost does not read more than 97. Each level costs stack when code is written.
#[test]
fn messages_are_declared_in_each_other_as_deep_as_protoc_allows_and_no_deeper() {
    let nested = |depth: usize| {
        let inside = (0..depth).fold(Vec::new(), |inside, _| {
            vec![DescriptorProto {
                name: Some("M".to_owned()),
                nested_type: inside,
                ..DescriptorProto::default()
            }]
        });
        run(FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            message_type: inside,
            ..FileDescriptorProto::default()
        })
    };
    let response = nested(40);
    assert_eq!(response.error, None);
    let messages = response.file[0].content().matches("pub struct M").count();
    assert_eq!(messages, 40);
    for depth in [41, 97] {
        let error = nested(depth).error.unwrap();
        let name = ".M".repeat(41);
        let wanted = format!(
            "a.proto: {name} is declared more than 40 messages deep, which protoc does not allow"
        );
        assert_eq!(error, wanted);
    }
    let error = nested(120).error.unwrap();
    assert!(
        error.starts_with("the request holds a broken file"),
        "{error}"
    );
}
