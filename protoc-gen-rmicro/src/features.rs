//! The features of editions: what a file says of them, and what follows from that for what is inside of it.
//!
//! prost-types knows nothing of features, so the encoded file is decoded a second time by what little is declared here. The
//! numbers are those of `google/protobuf/descriptor.proto`.

/// `google.protobuf.Edition` for the oldest that has features, 2023.
pub(crate) const OLDEST: i32 = 1000;
/// `google.protobuf.Edition` for the newest that this plugin knows, 2024.
pub(crate) const NEWEST: i32 = 1001;

/// What the features come to at one place, everything around it being taken into account.
///
/// Three features are left out on purpose. `enum_type`: prost keeps an enum as its number, which holds every value of open
/// and of closed enums alike. `utf8_validation`: a Rust string is UTF-8, so what is not fails to decode, in editions as in
/// proto2. `json_format`: the JSON that is generated keeps to the mapping that protobuf defines, whatever a file asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Features {
    pub(crate) presence: Presence,
    /// Whether repeated numbers are packed.
    pub(crate) is_packed: bool,
    /// Whether messages are encoded as groups.
    pub(crate) is_delimited: bool,
}

/// When a field of one value is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// When it was set.
    Explicit,
    /// When it is not its type's zero.
    Implicit,
    /// Always.
    Required,
}

impl Features {
    /// The defaults, which are the same in 2023 and in 2024.
    pub(crate) const DEFAULT: Self = Self {
        presence: Presence::Explicit,
        is_packed: true,
        is_delimited: false,
    };

    /// These features where `given` is said, too; what that leaves open, or what is not known, stays.
    pub(crate) fn with(mut self, given: &FeatureSet) -> Self {
        match given.field_presence {
            Some(1) => self.presence = Presence::Explicit,
            Some(2) => self.presence = Presence::Implicit,
            Some(3) => self.presence = Presence::Required,
            _ => {}
        }
        match given.repeated_field_encoding {
            Some(1) => self.is_packed = true,
            Some(2) => self.is_packed = false,
            _ => {}
        }
        match given.message_encoding {
            Some(1) => self.is_delimited = false,
            Some(2) => self.is_delimited = true,
            _ => {}
        }
        self
    }
}

/// `google.protobuf.FeatureSet`, as far as it matters.
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub(crate) struct FeatureSet {
    #[prost(int32, optional, tag = "1")]
    pub(crate) field_presence: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    pub(crate) repeated_field_encoding: Option<i32>,
    #[prost(int32, optional, tag = "5")]
    pub(crate) message_encoding: Option<i32>,
}

/// `google.protobuf.FileDescriptorProto`, as far as features go.
#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct GivenFile {
    #[prost(message, repeated, tag = "4")]
    pub(crate) message_type: Vec<GivenMessage>,
    #[prost(message, optional, tag = "8")]
    options: Option<FileOptions>,
    #[prost(int32, tag = "14")]
    pub(crate) edition: i32,
}

/// `google.protobuf.DescriptorProto`, as far as features go.
#[derive(Clone, PartialEq, ::prost::Message)]
pub(crate) struct GivenMessage {
    #[prost(message, repeated, tag = "2")]
    pub(crate) field: Vec<GivenField>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) nested_type: Vec<GivenMessage>,
    #[prost(message, optional, tag = "7")]
    options: Option<MessageOptions>,
    #[prost(message, repeated, tag = "8")]
    pub(crate) oneof_decl: Vec<GivenOneof>,
}

/// `google.protobuf.FieldDescriptorProto`, as far as features go.
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub(crate) struct GivenField {
    #[prost(message, optional, tag = "8")]
    options: Option<FieldOptions>,
}

/// `google.protobuf.OneofDescriptorProto`, as far as features go.
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
pub(crate) struct GivenOneof {
    #[prost(message, optional, tag = "2")]
    options: Option<OneofOptions>,
}

/// Declares the options of a kind of thing, which have their features at `$tag`, and how the thing gives them.
macro_rules! options {
    ($($options:ident of $given:ident at $tag:literal;)*) => {
        $(
            #[derive(Clone, Copy, PartialEq, ::prost::Message)]
            struct $options {
                #[prost(message, optional, tag = $tag)]
                features: Option<FeatureSet>,
            }

            impl $given {
                /// What is said here, and not what is inherited.
                pub(crate) fn features(&self) -> FeatureSet {
                    let options = self.options.unwrap_or_default();
                    options.features.unwrap_or_default()
                }
            }
        )*
    };
}

options! {
    FileOptions of GivenFile at "50";
    MessageOptions of GivenMessage at "12";
    FieldOptions of GivenField at "21";
    OneofOptions of GivenOneof at "1";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_inherited() {
        let given = FeatureSet {
            field_presence: Some(2),
            ..FeatureSet::default()
        };
        let file = Features::DEFAULT.with(&given);
        assert_eq!(file.presence, Presence::Implicit);
        let given = FeatureSet {
            message_encoding: Some(2),
            repeated_field_encoding: Some(2),
            ..FeatureSet::default()
        };
        let message = file.with(&given);
        let wanted = Features {
            presence: Presence::Implicit,
            is_packed: false,
            is_delimited: true,
        };
        assert_eq!(message, wanted);
        // A value from the future changes nothing.
        let given = FeatureSet {
            field_presence: Some(9),
            repeated_field_encoding: Some(1),
            message_encoding: Some(1),
        };
        let wanted = Features {
            is_packed: true,
            is_delimited: false,
            ..wanted
        };
        assert_eq!(message.with(&given), wanted);
    }
}
