//! Has prost-build write the names that we want.
//!
//! prost-build cannot be told a Rust name. So what does not follow its rule goes to it under a word that stands in for the
//! name, one word of letters, which it spells in three ways: as it is where it shows the proto's name, in camel case where it
//! makes a type or variant, in snake case where it makes a module or field. Each is replaced in what comes back.
//!
//! Invariant: no file of the request has the word, so nothing else is replaced.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    OneofDescriptorProto,
};

use crate::request::Request;
use crate::rust_names::{Renamed, RustNames};

/// The words that stand in for names, and what they stand for.
#[derive(Debug)]
pub(crate) struct StandIns<'a> {
    names: &'a RustNames,
    /// What each word starts with, in capitals.
    stem: String,
    words: BTreeMap<&'a str, String>,
    names_by_index: Vec<(&'a str, &'a Renamed)>,
}

/// How many letters tell one word from the next.
const LETTERS: usize = 6;

impl<'a> StandIns<'a> {
    pub(crate) fn new(names: &'a RustNames, request: &Request) -> Self {
        let names_by_index: Vec<_> = names.renamed().collect();
        let mut stem = "RMICROSTANDIN".to_owned();
        while !names_by_index.is_empty() && is_said(request, &stem) {
            stem.push('X');
        }
        let words = names_by_index
            .iter()
            .enumerate()
            .map(|(index, (full, _))| (*full, format!("{stem}{}", letters(index))));
        let mut words: BTreeMap<&str, String> = words.collect();
        for (path, full) in names.oneof_paths() {
            words.extend(words.get(full).cloned().map(|word| (path, word)));
        }
        Self {
            words,
            names,
            stem,
            names_by_index,
        }
    }

    /// `proto` with stand-ins for the names of all that is not called by prost-build's rule.
    pub(crate) fn file(&self, proto: &FileDescriptorProto) -> FileDescriptorProto {
        let mut proto = proto.clone();
        let scope = scope_of(proto.package());
        for message in &mut proto.message_type {
            self.message(&scope, message);
        }
        for item in &mut proto.enum_type {
            self.enumeration(&scope, item);
        }
        if !self.words.is_empty() {
            for method in proto
                .service
                .iter_mut()
                .flat_map(|service| &mut service.method)
            {
                let renamed = |name: &String| self.path(name);
                method.input_type = method.input_type.as_ref().map(renamed);
                method.output_type = method.output_type.as_ref().map(renamed);
            }
            let package = self.path(&scope);
            proto.package = proto
                .package
                .map(|_| package.trim_start_matches('.').to_owned());
        }
        proto
    }

    /// The full name `full`, or the start of one, with stand-ins.
    pub(crate) fn path(&self, full: &str) -> String {
        if self.words.is_empty() || !full.starts_with('.') {
            return full.to_owned();
        }
        let ends = full.match_indices('.').map(|(at, _)| at).skip(1);
        let ends = ends.chain([full.len()]);
        let mut path = String::with_capacity(full.len());
        let mut start = 0;
        for end in ends {
            match self.words.get(&full[..end]) {
                Some(word) => path.extend([".", word]),
                None => path.push_str(&full[start..end]),
            }
            start = end;
        }
        path
    }

    /// What has to be said to prost-build so that an option for `pattern` finds what it finds without stand-ins.
    ///
    /// A pattern with a dot in front is the start of a full name. One without is the end of some, of which those that have
    /// stand-ins are added.
    pub(crate) fn patterns(&self, pattern: &str) -> Vec<String> {
        if self.words.is_empty() || pattern.starts_with('.') {
            return vec![self.path(pattern)];
        }
        let mut patterns = BTreeSet::from([pattern.to_owned()]);
        let dots = pattern.match_indices('.').map(|(at, _)| at);
        for end in dots.chain([pattern.len()]) {
            let (head, rest) = pattern.split_at(end);
            let ending = format!(".{head}");
            let fulls = self.words.keys().filter(|full| full.ends_with(&ending));
            let paths = fulls.map(|full| self.path(&format!("{full}{rest}")));
            patterns.extend(paths.map(|path| path.trim_start_matches('.').to_owned()));
        }
        patterns.into_iter().collect()
    }

    /// `text`, which prost-build wrote, with the names instead of the stand-ins.
    pub(crate) fn restore(&self, text: String) -> String {
        if self.words.is_empty() {
            return text;
        }
        let lower = self.stem.to_lowercase();
        let camel = format!("{}{}", &self.stem[..1], &lower[1..]);
        let text = self.replace(&text, &lower, |_, renamed| &renamed.lower);
        let text = self.replace(&text, &camel, |_, renamed| &renamed.upper);
        self.replace(&text, &self.stem, |full, _| {
            full.rsplit('.').next().unwrap_or(full)
        })
    }

    fn replace(
        &self,
        text: &str,
        stem: &str,
        name: impl Fn(&'a str, &'a Renamed) -> &'a str,
    ) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(stem) {
            let word = rest.get(start + stem.len()..start + stem.len() + LETTERS);
            let entry = word
                .and_then(index)
                .and_then(|index| self.names_by_index.get(index));
            let Some((full, renamed)) = entry else {
                break;
            };
            replaced.push_str(&rest[..start]);
            replaced.push_str(name(full, renamed));
            rest = &rest[start + stem.len() + LETTERS..];
        }
        replaced + rest
    }

    fn message(&self, scope: &str, message: &mut DescriptorProto) {
        let full = format!("{scope}.{}", message.name());
        self.rename(&full, &mut message.name);
        for field in &mut message.field {
            self.field(&full, field);
        }
        for oneof in &mut message.oneof_decl {
            let OneofDescriptorProto { name, .. } = oneof;
            let oneof = format!("{full}.{}", name.as_deref().unwrap_or_default());
            self.rename(&oneof, name);
        }
        for nested in &mut message.nested_type {
            self.message(&full, nested);
        }
        for item in &mut message.enum_type {
            self.enumeration(&full, item);
        }
    }

    fn field(&self, message: &str, field: &mut FieldDescriptorProto) {
        let full = format!("{message}.{}", field.name());
        self.rename(&full, &mut field.name);
        if let (Type::Enum, Some(default)) = (field.r#type(), &field.default_value) {
            let item = field.type_name();
            let value = self.names.canonical(item, default);
            let word = self.words.get(format!("{item}.{value}").as_str());
            field.default_value = Some(word.map_or(value, String::as_str).to_owned());
        }
        field.type_name = field.type_name.as_ref().map(|name| self.path(name));
    }

    fn enumeration(&self, scope: &str, item: &mut EnumDescriptorProto) {
        let full = format!("{scope}.{}", item.name());
        self.rename(&full, &mut item.name);
        for value in &mut item.value {
            let full = format!("{full}.{}", value.name());
            self.rename(&full, &mut value.name);
        }
    }

    fn rename(&self, full: &str, name: &mut Option<String>) {
        if let Some(word) = self.words.get(full) {
            *name = Some(word.clone());
        }
    }
}

fn scope_of(package: &str) -> String {
    if package.is_empty() {
        return String::new();
    }
    format!(".{package}")
}

/// Whether a file has `stem` somewhere, in whichever case.
fn is_said(request: &Request, stem: &str) -> bool {
    let stem = stem.as_bytes();
    request.files.iter().any(|file| {
        let bytes = file.proto.encode_to_vec();
        bytes
            .windows(stem.len())
            .any(|window| window.eq_ignore_ascii_case(stem))
    })
}

/// `index` in capitals.
fn letters(mut index: usize) -> String {
    let mut letters = [b'A'; LETTERS];
    for (letter, digit) in letters.iter_mut().rev().zip(std::iter::repeat_with(|| {
        let digit = index % 26;
        index /= 26;
        digit
    })) {
        *letter = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit];
    }
    letters.map(char::from).iter().collect()
}

/// What [`letters`] made into `word`, in whichever case.
fn index(word: &str) -> Option<usize> {
    word.bytes().try_fold(0, |index, byte| {
        let digit = byte.to_ascii_uppercase().checked_sub(b'A')?;
        (digit < 26).then_some(index * 26 + usize::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_leads_back_to_its_number() {
        assert_eq!(letters(0), "AAAAAA");
        assert_eq!(letters(27), "AAAABB");
        for number in [0, 1, 25, 26, 12_345_678] {
            assert_eq!(index(&letters(number)), Some(number));
            assert_eq!(index(&letters(number).to_lowercase()), Some(number));
        }
        assert_eq!(index("AB_DEF"), None);
    }
}
