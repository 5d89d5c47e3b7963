//! `FieldMask`: its paths in one string, joined by commas, each in camel case.

use serde::{Deserializer, Serializer};

use super::{FieldMask, read_text, write_text};
use crate::json::{Decoding, Encoding, JsonMessage};

impl JsonMessage for FieldMask {
    const NAME: &'static str = "google.protobuf.FieldMask";
    const IS_SPECIAL: bool = true;

    fn write_json<S: Serializer>(&self, _: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        write_text(text(&self.paths), to)
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        _: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        const EXPECTED: &str =
            "the paths of fields in camel case, as in \"user.displayName,photo\"";
        self.paths = read_text(parse, EXPECTED, from)?;
        Ok(())
    }
}

/// A path that would not come back as it was is an error.
fn text(paths: &[String]) -> Result<String, String> {
    let mut text = String::new();
    for path in paths {
        let Some(camel) = camel(path) else {
            return Err(format!(
                "the path `{path}` has no form in camel case that leads back to it"
            ));
        };
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&camel);
    }
    Ok(text)
}

fn parse(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(snake).collect()
}

/// `displayName` of `display_name`.
fn camel(path: &str) -> Option<String> {
    let mut camel = String::with_capacity(path.len());
    let mut chars = path.chars();
    while let Some(char) = chars.next() {
        match char {
            '_' => {
                let next = chars.next().filter(char::is_ascii_lowercase)?;
                camel.push(next.to_ascii_uppercase());
            }
            'a'..='z' | '0'..='9' | '.' => camel.push(char),
            _ => return None,
        }
    }
    (!camel.is_empty()).then_some(camel)
}

/// `display_name` of `displayName`.
fn snake(path: &str) -> Option<String> {
    let mut snake = String::with_capacity(path.len() + 4);
    for char in path.chars() {
        match char {
            'A'..='Z' => {
                snake.push('_');
                snake.push(char.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' | '.' => snake.push(char),
            _ => return None,
        }
    }
    (!snake.is_empty()).then_some(snake)
}
