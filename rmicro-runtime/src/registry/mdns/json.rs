//! What a TXT record says, as JSON (go-micro `registry/mdns_registry.go`, `mdnsTxt`).
//!
//! Written in the field order of go-micro v6. Read in any order, with `null` or nothing anywhere, and
//! with keys in lower case as well.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::registry::{EndpointInfo, ValueInfo};

type Pairs = BTreeMap<String, Option<String>>;

/// The whole text.
#[derive(Serialize, Deserialize, Debug)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Text {
    #[serde(alias = "metadata")]
    metadata: Option<Pairs>,
    #[serde(alias = "service")]
    service: Option<String>,
    #[serde(alias = "version")]
    version: Option<String>,
    #[serde(alias = "endpoints")]
    endpoints: Option<Vec<Option<Endpoint>>>,
}

#[derive(Serialize, Deserialize, Debug)]
struct Endpoint {
    #[serde(alias = "Request")]
    request: Option<Value>,
    #[serde(alias = "Response")]
    response: Option<Value>,
    #[serde(alias = "Metadata")]
    metadata: Option<Pairs>,
    #[serde(alias = "Name")]
    name: Option<String>,
}

#[derive(Serialize, Deserialize, Debug)]
struct Value {
    #[serde(alias = "Name")]
    name: Option<String>,
    #[serde(alias = "Type", rename = "type")]
    type_name: Option<String>,
    #[serde(alias = "Values")]
    values: Option<Vec<Option<Value>>>,
}

impl From<&super::txt::Said> for Text {
    fn from(said: &super::txt::Said) -> Self {
        Self {
            metadata: Some(pairs(&said.metadata)),
            service: Some(said.service.clone()),
            version: Some(said.version.clone()),
            endpoints: list(&said.endpoints),
        }
    }
}

impl From<Text> for super::txt::Said {
    fn from(text: Text) -> Self {
        Self {
            service: text.service.unwrap_or_default(),
            version: text.version.unwrap_or_default(),
            metadata: plain(text.metadata),
            endpoints: unlist(text.endpoints),
        }
    }
}

impl From<&EndpointInfo> for Endpoint {
    fn from(info: &EndpointInfo) -> Self {
        Self {
            request: info.request.as_ref().map(Value::from),
            response: info.response.as_ref().map(Value::from),
            metadata: Some(pairs(&info.metadata)),
            name: Some(info.name.clone()),
        }
    }
}

impl From<Endpoint> for EndpointInfo {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            name: endpoint.name.unwrap_or_default(),
            request: endpoint.request.map(ValueInfo::from),
            response: endpoint.response.map(ValueInfo::from),
            metadata: plain(endpoint.metadata),
        }
    }
}

impl From<&ValueInfo> for Value {
    fn from(info: &ValueInfo) -> Self {
        Self {
            name: Some(info.name.clone()),
            type_name: Some(info.type_name.clone()),
            values: list(&info.values),
        }
    }
}

impl From<Value> for ValueInfo {
    fn from(value: Value) -> Self {
        Self {
            name: value.name.unwrap_or_default(),
            type_name: value.type_name.unwrap_or_default(),
            values: unlist(value.values),
        }
    }
}

/// An empty list is `null`, as Go writes a nil slice.
fn list<'a, T, U: From<&'a T>>(items: &'a [T]) -> Option<Vec<Option<U>>> {
    (!items.is_empty()).then(|| items.iter().map(U::from).map(Some).collect())
}

fn unlist<T, U: From<T>>(items: Option<Vec<Option<T>>>) -> Vec<U> {
    let items = items.into_iter().flatten().flatten();
    items.map(U::from).collect()
}

fn pairs(plain: &BTreeMap<String, String>) -> Pairs {
    let pairs = plain.iter();
    pairs.map(|(k, v)| (k.clone(), Some(v.clone()))).collect()
}

fn plain(pairs: Option<Pairs>) -> BTreeMap<String, String> {
    let pairs = pairs.into_iter().flatten();
    pairs.map(|(k, v)| (k, v.unwrap_or_default())).collect()
}
