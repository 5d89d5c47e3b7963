//! `google.protobuf.Any`: a message of a type that is known by its name alone.
//!
//! The message goes through [`Content`], as its type and the serializer meet only while the program runs.

use serde::ser::SerializeMap;
use serde::{Deserializer, Serializer, de, ser};

use super::content::{Content, ContentSeed, ContentSerializer, Failure};
use super::{Decoding, Encoding, JsonMessage, TypeRegistry};

/// The field that says the type.
const TYPE: &str = "@type";
/// The field with a message that has a form of its own.
const VALUE: &str = "value";
/// Whose form is its own to some implementations and not to others; both are read.
const EMPTY: &str = "google.protobuf.Empty";

/// How messages of one type become JSON and back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    is_special: bool,
    write: fn(&[u8], Encoding<'_>) -> Result<Content, Failure>,
    read: fn(Content, Decoding<'_>) -> Result<Vec<u8>, Failure>,
}

impl Entry {
    pub(super) const fn of<M: JsonMessage>() -> Self {
        Self {
            is_special: M::IS_SPECIAL,
            write: write::<M>,
            read: read::<M>,
        }
    }
}

fn write<M: JsonMessage>(bytes: &[u8], encoding: Encoding<'_>) -> Result<Content, Failure> {
    let message = M::decode(bytes).map_err(ser::Error::custom)?;
    message.write_json(encoding, ContentSerializer)
}

fn read<M: JsonMessage>(json: Content, decoding: Decoding<'_>) -> Result<Vec<u8>, Failure> {
    let mut message = M::default();
    message.read_json(decoding, json)?;
    Ok(message.encode_to_vec())
}

/// What is in an `Any`.
#[derive(Clone, Debug, Default)]
pub struct AnyPart {
    /// The URL that ends in the name of the type.
    pub type_url: String,
    /// The encoded message.
    pub value: Vec<u8>,
}

/// Writes an `Any`, whose type is in the options' registry or in `well_known`.
pub fn write_any<S: Serializer>(
    type_url: &str,
    value: &[u8],
    well_known: &TypeRegistry,
    encoding: Encoding<'_>,
    to: S,
) -> Result<S::Ok, S::Error> {
    if type_url.is_empty() && value.is_empty() {
        return to.serialize_map(Some(0))?.end();
    }
    let entry = find(type_url, encoding.options.registry(), well_known);
    let entry = entry.map_err(ser::Error::custom)?;
    let json = (entry.write)(value, encoding.deeper()?).map_err(ser::Error::custom)?;
    let mut map = to.serialize_map(None)?;
    map.serialize_entry(TYPE, type_url)?;
    match json {
        Content::Map(fields) if !entry.is_special => {
            for (name, value) in fields {
                map.serialize_entry(&name, &value)?;
            }
        }
        json => map.serialize_entry(VALUE, &json)?,
    }
    map.end()
}

/// Reads an `Any`, whose type is in the options' registry or in `well_known`.
///
/// The type may stand behind what it explains, so the JSON is kept until it is known.
pub fn read_any<'de, D: Deserializer<'de>>(
    well_known: &TypeRegistry,
    decoding: Decoding<'_>,
    from: D,
) -> Result<AnyPart, D::Error> {
    use de::{DeserializeSeed, Error};

    let Content::Map(mut fields) = ContentSeed(0).deserialize(from)? else {
        return Err(D::Error::custom("an Any is an object with a field @type"));
    };
    if fields.is_empty() {
        return Ok(AnyPart::default());
    }
    let type_url = take_type(&mut fields).map_err(D::Error::custom)?;
    let entry = find(&type_url, decoding.options.registry(), well_known);
    let entry = entry.map_err(D::Error::custom)?;
    if type_url.ends_with(EMPTY) {
        fields.retain(|(name, value)| name != VALUE || *value != Content::Map(Vec::new()));
    }
    let json = if entry.is_special {
        take_value(fields, decoding.options.ignore_unknown).map_err(D::Error::custom)?
    } else {
        Content::Map(fields)
    };
    let value = (entry.read)(json, decoding.deeper()?).map_err(D::Error::custom)?;
    Ok(AnyPart { type_url, value })
}

fn find(
    type_url: &str,
    registry: Option<&TypeRegistry>,
    well_known: &TypeRegistry,
) -> Result<Entry, String> {
    let Some((_, name)) = type_url.rsplit_once('/') else {
        return Err(format!(
            "the type of an Any is a URL that ends in /name.of.the.Type, not `{type_url}`"
        ));
    };
    let entry = registry.and_then(|types| types.get(name));
    let entry = entry.or_else(|| well_known.get(name));
    entry.ok_or_else(|| {
        format!("the Any holds a `{name}`, a type that is not in the TypeRegistry of the options: add it there")
    })
}

/// Takes the one `@type` out.
fn take_type(fields: &mut Vec<(String, Content)>) -> Result<String, &'static str> {
    let Some(place) = fields.iter().position(|(name, _)| name == TYPE) else {
        return Err("an Any is an object with a field @type");
    };
    let (_, json) = fields.remove(place);
    if fields.iter().any(|(name, _)| name == TYPE) {
        return Err("the field @type is there twice");
    }
    match json {
        Content::Text(type_url) => Ok(type_url),
        _ => Err("the field @type is a string"),
    }
}

/// The one `value` of a type with a form of its own.
fn take_value(fields: Vec<(String, Content)>, ignore: bool) -> Result<Content, String> {
    let mut found = None;
    for (name, value) in fields {
        if name != VALUE {
            if ignore {
                continue;
            }
            return Err(format!("unknown field `{name}` beside @type and value"));
        }
        if found.replace(value).is_some() {
            return Err("the field value is there twice".to_owned());
        }
    }
    found.ok_or_else(|| "the field value is missing beside @type".to_owned())
}
