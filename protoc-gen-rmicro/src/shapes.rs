//! What descriptors say between the lines, for all who ask.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

/// Whether `message` is what protoc makes of a map, of which prost-build makes no type.
pub(crate) fn is_map_entry(message: &DescriptorProto) -> bool {
    let options = message.options.as_ref();
    options.is_some_and(|options| options.map_entry())
}

/// The entry of the map that `field` is, if it is one; `nested` are the messages inside of the one that has the field.
pub(crate) fn map_entry_of<'a>(
    field: &FieldDescriptorProto,
    nested: &'a [DescriptorProto],
) -> Option<&'a DescriptorProto> {
    let name = field.type_name().rsplit('.').next()?;
    let mut entries = nested.iter().filter(|nested| is_map_entry(nested));
    entries.find(|entry| field.label() == Label::Repeated && entry.name() == name)
}

/// Whether `field` is one of a oneof, other than the one that protoc makes up for an optional field.
pub(crate) fn is_in_oneof(field: &FieldDescriptorProto) -> bool {
    field.oneof_index.is_some() && !field.proto3_optional()
}

/// Whether `field` holds messages, in whichever of the two encodings.
pub(crate) fn is_message(field: &FieldDescriptorProto) -> bool {
    matches!(field.r#type(), Type::Message | Type::Group)
}

/// Whether the values of `field` can be packed into one run.
pub(crate) fn can_pack(field: &FieldDescriptorProto) -> bool {
    let is_number = !is_message(field) && !matches!(field.r#type(), Type::String | Type::Bytes);
    field.label() == Label::Repeated && is_number
}
