//! The message that codecs are tried with, and its JSON, both as the generator would write them.

use std::collections::BTreeMap;

use bytes::Bytes;

/// A message with a field of each kind, as the generator would write it.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Sample {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int32, tag = "2")]
    pub(super) count: i32,
    #[prost(uint64, tag = "3")]
    pub(super) total: u64,
    #[prost(double, tag = "4")]
    pub(super) ratio: f64,
    #[prost(bool, tag = "5")]
    pub(super) flag: bool,
    #[prost(bytes = "bytes", tag = "6")]
    pub(super) data: Bytes,
    #[prost(message, optional, tag = "7")]
    pub(super) inner: Option<Inner>,
    #[prost(message, repeated, tag = "8")]
    pub(super) items: Vec<Inner>,
    #[prost(btree_map = "string, int64", tag = "9")]
    pub(super) counts: BTreeMap<String, i64>,
    #[prost(sint32, repeated, tag = "10")]
    pub(super) numbers: Vec<i32>,
    #[prost(string, optional, tag = "11")]
    pub(super) note: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Inner {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, boxed, tag = "2")]
    pub(super) inner: Option<Box<Inner>>,
}

/// One with something in every field.
pub(super) fn sample() -> Sample {
    let inner = |name: &str| Inner {
        name: name.into(),
        inner: None,
    };
    Sample {
        name: "John".into(),
        count: -7,
        total: 7_000_000_000,
        ratio: 0.5,
        flag: true,
        data: Bytes::from_static(&[0, 1, 0xFF]),
        inner: Some(Inner {
            name: "outer".into(),
            inner: Some(Box::new(inner("inner"))),
        }),
        items: vec![inner("one"), inner("two")],
        counts: [("a".to_owned(), 1), ("b".to_owned(), i64::MIN)].into(),
        numbers: vec![0, -1, i32::MAX],
        note: Some(String::new()),
    }
}

#[cfg(feature = "json")]
mod json_rmicro {
    use serde::{Deserializer, Serializer};

    use super::{Inner, Sample};
    use crate::json::{Fields, JsonMessage, Message, Reader, Scalar, Writer};

    impl JsonMessage for Sample {
        const NAME: &'static str = "conformance.Sample";
        const FIELDS: Fields = &[
            ("name", "name"),
            ("count", "count"),
            ("total", "total"),
            ("ratio", "ratio"),
            ("flag", "flag"),
            ("data", "data"),
            ("inner", "inner"),
            ("items", "items"),
            ("counts", "counts"),
            ("numbers", "numbers"),
            ("note", "note"),
        ];

        fn write<S: Serializer>(&self, out: &mut Writer<'_, S>) -> Result<(), S::Error> {
            out.plain(0, Scalar, &self.name)?;
            out.plain(1, Scalar, &self.count)?;
            out.plain(2, Scalar, &self.total)?;
            out.plain(3, Scalar, &self.ratio)?;
            out.plain(4, Scalar, &self.flag)?;
            out.plain(5, Scalar, &self.data)?;
            out.optional(6, Message, &self.inner)?;
            out.repeated(7, Message, &self.items)?;
            out.map(8, Scalar, &self.counts)?;
            out.repeated(9, Scalar, &self.numbers)?;
            out.optional(10, Scalar, &self.note)
        }

        fn read<'de, D: Deserializer<'de>>(
            &mut self,
            field: usize,
            from: Reader<'_, D>,
        ) -> Result<(), D::Error> {
            match field {
                0 => from.plain(Scalar, &mut self.name),
                1 => from.plain(Scalar, &mut self.count),
                2 => from.plain(Scalar, &mut self.total),
                3 => from.plain(Scalar, &mut self.ratio),
                4 => from.plain(Scalar, &mut self.flag),
                5 => from.plain(Scalar, &mut self.data),
                6 => from.optional(Message, &mut self.inner),
                7 => from.repeated(Message, &mut self.items),
                8 => from.map(Scalar, &mut self.counts),
                9 => from.repeated(Scalar, &mut self.numbers),
                10 => from.optional(Scalar, &mut self.note),
                _ => from.skip(),
            }
        }
    }

    impl JsonMessage for Inner {
        const NAME: &'static str = "conformance.Inner";
        const FIELDS: Fields = &[("name", "name"), ("inner", "inner")];

        fn write<S: Serializer>(&self, out: &mut Writer<'_, S>) -> Result<(), S::Error> {
            out.plain(0, Scalar, &self.name)?;
            out.optional(1, Message, &self.inner)
        }

        fn read<'de, D: Deserializer<'de>>(
            &mut self,
            field: usize,
            from: Reader<'_, D>,
        ) -> Result<(), D::Error> {
            match field {
                0 => from.plain(Scalar, &mut self.name),
                1 => from.optional(Message, &mut self.inner),
                _ => from.skip(),
            }
        }
    }
}
