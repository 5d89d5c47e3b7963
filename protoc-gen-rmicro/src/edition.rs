//! Lowers a file of an edition to proto3 with what proto2 has beside it, since prost-build knows no editions.
//!
//! Invariant: after [`lower`] a file's syntax is proto2 or proto3, and each repeated number says whether it is packed. What is
//! embedded for reflection is the encoded file, which stays as it came.

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FieldOptions, FileDescriptorProto};

use crate::error::{Error, Result, bail};
use crate::features::{Features, GivenFile, GivenMessage, NEWEST, OLDEST, Presence};
use crate::shapes::{can_pack, is_map_entry, map_entry_of};

/// Lowers `proto`, which was decoded from `raw`; `place` is where the file names its edition.
pub(crate) fn lower(proto: &mut FileDescriptorProto, raw: &[u8], place: &str) -> Result<()> {
    if proto.syntax() != "editions" {
        let is_packed = proto.syntax() == "proto3";
        for message in &mut proto.message_type {
            pack(message, is_packed);
        }
        return Ok(());
    }
    let given = GivenFile::decode(raw)
        .map_err(|error| Error::new(format!("the features of {place} are broken ({error})")))?;
    if !(OLDEST..=NEWEST).contains(&given.edition) {
        let edition = name(given.edition);
        bail!(
            "{place}: the file is of edition {edition}, and this protoc-gen-rmicro knows proto2, proto3, 2023 and 2024; \
             use a newer one, or write an older edition"
        );
    }
    let features = Features::DEFAULT.with(&given.features());
    for (message, given) in proto.message_type.iter_mut().zip(&given.message_type) {
        lower_message(message, given, features);
    }
    proto.syntax = Some("proto3".to_owned());
    Ok(())
}

/// The year of an edition, as `google.protobuf.Edition` numbers them.
fn name(edition: i32) -> String {
    match edition {
        1002 => "2026".to_owned(),
        other => format!("number {other}"),
    }
}

/// Without a word of its own, a repeated number goes by the syntax; prost-build of old takes any other option for that word.
fn pack(message: &mut DescriptorProto, is_packed: bool) {
    for field in message.field.iter_mut().filter(|field| can_pack(field)) {
        let options = field.options.get_or_insert_with(FieldOptions::default);
        options.packed.get_or_insert(is_packed);
    }
    for nested in &mut message.nested_type {
        pack(nested, is_packed);
    }
}

fn lower_message(message: &mut DescriptorProto, given: &GivenMessage, around: Features) {
    let features = around.with(&given.features());
    for (nested, given) in message.nested_type.iter_mut().zip(&given.nested_type) {
        // The fields of an entry follow from the map, and no feature reaches them.
        if !is_map_entry(nested) {
            lower_message(nested, given, features);
        }
    }
    let DescriptorProto {
        field: fields,
        nested_type: nested,
        ..
    } = message;
    for (field, given_field) in fields.iter_mut().zip(&given.field) {
        let index = field
            .oneof_index
            .and_then(|index| usize::try_from(index).ok());
        let oneof = index.and_then(|index| given.oneof_decl.get(index));
        let around = oneof.map_or(features, |oneof| features.with(&oneof.features()));
        let is_map = map_entry_of(field, nested).is_some();
        lower_field(field, is_map, around.with(&given_field.features()));
    }
}

fn lower_field(field: &mut FieldDescriptorProto, is_map: bool, features: Features) {
    if can_pack(field) {
        let options = field.options.get_or_insert_with(FieldOptions::default);
        options.packed = Some(features.is_packed);
    }
    if features.is_delimited && field.r#type() == Type::Message && !is_map {
        field.set_type(Type::Group);
    }
    let is_single = field.label() == Label::Optional && field.oneof_index.is_none();
    match features.presence {
        Presence::Required if is_single => field.set_label(Label::Required),
        // prost-build makes an option of every message; of a group only where presence is asked for.
        Presence::Explicit if is_single && field.r#type() != Type::Message => {
            field.proto3_optional = Some(true);
        }
        _ if is_single && field.r#type() == Type::Group => field.proto3_optional = Some(true),
        _ => {}
    }
}
