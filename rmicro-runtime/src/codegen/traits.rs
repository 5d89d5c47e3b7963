//! serde's two traits for messages.

/// Implements serde's `Serialize` and `Deserialize` for messages, canonically.
///
/// The traits are not ours and so are the messages of users, so this cannot be said once for all.
#[doc(hidden)]
#[macro_export]
macro_rules! json_serde {
    ($($message:ty),* $(,)?) => {
        $(
            impl $crate::codegen::serde::Serialize for $message {
                fn serialize<S: $crate::codegen::serde::Serializer>(
                    &self,
                    to: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::json::serialize(self, to)
                }
            }

            impl<'de> $crate::codegen::serde::Deserialize<'de> for $message {
                fn deserialize<D: $crate::codegen::serde::Deserializer<'de>>(
                    from: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    $crate::json::deserialize(from)
                }
            }
        )*
    };
}
