//! Requests that no protoc writes: each is one error that says what is wrong, and prost-build, which would panic, never sees it.

use prost::Message;
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MessageOptions, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto, SourceCodeInfo,
};

/// What the plugin says of files that hold, beside an enum `E`, what `change` makes of a message `M` and its one field.
fn error(change: impl FnOnce(&mut FileDescriptorProto)) -> Option<String> {
    let mut file = file("a.proto");
    change(&mut file);
    respond(&[file]).error
}

fn respond(files: &[FileDescriptorProto]) -> CodeGeneratorResponse {
    let request = CodeGeneratorRequest {
        file_to_generate: files.iter().map(|file| file.name().to_owned()).collect(),
        proto_file: files.to_vec(),
        ..CodeGeneratorRequest::default()
    };
    let response = protoc_gen_rmicro::run(&request.encode_to_vec());
    CodeGeneratorResponse::decode(&response[..]).unwrap()
}

fn file(name: &str) -> FileDescriptorProto {
    let value = |name: &str, number| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        ..EnumValueDescriptorProto::default()
    };
    FileDescriptorProto {
        name: Some(name.to_owned()),
        message_type: vec![DescriptorProto {
            name: Some("M".to_owned()),
            field: vec![FieldDescriptorProto {
                name: Some("f".to_owned()),
                number: Some(1),
                r#type: Some(Type::String as i32),
                ..FieldDescriptorProto::default()
            }],
            oneof_decl: vec![OneofDescriptorProto {
                name: Some("o".to_owned()),
                ..OneofDescriptorProto::default()
            }],
            ..DescriptorProto::default()
        }],
        enum_type: vec![EnumDescriptorProto {
            name: Some("E".to_owned()),
            value: vec![value("A", 0), value("B", 1)],
            ..EnumDescriptorProto::default()
        }],
        ..FileDescriptorProto::default()
    }
}

/// The same for what `change` makes of the field.
fn field_error(change: impl FnOnce(&mut FieldDescriptorProto)) -> Option<String> {
    error(|file| change(&mut file.message_type[0].field[0]))
}

fn of(field: &mut FieldDescriptorProto, kind: Type, name: &str) {
    field.set_type(kind);
    field.type_name = Some(name.to_owned());
}

#[test]
fn a_field_is_what_protoc_writes() {
    assert_eq!(field_error(|_| {}), None);
    for number in [0, -1, 1 << 29, i32::MIN] {
        let wanted = format!("a.proto: the field M.f cannot have the number {number}");
        assert_eq!(
            field_error(|field| field.number = Some(number)),
            Some(wanted)
        );
    }
    let says = |wanted: &str, change: fn(&mut FieldDescriptorProto)| {
        assert_eq!(field_error(change).as_deref(), Some(wanted));
    };
    says("a.proto: the field M.f has no type", |field| {
        field.r#type = Some(99)
    });
    says("a.proto: the field M.f has no type", |field| {
        field.label = Some(9)
    });
    says("a.proto: M.f takes `.E` for a message", |field| {
        of(field, Type::Message, ".E")
    });
    says("a.proto: M.f takes `.M` for an enum", |field| {
        of(field, Type::Enum, ".M")
    });
    says(
        "a.proto: the field M.f is in a oneof that is not there",
        |field| field.oneof_index = Some(1),
    );
    let single =
        "a.proto: the field M.f is optional or in a oneof, and cannot be repeated or required";
    says(single, |field| {
        field.oneof_index = Some(0);
        field.set_label(Label::Repeated);
    });
    says(single, |field| {
        field.proto3_optional = Some(true);
        field.set_label(Label::Required);
    });
}

/// By hand, as protoc refuses what is wrong here before it asks the plugin.
#[test]
fn what_is_wrong_with_a_field_is_said_with_its_line() {
    let error = error(|file| {
        file.message_type[0].field[0].default_value = Some("x".to_owned());
        file.message_type[0].field[0].set_type(Type::Bool);
        let location = Location {
            path: vec![4, 0, 2, 0],
            span: vec![6, 2, 10],
            ..Location::default()
        };
        file.source_code_info = Some(SourceCodeInfo {
            location: vec![location],
        });
    });
    let wanted = "a.proto:7: the field M.f cannot have the default \"x\"";
    assert_eq!(error.as_deref(), Some(wanted));
}

#[test]
fn a_default_is_one_of_its_type() {
    for (kind, type_name, good, bad) in [
        (Type::Int32, "", "-1", "1.5"),
        (Type::Double, "", "nan", "NaN"),
        (Type::Bytes, "", "\\377", "\\"),
        (Type::Enum, ".E", "B", "C"),
    ] {
        let with = |default: &str| {
            let default = default.to_owned();
            field_error(|field| {
                of(field, kind, type_name);
                field.default_value = Some(default);
            })
        };
        assert_eq!(with(good), None);
        let wanted = format!("a.proto: the field M.f cannot have the default {bad:?}");
        assert_eq!(with(bad), Some(wanted));
    }
}

#[test]
fn a_group_is_none_of_proto3() {
    let error = error(|file| {
        file.syntax = Some("proto3".to_owned());
        of(&mut file.message_type[0].field[0], Type::Group, ".M");
    });
    let wanted = "a.proto: the field M.f is a group, which proto3 does not have";
    assert_eq!(error.as_deref(), Some(wanted));
}

#[test]
fn two_fields_have_two_numbers() {
    let error = error(|file| {
        let mut other = file.message_type[0].field[0].clone();
        other.name = Some("g".to_owned());
        file.message_type[0].field.push(other);
    });
    let wanted = "a.proto: the field M.g cannot have the number 1";
    assert_eq!(error.as_deref(), Some(wanted));
}

/// The entry `name` of a map of strings.
fn entry(name: &str) -> DescriptorProto {
    let field = |(name, number): (&str, i32)| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        r#type: Some(Type::String as i32),
        ..FieldDescriptorProto::default()
    };
    DescriptorProto {
        name: Some(name.to_owned()),
        field: [("key", 1), ("value", 2)].map(field).into(),
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    }
}

#[test]
fn the_entry_of_a_map_is_inside_of_the_message_that_has_the_map() {
    let with = |type_name: &'static str, label| {
        error(|file| {
            file.message_type[0].nested_type.push(entry("E"));
            let other = DescriptorProto {
                name: Some("N".to_owned()),
                nested_type: vec![entry("E")],
                ..DescriptorProto::default()
            };
            file.message_type.push(other);
            of(&mut file.message_type[0].field[0], Type::Message, type_name);
            file.message_type[0].field[0].set_label(label);
        })
    };
    assert_eq!(with(".M.E", Label::Repeated), None);
    let wanted = |name: &str| Some(format!("a.proto: M.f takes `{name}` for a message"));
    assert_eq!(with(".M.E", Label::Optional), wanted(".M.E"));
    assert_eq!(with(".N.E", Label::Repeated), wanted(".N.E"));
}

#[test]
fn the_entry_of_a_map_is_what_protoc_makes_of_one() {
    let at_the_top = error(|file| file.message_type.push(entry("T")));
    assert_eq!(
        at_the_top.as_deref(),
        Some("a.proto: .T is the entry of no map")
    );
    let without_key = error(|file| {
        let mut entry = entry("T");
        entry.field.remove(0);
        file.message_type[0].nested_type.push(entry);
    });
    assert_eq!(
        without_key.as_deref(),
        Some("a.proto: .M.T is no map entry")
    );
}

#[test]
fn an_rpc_takes_messages() {
    let error = error(|file| {
        file.service.push(ServiceDescriptorProto {
            name: Some("S".to_owned()),
            method: vec![MethodDescriptorProto {
                name: Some("R".to_owned()),
                input_type: Some(".M".to_owned()),
                output_type: Some(".E".to_owned()),
                ..MethodDescriptorProto::default()
            }],
            ..ServiceDescriptorProto::default()
        });
    });
    assert_eq!(
        error.as_deref(),
        Some("a.proto: S.R takes `.E` for a message")
    );
}

#[test]
fn imports_come_first() {
    let other = FileDescriptorProto {
        name: Some("b.proto".to_owned()),
        ..FileDescriptorProto::default()
    };
    let mut first = file("a.proto");
    first.dependency.push("b.proto".to_owned());
    let error = respond(&[first.clone(), other.clone()]).error;
    let wanted = "a.proto: it imports b.proto, which the request does not hold before it";
    assert_eq!(error.as_deref(), Some(wanted));
    assert_eq!(respond(&[other, first]).error, None);
}

/// Some tools write it so, and prost-build panics at the one and finds no type with the other.
#[test]
fn an_empty_syntax_or_package_is_none() {
    let error = error(|file| {
        file.syntax = Some(String::new());
        file.package = Some(String::new());
    });
    assert_eq!(error, None);
}

/// By prost-build's rule two of its values have one name; here nobody generates it, so it has no names of ours.
#[test]
fn an_enum_of_a_file_that_is_not_generated_may_have_values_of_one_name() {
    let mut other = file("b.proto");
    other.package = Some("b".to_owned());
    other.enum_type[0].value[0].name = Some("FOO_BAR".to_owned());
    other.enum_type[0].value[1].name = Some("FooBar".to_owned());
    let mut first = file("a.proto");
    first.dependency.push("b.proto".to_owned());
    let request = CodeGeneratorRequest {
        file_to_generate: vec!["a.proto".to_owned()],
        proto_file: vec![other, first],
        ..CodeGeneratorRequest::default()
    };
    let response = protoc_gen_rmicro::run(&request.encode_to_vec());
    let response = CodeGeneratorResponse::decode(&response[..]).unwrap();
    assert_eq!(response.error, None);
}
