//! What descriptors say between the lines, for all who ask.

use std::borrow::Cow;

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

/// What `field` is called in JSON: protoc says it, and whoever does not means the name in camel case.
pub(crate) fn json_name(field: &FieldDescriptorProto) -> Cow<'_, str> {
    if let Some(name) = &field.json_name {
        return Cow::Borrowed(name);
    }
    let mut name = String::new();
    let mut is_start = false;
    for char in field.name().chars() {
        match char {
            '_' => is_start = true,
            _ if std::mem::take(&mut is_start) => name.push(char.to_ascii_uppercase()),
            _ => name.push(char),
        }
    }
    Cow::Owned(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_json_is_what_protoc_makes_of_it() {
        for (name, json) in [
            ("foo_bar", "fooBar"),
            ("_foo__bar_", "FooBar"),
            ("fooBar", "fooBar"),
            ("foo_1bar", "foo1bar"),
            ("FOO_BAR", "FOOBAR"),
        ] {
            let mut field = FieldDescriptorProto {
                name: Some(name.to_owned()),
                ..FieldDescriptorProto::default()
            };
            assert_eq!(json_name(&field), json);
            field.json_name = Some("other".to_owned());
            assert_eq!(json_name(&field), "other");
        }
    }
}
