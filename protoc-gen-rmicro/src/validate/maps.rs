//! Checks the messages that protoc makes of maps.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use crate::shapes::is_in_oneof;

/// Whether `message` has a key, which can be one, a value, and nothing else.
pub(super) fn is_entry(message: &DescriptorProto) -> bool {
    let [key, value] = message.field.as_slice() else {
        return false;
    };
    let is_alone = message.nested_type.is_empty() && message.enum_type.is_empty();
    is_alone && is_field(key, "key", 1) && is_field(value, "value", 2) && can_be_key(key.r#type())
}

fn is_field(field: &FieldDescriptorProto, name: &str, number: i32) -> bool {
    let is_named = field.name() == name && field.number() == number;
    // What proto2 calls required or optional makes no difference in a map.
    is_named && field.label() != Label::Repeated && !is_in_oneof(field)
}

fn can_be_key(kind: Type) -> bool {
    !matches!(
        kind,
        Type::Double | Type::Float | Type::Bytes | Type::Message | Type::Group | Type::Enum
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, number: i32, kind: Type) -> FieldDescriptorProto {
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            r#type: Some(kind as i32),
            ..FieldDescriptorProto::default()
        }
    }

    fn entry(fields: &[FieldDescriptorProto]) -> DescriptorProto {
        DescriptorProto {
            field: fields.to_vec(),
            ..DescriptorProto::default()
        }
    }

    #[test]
    fn an_entry_has_a_key_and_a_value_and_nothing_else() {
        let (key, value) = (
            field("key", 1, Type::String),
            field("value", 2, Type::Double),
        );
        assert!(is_entry(&entry(&[key.clone(), value.clone()])));
        for fields in [
            &[][..],
            std::slice::from_ref(&key),
            &[value.clone(), key.clone()],
            &[key.clone(), field("value", 3, Type::Double)],
            &[field("key", 1, Type::Float), value.clone()],
            &[field("key", 1, Type::Enum), value.clone()],
            &[key.clone(), value.clone(), field("more", 3, Type::Bool)],
        ] {
            assert!(!is_entry(&entry(fields)), "{fields:?}");
        }
        let mut repeated = value;
        repeated.set_label(Label::Repeated);
        assert!(!is_entry(&entry(&[key, repeated])));
    }
}
