//! What protoc says: files with their raw bytes, and which of them to generate.
//!
//! Invariant: both doors, plugin and build.rs, end in one [`Request`], so both give the same bytes.

use std::collections::{BTreeSet, HashMap};

use prost::Message;
use prost_types::FileDescriptorProto;

use crate::edition;
use crate::error::{Error, Result, bail};
use crate::options::Options;
use crate::wire;

/// Everything that one run starts from.
#[derive(Debug)]
pub(crate) struct Request {
    /// All files, imports before those that import them.
    pub(crate) files: Vec<ProtoFile>,
    /// The files to generate, by name.
    pub(crate) chosen: BTreeSet<String>,
    /// What to generate of them.
    pub(crate) options: Options,
    by_name: HashMap<String, usize>,
}

/// One `.proto` file, decoded and as it came.
#[derive(Clone, Debug)]
pub(crate) struct ProtoFile {
    /// The decoded form, which lacks custom options and is proto2 or proto3, whatever the file's edition.
    pub(crate) proto: FileDescriptorProto,
    /// The encoded form, without source info: what reflection shows.
    pub(crate) raw: Vec<u8>,
    /// The lines of the edition, and of messages, enums, services and rpcs, by their paths.
    lines: HashMap<Vec<i32>, i32>,
}

impl Request {
    /// Reads what protoc writes to a plugin.
    pub(crate) fn from_plugin(bytes: &[u8]) -> Result<Self> {
        let request = PluginRequest::decode(bytes).map_err(|error| {
            Error::new(format!(
                "stdin holds no CodeGeneratorRequest ({error}); protoc starts this program"
            ))
        })?;
        if request.file_to_generate.is_empty() {
            bail!(
                "stdin holds a CodeGeneratorRequest without a file to generate; protoc starts this program"
            );
        }
        Self::new(
            request.proto_file,
            request.file_to_generate,
            Options::parse(&request.parameter)?,
        )
    }

    /// Reads the descriptor set that `protoc --include_imports` writes; `chosen` are names in it.
    pub(crate) fn from_set(set: &[u8], chosen: Vec<String>, options: Options) -> Result<Self> {
        let set = FileSet::decode(set).map_err(no_set)?;
        Self::new(set.file, chosen, options)
    }

    fn new(raw: Vec<Vec<u8>>, chosen: Vec<String>, options: Options) -> Result<Self> {
        let files = raw
            .iter()
            .map(|raw| ProtoFile::new(raw))
            .collect::<Result<Vec<_>>>()?;
        let mut by_name = HashMap::new();
        for (index, file) in files.iter().enumerate() {
            if by_name
                .insert(file.proto.name().to_owned(), index)
                .is_some()
            {
                bail!("the request holds {} twice", file.proto.name());
            }
        }
        let chosen: BTreeSet<String> = chosen.into_iter().collect();
        if let Some(name) = chosen.iter().find(|name| !by_name.contains_key(*name)) {
            bail!("the request is to generate {name} but does not hold it");
        }
        Ok(Self {
            files,
            chosen,
            options,
            by_name,
        })
    }

    /// The files to generate, in the order of the request.
    pub(crate) fn chosen(&self) -> impl Iterator<Item = &ProtoFile> {
        self.files
            .iter()
            .filter(|file| self.is_chosen(file.proto.name()))
    }

    /// Whether the file `name` is to be generated.
    pub(crate) fn is_chosen(&self, name: &str) -> bool {
        self.chosen.contains(name)
    }

    /// The file `name`, if the request holds it.
    pub(crate) fn file(&self, name: &str) -> Option<&ProtoFile> {
        self.by_name.get(name).map(|index| &self.files[*index])
    }
}

impl ProtoFile {
    /// The number of [`FileDescriptorProto::source_code_info`].
    const SOURCE_INFO: u64 = 9;
    /// Where protoc says the line of `edition = "…";`: in the place of the syntax.
    const EDITION: [i32; 1] = [12];

    fn new(raw: &[u8]) -> Result<Self> {
        let mut proto = FileDescriptorProto::decode(raw)
            .map_err(|error| Error::new(format!("the request holds a broken file ({error})")))?;
        // prost-build takes an empty text for one.
        proto.package = proto.package.filter(|package| !package.is_empty());
        proto.syntax = proto.syntax.filter(|syntax| !syntax.is_empty());
        let encoded = raw;
        let raw = wire::without_field(raw, Self::SOURCE_INFO)
            .ok_or_else(|| Error::new(format!("the request holds a broken {}", proto.name())))?;
        let locations = proto
            .source_code_info
            .iter()
            .flat_map(|info| &info.location);
        let locations =
            locations.filter(|location| matches!(location.path[..], [_] | [_, _] | [6, _, _, _]));
        let lines =
            locations.filter_map(|location| Some((location.path.clone(), *location.span.first()?)));
        let mut file = Self {
            lines: lines.collect(),
            proto,
            raw,
        };
        let place = file.place(&Self::EDITION);
        edition::lower(&mut file.proto, encoded, &place)?;
        Ok(file)
    }

    /// `name.proto:7` when the source of `path` is known, else `name.proto`.
    pub(crate) fn place(&self, path: &[i32]) -> String {
        let name = self.proto.name();
        match self
            .lines
            .get(path)
            .copied()
            .or_else(|| self.deep_line(path))
        {
            Some(line) => format!("{name}:{}", i64::from(line) + 1),
            None => name.to_owned(),
        }
    }

    /// The line of what is inside of messages and enums: only errors ask for it, so it is looked for and not kept.
    fn deep_line(&self, path: &[i32]) -> Option<i32> {
        let mut locations = self
            .proto
            .source_code_info
            .iter()
            .flat_map(|info| &info.location);
        let location = locations.find(|location| path.len() > 2 && location.path == path)?;
        location.span.first().copied()
    }
}

/// The names of the files in a descriptor set.
pub(crate) fn names_in(set: &[u8]) -> Result<Vec<String>> {
    let set = NameSet::decode(set).map_err(no_set)?;
    Ok(set.file.into_iter().map(|file| file.name).collect())
}

fn no_set(error: prost::DecodeError) -> Error {
    Error::new(format!("protoc wrote no FileDescriptorSet ({error})"))
}

/// `google.protobuf.compiler.CodeGeneratorRequest` with the files left encoded.
#[derive(Clone, PartialEq, ::prost::Message)]
struct PluginRequest {
    #[prost(string, repeated, tag = "1")]
    file_to_generate: Vec<String>,
    #[prost(string, tag = "2")]
    parameter: String,
    #[prost(bytes = "vec", repeated, tag = "15")]
    proto_file: Vec<Vec<u8>>,
}

/// `google.protobuf.FileDescriptorSet` with the files left encoded.
#[derive(Clone, PartialEq, ::prost::Message)]
struct FileSet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// `google.protobuf.FileDescriptorSet` with nothing of the files but their names.
#[derive(Clone, PartialEq, ::prost::Message)]
struct NameSet {
    #[prost(message, repeated, tag = "1")]
    file: Vec<Named>,
}

/// The name of a file.
#[derive(Clone, PartialEq, Eq, Hash, ::prost::Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_one_line() {
        let error = Request::from_plugin(b"\xff\xff\xffgarbage")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("stdin holds no CodeGeneratorRequest ("),
            "{error}"
        );
        assert!(!error.contains('\n'));
    }

    #[test]
    fn nothing_is_not_a_request() {
        let error = Request::from_plugin(b"").unwrap_err().to_string();
        assert!(error.contains("without a file to generate"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        let request = PluginRequest {
            file_to_generate: vec!["a.proto".into()],
            ..Default::default()
        };
        let error = Request::from_plugin(&request.encode_to_vec())
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "the request is to generate a.proto but does not hold it"
        );
    }
}
