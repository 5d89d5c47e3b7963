//! The door for protoc: a request's bytes in, a response's bytes out.

use prost::Message;
use prost_types::compiler::CodeGeneratorResponse;
use prost_types::compiler::code_generator_response::{Feature, File};

use crate::error::Result;
use crate::features;
use crate::generator::{self, Generated};
use crate::quiet;
use crate::request::Request;

/// Answers an encoded `CodeGeneratorRequest` with an encoded `CodeGeneratorResponse`.
///
/// Never panics: whatever is wrong with the request is the response's error, in one line.
///
/// ```
/// let response = protoc_gen_rmicro::run(b"garbage");
/// assert!(String::from_utf8_lossy(&response).contains("stdin holds no CodeGeneratorRequest"));
/// ```
#[must_use]
pub fn run(request: &[u8]) -> Vec<u8> {
    let mut response = CodeGeneratorResponse {
        supported_features: Some(Feature::Proto3Optional as u64 | SUPPORTS_EDITIONS),
        ..CodeGeneratorResponse::default()
    };
    match quiet::catch(|| generate(request)) {
        Ok(Ok(files)) => response.file = files.into_iter().map(file).collect(),
        Ok(Err(error)) => response.error = Some(error.to_string()),
        Err(panic) => {
            response.error = Some(format!("this is a mistake in protoc-gen-rmicro: {panic}"))
        }
    }
    let mut bytes = response.encode_to_vec();
    bytes.extend(Editions::KNOWN.encode_to_vec());
    bytes
}

/// `CodeGeneratorResponse.Feature.FEATURE_SUPPORTS_EDITIONS`, which prost-types lacks.
const SUPPORTS_EDITIONS: u64 = 2;

/// The fields of a `CodeGeneratorResponse` that prost-types lacks; encoded after the others they are part of it.
#[derive(Clone, Copy, PartialEq, ::prost::Message)]
struct Editions {
    #[prost(int32, tag = "3")]
    minimum_edition: i32,
    #[prost(int32, tag = "4")]
    maximum_edition: i32,
}

impl Editions {
    const KNOWN: Self = Self {
        minimum_edition: features::OLDEST,
        maximum_edition: features::NEWEST,
    };
}

fn generate(request: &[u8]) -> Result<Vec<Generated>> {
    generator::generate(&Request::from_plugin(request)?)
}

fn file(generated: Generated) -> File {
    File {
        name: Some(generated.name),
        content: Some(generated.code),
        ..File::default()
    }
}
