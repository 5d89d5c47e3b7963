//! What generated code says of messages and enums.

use std::fmt::Debug;

use serde::{Deserializer, Serializer};

use super::{Decoding, Encoding, Reader, Writer, object};

/// The names of fields, JSON's and the `.proto` file's; a field is known by its place in the list.
pub type Fields = &'static [(&'static str, &'static str)];

/// What writing to `S` ends in.
pub type WriteResult<S> = Result<(), <S as Serializer>::Error>;

/// What reading from `D` ends in.
pub type ReadResult<'de, D> = Result<(), <D as Deserializer<'de>>::Error>;

/// The names of an enum's values with their numbers, as declared, aliases included.
pub type EnumNames = &'static [(&'static str, i32)];

/// A message that can be JSON; generated code implements it.
///
/// A type of one's own has its JSON by [`write_json`](Self::write_json) and [`read_json`](Self::read_json) alone; a generated
/// one says its [`FIELDS`](Self::FIELDS) and writes and reads each.
pub trait JsonMessage: prost::Message + Default {
    /// The full name in protobuf, as in `greet.v1.HelloRequest`.
    const NAME: &'static str;

    /// The fields.
    const FIELDS: Fields = &[];

    /// The fields that have to be there, proto2's `required`.
    const REQUIRED: &'static [usize] = &[];

    /// Whether `null` is a value of this type, and not its absence.
    const TAKES_NULL: bool = false;

    /// Whether the JSON is of the type's own form, so that in an `Any` it stands in a field `value`.
    const IS_SPECIAL: bool = false;

    /// Writes the fields, each by one call of `out`.
    fn write<S: Serializer>(&self, out: &mut Writer<'_, S>) -> WriteResult<S> {
        let _ = out;
        Ok(())
    }

    /// Reads the field with this place in [`FIELDS`](Self::FIELDS), by one call of `from`.
    fn read<'de, D: Deserializer<'de>>(
        &mut self,
        field: usize,
        from: Reader<'_, D>,
    ) -> ReadResult<'de, D> {
        let _ = field;
        from.skip()
    }

    /// Writes the message as a whole.
    fn write_json<S: Serializer>(&self, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        object::write(self, encoding, to)
    }

    /// Reads the message as a whole; `self` is empty.
    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        object::read(self, decoding, from)
    }
}

/// A message in a box is the message.
impl<M: JsonMessage> JsonMessage for Box<M> {
    const NAME: &'static str = M::NAME;
    const FIELDS: Fields = M::FIELDS;
    const REQUIRED: &'static [usize] = M::REQUIRED;
    const TAKES_NULL: bool = M::TAKES_NULL;
    const IS_SPECIAL: bool = M::IS_SPECIAL;

    fn write<S: Serializer>(&self, out: &mut Writer<'_, S>) -> WriteResult<S> {
        M::write(self, out)
    }

    fn read<'de, D: Deserializer<'de>>(
        &mut self,
        field: usize,
        from: Reader<'_, D>,
    ) -> ReadResult<'de, D> {
        M::read(self, field, from)
    }

    fn write_json<S: Serializer>(&self, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        M::write_json(self, encoding, to)
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        M::read_json(self, decoding, from)
    }
}

/// An enum that can be JSON; generated code implements it.
pub trait JsonEnum: Debug {
    /// The full name in protobuf, as in `greet.v1.Mood`.
    const NAME: &'static str;

    /// The values; of several names of one number the first is written, all are read.
    const NAMES: EnumNames;

    /// Whether the enum is `google.protobuf.NullValue`, whose JSON is `null`.
    const IS_NULL: bool = false;
}
