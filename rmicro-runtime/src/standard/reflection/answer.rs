//! What is answered to one request.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use super::index::Index;
use super::v1::server_reflection_request::MessageRequest;
use super::v1::server_reflection_response::MessageResponse;
use super::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use crate::error::{Error, Result};
use crate::rpc::File;

/// The names of the files that went out on a stream.
pub(super) type Sent = BTreeSet<&'static str>;

/// The answer to `request` on a stream on which `sent` went out; what is not known is an answer too.
pub(super) fn answer(
    index: &Index,
    request: ServerReflectionRequest,
    sent: &mut Sent,
) -> ServerReflectionResponse {
    let answered = match &request.message_request {
        Some(asked) => found(index, asked, sent),
        None => Err(Error::invalid_argument("the request asks nothing")),
    };
    ServerReflectionResponse {
        valid_host: request.host.clone(),
        message_response: Some(answered.unwrap_or_else(|error| refused(&error))),
        original_request: Some(request),
    }
}

fn found(index: &Index, asked: &MessageRequest, sent: &mut Sent) -> Result<MessageResponse> {
    let not_found = |what: String| move || Error::not_found(format!("there is no {what} here"));
    let file = match asked {
        MessageRequest::ListServices(_) => return Ok(services(index)),
        MessageRequest::AllExtensionNumbersOfType(name) => {
            let numbers = index.extensions_of(name);
            let numbers = numbers.ok_or_else(not_found(format!("message {name:?}")))?;
            return Ok(extensions(name, numbers));
        }
        MessageRequest::FileByFilename(name) => {
            let file = index.file(name);
            file.ok_or_else(not_found(format!("file {name:?}")))
        }
        MessageRequest::FileContainingSymbol(name) => {
            let declared = index.declaring(name);
            if let (None, Some(short)) = (declared, index.short(name)) {
                return Ok(files(short.bytes.clone(), &[short.original], sent));
            }
            declared.ok_or_else(not_found(format!("symbol {name:?}")))
        }
        MessageRequest::FileContainingExtension(asked) => {
            let (of, number) = (&asked.containing_type, asked.extension_number);
            let file = index.extending(of, number);
            file.ok_or_else(not_found(format!("extension {number} of {of:?}")))
        }
    };
    let file = file?;
    sent.insert(file.name());
    let bytes = Bytes::from_static(file.bytes());
    Ok(files(bytes, file.imports(), sent))
}

fn services(index: &Index) -> MessageResponse {
    let service = |name: &&str| ServiceResponse {
        name: (*name).into(),
    };
    MessageResponse::ListServicesResponse(ListServiceResponse {
        service: index.services().iter().map(service).collect(),
    })
}

fn extensions(of: &str, numbers: Vec<i32>) -> MessageResponse {
    MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
        base_type_name: of.into(),
        extension_number: numbers,
    })
}

fn refused(error: &Error) -> MessageResponse {
    MessageResponse::ErrorResponse(ErrorResponse {
        error_code: error.code() as i32,
        error_message: error.message().into(),
    })
}

/// `first`, and of what it `imports`, directly or not, what has not gone out.
fn files(first: Bytes, imports: &[&'static File], sent: &mut Sent) -> MessageResponse {
    let mut files = vec![first];
    let mut reached = BTreeSet::new();
    let mut open = VecDeque::from_iter(imports);
    while let Some(file) = open.pop_front() {
        if !reached.insert(file.name()) {
            continue;
        }
        if sent.insert(file.name()) {
            files.push(Bytes::from_static(file.bytes()));
        }
        open.extend(file.imports());
    }
    MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
        file_descriptor_proto: files,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::Descriptor;
    use crate::types::{FileDescriptorProto, GOOGLE_PROTOBUF_API_PROTO};
    use prost::Message as _;

    static APIS: Descriptor = Descriptor::new("Apis", &[], &GOOGLE_PROTOBUF_API_PROTO);

    /// The names of the files that are answered to a question for `name`.
    fn names(name: &str, sent: &mut Sent) -> Vec<String> {
        let asked = MessageRequest::FileByFilename(format!("google/protobuf/{name}.proto"));
        let index = Index::new(&[&APIS], &[]);
        let Ok(MessageResponse::FileDescriptorResponse(files)) = found(&index, &asked, sent) else {
            panic!("there is no file {name}");
        };
        let name = |bytes: &Bytes| {
            let file = FileDescriptorProto::decode(bytes.clone()).unwrap();
            file.name().replace("google/protobuf/", "")
        };
        files.file_descriptor_proto.iter().map(name).collect()
    }

    #[test]
    fn a_file_comes_with_what_it_imports_and_nothing_comes_twice_unless_asked_for() {
        let mut sent = Sent::new();
        let first = names("type", &mut sent);
        assert_eq!(first, ["type.proto", "any.proto", "source_context.proto"]);
        assert_eq!(names("api", &mut sent), ["api.proto"]);
        assert_eq!(names("any", &mut sent), ["any.proto"]);
        let whole = names("api", &mut Sent::new());
        assert_eq!(
            whole,
            [
                "api.proto",
                "source_context.proto",
                "type.proto",
                "any.proto"
            ]
        );
    }
}
