//! What the testee answers: a message is read in one form and written in another.

use std::sync::Arc;

use rmicro_runtime::codegen::prost::Message;
use rmicro_runtime::json::{self, DecodeOptions, EncodeOptions, JsonMessage, TypeRegistry};

use crate::conformance::conformance_request::Payload;
use crate::conformance::conformance_response::Result as Outcome;
use crate::conformance::{ConformanceRequest, ConformanceResponse, TestCategory, WireFormat};
use crate::protobuf_test_messages::{editions, proto2, proto3};

/// Answers an encoded `ConformanceRequest`.
pub(crate) fn answer(request: &[u8]) -> ConformanceResponse {
    let outcome = match ConformanceRequest::decode(request) {
        Ok(request) => by_type(&request),
        Err(error) => Outcome::RuntimeError(format!("no ConformanceRequest: {error}")),
    };
    ConformanceResponse {
        result: Some(outcome),
    }
}

fn by_type(request: &ConformanceRequest) -> Outcome {
    match request.message_type.as_str() {
        "protobuf_test_messages.proto2.TestAllTypesProto2" => {
            turn::<proto2::TestAllTypesProto2>(request)
        }
        "protobuf_test_messages.proto3.TestAllTypesProto3" => {
            turn::<proto3::TestAllTypesProto3>(request)
        }
        "protobuf_test_messages.editions.TestAllTypesEdition2023" => {
            turn::<editions::TestAllTypesEdition2023>(request)
        }
        "protobuf_test_messages.editions.proto2.TestAllTypesProto2" => {
            turn::<editions::proto2::TestAllTypesProto2>(request)
        }
        "protobuf_test_messages.editions.proto3.TestAllTypesProto3" => {
            turn::<editions::proto3::TestAllTypesProto3>(request)
        }
        other => Outcome::RuntimeError(format!("no message is called {other}")),
    }
}

/// Reads a message as the request has it, and writes it as the request wants it.
fn turn<M: JsonMessage>(request: &ConformanceRequest) -> Outcome {
    let ignore = request.test_category() == TestCategory::JsonIgnoreUnknownParsingTest;
    let message = match &request.payload {
        Some(Payload::ProtobufPayload(bytes)) => M::decode(&bytes[..]).map_err(|error| error.to_string()),
        Some(Payload::JsonPayload(text)) => {
            let options = DecodeOptions::default().ignore_unknown(ignore).types(types());
            json::from_slice(text.as_bytes(), &options).map_err(|error| error.to_string())
        }
        Some(Payload::TextPayload(_)) => return Outcome::Skipped("text format".to_owned()),
        Some(Payload::JspbPayload(_)) => return Outcome::Skipped("JSPB".to_owned()),
        None => return Outcome::RuntimeError("the request has no payload".to_owned()),
    };
    match (message, request.requested_output_format()) {
        (Err(error), _) => Outcome::ParseError(error),
        (Ok(message), WireFormat::Protobuf) => Outcome::ProtobufPayload(message.encode_to_vec()),
        (Ok(message), WireFormat::Json) => write_json(&message),
        (_, other) => Outcome::Skipped(other.as_str_name().to_owned()),
    }
}

fn write_json<M: JsonMessage>(message: &M) -> Outcome {
    match json::to_vec(message, &EncodeOptions::default().types(types())) {
        Ok(json) => Outcome::JsonPayload(String::from_utf8_lossy(&json).into_owned()),
        Err(error) => Outcome::SerializeError(error.to_string()),
    }
}

/// What an `Any` of the suite may hold beside well-known types.
fn types() -> Arc<TypeRegistry> {
    let types = TypeRegistry::new()
        .with::<proto2::TestAllTypesProto2>()
        .with::<proto3::TestAllTypesProto3>()
        .with::<editions::TestAllTypesEdition2023>()
        .with::<editions::proto2::TestAllTypesProto2>()
        .with::<editions::proto3::TestAllTypesProto3>();
    Arc::new(types)
}
