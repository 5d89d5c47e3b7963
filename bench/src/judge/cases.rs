//! What is measured.

/// One kind of load.
#[derive(Debug)]
pub struct Case {
    pub name: &'static str,
    /// As the peers know it.
    pub case: &'static str,
    pub concurrency: usize,
    pub connections: usize,
    /// Whether bare frames can do it.
    pub raw: bool,
}

pub static CASES: [Case; 10] = [
    hello("hello c=1", 1, 1),
    hello("hello c=16", 16, 1),
    hello("hello c=16 x 4", 16, 4),
    hello("hello c=64", 64, 1),
    hello("hello c=64 x 4", 64, 4),
    hello("hello c=256 x 4", 256, 4),
    other("wide c=16", "wide", 16, 1),
    other("wide c=16 x 4", "wide", 16, 4),
    other("stream c=4", "stream", 4, 1),
    other("bidi c=64", "bidi", 64, 1),
];

const fn hello(name: &'static str, concurrency: usize, connections: usize) -> Case {
    Case {
        name,
        case: "hello",
        concurrency,
        connections,
        raw: true,
    }
}

const fn other(
    name: &'static str,
    case: &'static str,
    concurrency: usize,
    connections: usize,
) -> Case {
    Case {
        name,
        case,
        concurrency,
        connections,
        raw: false,
    }
}

impl Case {
    /// The settings that a client is given.
    pub fn words(&self) -> [String; 3] {
        [
            format!("case={}", self.case),
            format!("c={}", self.concurrency),
            format!("conns={}", self.connections),
        ]
    }
}
