//! What a server serves, as a registry tells it (go-micro `server/extractor.go`).

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;

use crate::registry::{EndpointInfo, ValueInfo};
use crate::rpc::{Descriptor, File};

/// How deep the fields of fields are told.
const DEPTH: usize = 3;

/// The endpoints of `services`, sorted by name.
pub(super) fn of(services: &[&'static Descriptor]) -> Vec<EndpointInfo> {
    let mut endpoints: Vec<_> = services
        .iter()
        .flat_map(|service| of_service(service))
        .collect();
    endpoints.sort_by(|a, b| a.name.cmp(&b.name));
    endpoints
}

fn of_service(service: &'static Descriptor) -> Vec<EndpointInfo> {
    let mut messages = BTreeMap::new();
    collect(service.file(), &mut messages, &mut BTreeSet::new());
    let file = FileProto::decode(service.file().bytes()).unwrap_or_default();
    let declared = file
        .services
        .into_iter()
        .find(|declared| declared.name == service.short_name())
        .unwrap_or_default();
    let endpoint = |method: MethodProto| {
        let mut endpoint = EndpointInfo {
            name: format!("{}.{}", service.short_name(), method.name),
            ..Default::default()
        };
        if method.client_streaming || method.server_streaming {
            // What go-micro's reflection makes of a streaming handler's arguments.
            endpoint.metadata.insert("stream".into(), "true".into());
        }
        endpoint.request = Some(message(&method.input, &messages));
        endpoint.response = Some(message(&method.output, &messages));
        endpoint
    };
    declared.methods.into_iter().map(endpoint).collect()
}

type Messages = BTreeMap<String, MessageProto>;

/// Adds the messages of `file` and of what it imports; a file that many import is read once.
fn collect(file: &'static File, messages: &mut Messages, seen: &mut BTreeSet<&'static str>) {
    if !seen.insert(file.name()) {
        return;
    }
    let proto = FileProto::decode(file.bytes()).unwrap_or_default();
    let prefix = if proto.package.is_empty() {
        String::new()
    } else {
        format!(".{}", proto.package)
    };
    for message in proto.messages {
        nest(&prefix, message, messages);
    }
    file.imports()
        .iter()
        .for_each(|import| collect(import, messages, seen));
}

fn nest(prefix: &str, message: MessageProto, messages: &mut Messages) {
    let name = format!("{prefix}.{}", message.name);
    for nested in &message.nested {
        nest(&name, nested.clone(), messages);
    }
    messages.insert(name, message);
}

fn message(full_name: &str, messages: &Messages) -> ValueInfo {
    let short = full_name.rsplit('.').next().unwrap_or(full_name);
    ValueInfo {
        name: short.into(),
        type_name: short.into(),
        values: fields(full_name, messages, DEPTH),
    }
}

fn fields(full_name: &str, messages: &Messages, depth: usize) -> Vec<ValueInfo> {
    let Some(message) = messages.get(full_name).filter(|_| depth > 0) else {
        return Vec::new();
    };
    message
        .fields
        .iter()
        .map(|field| {
            let plain = go_type(field);
            let type_name = if field.label == LABEL_REPEATED {
                format!("[]{plain}")
            } else {
                plain
            };
            ValueInfo {
                name: field.name.clone(),
                type_name,
                values: fields(&field.type_name, messages, depth - 1),
            }
        })
        .collect()
}

const LABEL_REPEATED: i32 = 3;

/// The name of a field's type in Go, by the numbers of `google.protobuf.FieldDescriptorProto.Type`.
fn go_type(field: &FieldProto) -> String {
    let name = match field.kind {
        1 => "float64",
        2 => "float32",
        3 | 16 | 18 => "int64",
        4 | 6 => "uint64",
        5 | 15 | 17 => "int32",
        7 | 13 => "uint32",
        8 => "bool",
        9 => "string",
        12 => "[]uint8",
        _ => field.type_name.rsplit('.').next().unwrap_or_default(),
    };
    name.to_owned()
}

/// The parts of `google/protobuf/descriptor.proto` that are told.
#[derive(Clone, PartialEq, prost::Message)]
struct FileProto {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<MessageProto>,
    #[prost(message, repeated, tag = "6")]
    services: Vec<ServiceProto>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MessageProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<FieldProto>,
    #[prost(message, repeated, tag = "3")]
    nested: Vec<MessageProto>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FieldProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "4")]
    label: i32,
    #[prost(int32, tag = "5")]
    kind: i32,
    #[prost(string, tag = "6")]
    type_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ServiceProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    methods: Vec<MethodProto>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MethodProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    input: String,
    #[prost(string, tag = "3")]
    output: String,
    #[prost(bool, tag = "5")]
    client_streaming: bool,
    #[prost(bool, tag = "6")]
    server_streaming: bool,
}
