//! A message as JSON that is kept.

use serde::ser::{Error as _, Impossible, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::{Content, Failure};

/// Makes [`Content`] of what messages write, and refuses what they never do.
pub(in crate::json) struct ContentSerializer;

impl Serializer for ContentSerializer {
    type Ok = Content;
    type Error = Failure;
    type SerializeSeq = ListSerializer;
    type SerializeTuple = Impossible<Content, Failure>;
    type SerializeTupleStruct = Impossible<Content, Failure>;
    type SerializeTupleVariant = Impossible<Content, Failure>;
    type SerializeMap = MapSerializer;
    type SerializeStruct = Impossible<Content, Failure>;
    type SerializeStructVariant = Impossible<Content, Failure>;

    fn serialize_bool(self, value: bool) -> Result<Content, Failure> {
        Ok(Content::Bool(value))
    }

    fn serialize_i8(self, number: i8) -> Result<Content, Failure> {
        Ok(Content::I64(number.into()))
    }

    fn serialize_i16(self, number: i16) -> Result<Content, Failure> {
        Ok(Content::I64(number.into()))
    }

    fn serialize_i32(self, number: i32) -> Result<Content, Failure> {
        Ok(Content::I64(number.into()))
    }

    fn serialize_i64(self, number: i64) -> Result<Content, Failure> {
        Ok(Content::I64(number))
    }

    fn serialize_u8(self, number: u8) -> Result<Content, Failure> {
        Ok(Content::U64(number.into()))
    }

    fn serialize_u16(self, number: u16) -> Result<Content, Failure> {
        Ok(Content::U64(number.into()))
    }

    fn serialize_u32(self, number: u32) -> Result<Content, Failure> {
        Ok(Content::U64(number.into()))
    }

    fn serialize_u64(self, number: u64) -> Result<Content, Failure> {
        Ok(Content::U64(number))
    }

    fn serialize_f32(self, number: f32) -> Result<Content, Failure> {
        Ok(Content::F32(number))
    }

    fn serialize_f64(self, number: f64) -> Result<Content, Failure> {
        Ok(Content::F64(number))
    }

    fn serialize_char(self, char: char) -> Result<Content, Failure> {
        Ok(Content::Text(char.into()))
    }

    fn serialize_str(self, text: &str) -> Result<Content, Failure> {
        Ok(Content::Text(text.to_owned()))
    }

    fn serialize_bytes(self, _bytes: &[u8]) -> Result<Content, Failure> {
        Err(unexpected())
    }

    fn serialize_none(self) -> Result<Content, Failure> {
        Ok(Content::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Content, Failure> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Content, Failure> {
        Ok(Content::Null)
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Content, Failure> {
        Err(unexpected())
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
    ) -> Result<Content, Failure> {
        Err(unexpected())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Content, Failure> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<Content, Failure> {
        Err(unexpected())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<ListSerializer, Failure> {
        Ok(ListSerializer(Vec::with_capacity(length.unwrap_or(0))))
    }

    fn serialize_tuple(self, _length: usize) -> Result<Self::SerializeTuple, Failure> {
        Err(unexpected())
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleStruct, Failure> {
        Err(unexpected())
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeTupleVariant, Failure> {
        Err(unexpected())
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<MapSerializer, Failure> {
        Ok(MapSerializer::default())
    }

    fn serialize_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStruct, Failure> {
        Err(unexpected())
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _length: usize,
    ) -> Result<Self::SerializeStructVariant, Failure> {
        Err(unexpected())
    }
}

/// Collects a list.
pub(in crate::json) struct ListSerializer(Vec<Content>);

impl SerializeSeq for ListSerializer {
    type Ok = Content;
    type Error = Failure;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        self.0.push(value.serialize(ContentSerializer)?);
        Ok(())
    }

    fn end(self) -> Result<Content, Failure> {
        Ok(Content::List(self.0))
    }
}

/// Collects a map.
#[derive(Default)]
pub(in crate::json) struct MapSerializer {
    entries: Vec<(String, Content)>,
    name: String,
}

impl SerializeMap for MapSerializer {
    type Ok = Content;
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), Failure> {
        match name.serialize(ContentSerializer)? {
            Content::Text(name) => self.name = name,
            _ => return Err(unexpected()),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let value = value.serialize(ContentSerializer)?;
        self.entries.push((std::mem::take(&mut self.name), value));
        Ok(())
    }

    fn end(self) -> Result<Content, Failure> {
        Ok(Content::Map(self.entries))
    }
}

fn unexpected() -> Failure {
    Failure::custom("a message wrote what JSON does not have")
}
