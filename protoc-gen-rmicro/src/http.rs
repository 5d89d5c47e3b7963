//! The option `google.api.http` of rpcs (googleapis' `google/api/http.proto`).
//!
//! It is an extension, which the decoded file lacks, so it is read out of the file's own bytes.

use prost::Message;

use crate::error::{Error, Result};
use crate::layout::{Printer, literal};
use crate::request::ProtoFile;

/// The rules of every rpc of a file, by the place of its service and its own.
#[derive(Debug)]
pub(crate) struct HttpRules(FileOptions);

/// One HTTP method and path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HttpRule {
    method: String,
    path: String,
    body: String,
    response_body: String,
}

impl HttpRules {
    pub(crate) fn of(file: &ProtoFile) -> Result<Self> {
        let decoded = FileOptions::decode(&*file.raw).map_err(|error| {
            let name = file.proto.name();
            Error::new(format!(
                "{name}: an option `google.api.http` cannot be read ({error})"
            ))
        })?;
        Ok(Self(decoded))
    }

    /// The rules of the rpc with the place `method` in the service with the place `service`, the main one first.
    pub(crate) fn of_method(&self, service: usize, method: usize) -> Vec<HttpRule> {
        let service = self.0.services.get(service);
        let method = service.and_then(|service| service.methods.get(method));
        let options = method.and_then(|method| method.options.as_ref());
        let Some(main) = options.and_then(|options| options.http.as_ref()) else {
            return Vec::new();
        };
        let all = std::iter::once(main).chain(&main.additional);
        all.filter_map(Rule::read).collect()
    }
}

impl HttpRule {
    /// Prints how it is written in the descriptor of its service.
    pub(crate) fn print(&self, out: &mut Printer) {
        let setters = [("body", &self.body), ("response_body", &self.response_body)];
        let has_setters = setters.iter().any(|(_, value)| !value.is_empty());
        if has_setters {
            out.open();
        }
        out.text("HttpRule::new").open_list("(");
        out.text(&literal(&self.method)).comma();
        out.text(&literal(&self.path)).close_list(")");
        for (setter, value) in setters.iter().filter(|(_, value)| !value.is_empty()) {
            out.join().text(".").text(setter).open_list("(");
            out.text(&literal(value)).close_list(")");
        }
        if has_setters {
            out.close();
        }
    }
}

/// The parts of `google/protobuf/descriptor.proto` that lead to the option.
#[derive(Clone, PartialEq, ::prost::Message)]
struct FileOptions {
    #[prost(message, repeated, tag = "6")]
    services: Vec<ServiceOptions>,
}

#[derive(Clone, PartialEq, ::prost::Message)]
struct ServiceOptions {
    #[prost(message, repeated, tag = "2")]
    methods: Vec<OneMethod>,
}

#[derive(Clone, PartialEq, ::prost::Message)]
struct OneMethod {
    #[prost(message, optional, tag = "4")]
    options: Option<MethodOptions>,
}

#[derive(Clone, PartialEq, ::prost::Message)]
struct MethodOptions {
    #[prost(message, optional, tag = "72295728")]
    http: Option<Rule>,
}

/// `google.api.HttpRule`.
#[derive(Clone, PartialEq, ::prost::Message)]
struct Rule {
    #[prost(oneof = "Pattern", tags = "2, 3, 4, 5, 6, 8")]
    pattern: Option<Pattern>,
    #[prost(string, tag = "7")]
    body: String,
    #[prost(message, repeated, tag = "11")]
    additional: Vec<Rule>,
    #[prost(string, tag = "12")]
    response_body: String,
}

#[derive(Clone, PartialEq, ::prost::Oneof)]
enum Pattern {
    #[prost(string, tag = "2")]
    Get(String),
    #[prost(string, tag = "3")]
    Put(String),
    #[prost(string, tag = "4")]
    Post(String),
    #[prost(string, tag = "5")]
    Delete(String),
    #[prost(string, tag = "6")]
    Patch(String),
    #[prost(message, tag = "8")]
    Custom(Custom),
}

/// `google.api.CustomHttpPattern`.
#[derive(Clone, PartialEq, ::prost::Message)]
struct Custom {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    path: String,
}

impl Rule {
    /// The rule, if it has a pattern: one that only selects another rpc has none.
    fn read(&self) -> Option<HttpRule> {
        let (method, path) = match self.pattern.as_ref()? {
            Pattern::Get(path) => ("GET", path),
            Pattern::Put(path) => ("PUT", path),
            Pattern::Post(path) => ("POST", path),
            Pattern::Delete(path) => ("DELETE", path),
            Pattern::Patch(path) => ("PATCH", path),
            Pattern::Custom(custom) => (custom.kind.as_str(), &custom.path),
        };
        Some(HttpRule {
            method: method.to_owned(),
            path: path.clone(),
            body: self.body.clone(),
            response_body: self.response_body.clone(),
        })
    }
}
