//! The wrappers, each of which is the scalar that it holds.

use serde::{Deserializer, Serializer};

use super::{
    BoolValue, BytesValue, DoubleValue, FloatValue, Int32Value, Int64Value, StringValue,
    UInt32Value, UInt64Value,
};
use crate::json::{Decoding, Encoding, Format, JsonMessage, Scalar};

/// Implements [`JsonMessage`] for wrappers.
macro_rules! wrappers {
    ($($name:ident)*) => {
        $(
            impl JsonMessage for $name {
                const NAME: &'static str = concat!("google.protobuf.", stringify!($name));
                const IS_SPECIAL: bool = true;

                fn write_json<S: Serializer>(
                    &self,
                    encoding: Encoding<'_>,
                    to: S,
                ) -> Result<S::Ok, S::Error> {
                    Scalar::write(&self.value, encoding, to)
                }

                fn read_json<'de, D: Deserializer<'de>>(
                    &mut self,
                    decoding: Decoding<'_>,
                    from: D,
                ) -> Result<(), D::Error> {
                    Scalar::read(&mut self.value, decoding, from)?;
                    Ok(())
                }
            }
        )*
    };
}

wrappers! {
    BoolValue BytesValue DoubleValue FloatValue Int32Value Int64Value StringValue UInt32Value UInt64Value
}
