//! What is sent, the same for every stack.

use std::collections::HashMap;

use prost::Message as _;

use crate::pb::{Address, HelloReply, HelloRequest, Item, OftenRequest, Order, Party, order};

/// How many messages one call of a server stream gives.
pub const TIMES: u32 = 1_000;

pub fn hello() -> HelloRequest {
    HelloRequest {
        name: "Ada Lovelace".into(),
    }
}

/// Not by `format!`, which takes a fortieth of what a whole call takes.
pub fn reply(request: &HelloRequest) -> HelloReply {
    HelloReply {
        message: ["Hello, ", &request.name, "!"].concat(),
    }
}

pub fn often() -> OftenRequest {
    OftenRequest {
        name: "Ada".into(),
        times: TIMES,
    }
}

pub fn often_reply(request: &OftenRequest) -> HelloReply {
    HelloReply {
        message: request.name.clone(),
    }
}

/// About 15 KB.
pub fn order() -> Order {
    Order {
        id: "01HF9Y4Q3N8ZV0V5J2J3W8R6TC".into(),
        created: 1_764_000_000_000_000,
        state: order::State::Open as i32,
        buyer: Some(party("Ada Lovelace", 3)),
        seller: Some(party("Analytical Engines Ltd", 2)),
        items: (0..86).map(item).collect(),
        labels: (0..40).map(label).collect(),
        counters: counters(),
        readings: (0..400).map(|n| (n - 200) * 7_919).collect(),
        signature: (0..1_024u32).map(|n| (n * 31 % 251) as u8).collect(),
    }
}

fn party(name: &str, addresses: u32) -> Party {
    Party {
        name: name.into(),
        email: "orders@analytical.example".into(),
        addresses: (0..addresses).map(address).collect(),
    }
}

fn address(number: u32) -> Address {
    Address {
        street: format!("{} St James's Square", number + 12),
        city: "London".into(),
        country: "United Kingdom".into(),
        code: 10_000 + number,
        latitude: 51.5072,
        longitude: -0.1357,
    }
}

fn item(number: u32) -> Item {
    Item {
        sku: format!("SKU-{:08}", number * 7_919),
        title: format!("Brass gear wheel with {} teeth, polished", number + 20),
        quantity: number % 7 + 1,
        price: f64::from(number) * 1.25 + 0.99,
        gift: number.is_multiple_of(3),
        tags: ["brass", "gear", "polished", "engine"]
            .map(String::from)
            .into(),
        sizes: (0..8).map(|n| n * number + 3).collect(),
    }
}

fn label(number: u32) -> (String, String) {
    (
        format!("label-{number:03}"),
        format!("value of label {number}"),
    )
}

fn counters() -> HashMap<String, i64> {
    (0..40)
        .map(|number| (format!("counter-{number:03}"), i64::from(number) * 104_729))
        .collect()
}

/// The encoded sizes of what is sent.
pub fn sizes() -> String {
    format!(
        "hello={} reply={} order={}",
        hello().encoded_len(),
        reply(&hello()).encoded_len(),
        order().encoded_len()
    )
}
