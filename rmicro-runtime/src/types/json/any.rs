//! `Any`: the fields of what it holds, beside `@type`.

use serde::{Deserializer, Serializer};

use super::{Any, WELL_KNOWN};
use crate::json::{Decoding, Encoding, JsonMessage, read_any, write_any};

impl JsonMessage for Any {
    const NAME: &'static str = "google.protobuf.Any";
    const IS_SPECIAL: bool = true;

    fn write_json<S: Serializer>(&self, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        write_any(&self.type_url, &self.value, &WELL_KNOWN, encoding, to)
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        let any = read_any(&WELL_KNOWN, decoding, from)?;
        (self.type_url, self.value) = (any.type_url, any.value);
        Ok(())
    }
}
