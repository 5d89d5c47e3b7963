//! The door for protoc: a request's bytes in, a response's bytes out.

use prost::Message;
use prost_types::compiler::CodeGeneratorResponse;
use prost_types::compiler::code_generator_response::{Feature, File};

use crate::error::Result;
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
        supported_features: Some(Feature::Proto3Optional as u64),
        ..CodeGeneratorResponse::default()
    };
    match quiet::catch(|| generate(request)) {
        Ok(Ok(files)) => response.file = files.into_iter().map(file).collect(),
        Ok(Err(error)) => response.error = Some(error.to_string()),
        Err(panic) => {
            response.error = Some(format!("this is a mistake in protoc-gen-rmicro: {panic}"))
        }
    }
    response.encode_to_vec()
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
