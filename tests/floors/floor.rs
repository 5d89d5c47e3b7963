//! Who may name whom.
//!
//! Floor 0 is vocabulary, 1 contracts, 2 backends, 3 the engine, 4 assembly. A contract is a folder: its `mod.rs` and the files
//! in `PARTS` are the contract, every other file in it is a backend, together with the folder of its own name.

use crate::house::{File, House, Violation};
use crate::scan::Name;

const VOCABULARY: [&str; 7] = [
    "call", "context", "error", "json", "metadata", "payload", "seam",
];
const CONTRACTS: [&str; 7] = [
    "broker",
    "codec",
    "config",
    "registry",
    "selector",
    "store",
    "transport",
];
/// Files that a contract is made of, beside its `mod.rs`.
const PARTS: [(&str, &str); 14] = [
    ("broker", "address"),
    ("broker", "capabilities"),
    ("broker", "delivery"),
    ("broker", "header"),
    ("broker", "message"),
    ("broker", "secrets"),
    ("broker", "subscription"),
    ("broker", "topic"),
    ("codec", "message"),
    ("codec", "with_json"),
    ("registry", "announced"),
    ("registry", "beat"),
    ("registry", "info"),
    ("registry", "roster"),
];
/// What the engine may name of backends: generated messages are protobuf and have JSON, so those codecs are what both sides
/// speak when nothing else is said.
const DEFAULTS: [(&str, &str); 2] = [("codec", "json"), ("codec", "proto")];
const ENGINE: [&str; 4] = ["client", "events", "rpc", "server"];
const ASSEMBLY: [&str; 7] = [
    "codegen",
    "conformance",
    "fuzzing",
    "include",
    "service",
    "standard",
    "types",
];
/// The crates that may be named on the two lowest floors, where every name binds everybody.
const LOW_CRATES: [&[&str]; 2] = [
    &["bytes", "http"],
    &["async_trait", "bytes", "futures_core", "http", "prost"],
];
/// The crates of `json`, which is about serde and prost; what it says to others is that messages implement serde.
const JSON_CRATES: [&str; 5] = ["bytes", "itoa", "prost", "serde", "serde_json"];

/// A part of the house that is moved as one: a module of the crate, or a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unit {
    area: String,
    backend: Option<String>,
}

/// Checks that every file of the runtime names only what its floor allows; `crates` are the third-party crates.
pub(crate) fn check(house: &House, crates: &[String]) -> Vec<Violation> {
    let files = house.files.iter().filter(|file| !file.scan.all_tests);
    files
        .flat_map(|file| check_file(house, crates, file))
        .collect()
}

fn check_file(house: &House, crates: &[String], file: &File) -> Vec<Violation> {
    let Some(from) = unit(house, &file.module) else {
        return Vec::new(); // lib.rs, which may name all.
    };
    let Some(floor) = from.floor() else {
        let area = &from.area;
        let rule = format!("`{area}` has no floor: give it one in tests/floors/floor.rs");
        return vec![Violation::new(file, 1, rule)];
    };
    let backends = reexported_backends(house, &from, floor);
    let rules = |name: &Name| {
        let target = house.absolute(file, name);
        [
            foreign(&from, floor, crates, name),
            used(&backends, name),
            target.and_then(|target| named(house, &from, floor, name, &target)),
        ]
    };
    let names = file.scan.names.iter();
    names
        .flat_map(|name| {
            let broken = rules(name).into_iter().flatten();
            broken.map(|rule| Violation::new(file, name.line, rule))
        })
        .collect()
}

/// What is wrong with naming a backend that the contract of this file re-exports.
fn used(backends: &[String], name: &Name) -> Option<String> {
    let [backend] = name.parts.as_slice() else {
        return None;
    };
    (!name.public_use && backends.contains(backend)).then(|| {
        format!("a contract re-exports its backend `{backend}` and never uses it: move this to the backend or to floor 4")
    })
}

/// What is wrong with naming a third-party crate.
fn foreign(from: &Unit, floor: u8, crates: &[String], name: &Name) -> Option<String> {
    let allowed = match from.area.as_str() {
        "json" => &JSON_CRATES,
        _ => *LOW_CRATES.get(usize::from(floor))?,
    };
    let first = name.parts.first()?;
    let is_crate = name.parts.len() > 1 && crates.contains(first);
    if !is_crate || from.area == "seam" || allowed.contains(&first.as_str()) {
        return None;
    }
    Some(format!(
        "floor {floor} may not name the crate `{first}`, only {allowed:?}: go through the seam, or move this up"
    ))
}

/// What is wrong with naming `target`.
fn named(house: &House, from: &Unit, floor: u8, name: &Name, target: &[String]) -> Option<String> {
    let glob = target.last().is_some_and(|last| last == "*");
    if glob && target.len() <= 2 && target.first().is_none_or(|area| *area != from.area) {
        return Some("a glob hides what is named: name it".to_owned());
    }
    let to = resolve(house, target)?;
    let to_floor = to.floor()?;
    let same_contract = from.area == to.area && from.backend != to.backend;
    let allowed = match floor {
        _ if *from == to => true,
        // A contract declares its backends and re-exports them.
        1 if same_contract => to_floor == 1 || name.public_use,
        0 => to_floor == 0,
        1 => to_floor == 0 || (from.area == "selector" && to.area == "registry" && to_floor == 1),
        2 => to_floor <= 1,
        3 => to_floor <= 1 || to.area == "rpc" || DEFAULTS.iter().any(|default| to.is(*default)),
        _ => true,
    };
    if allowed {
        return None;
    }
    let (from, to) = (from.told(), to.told());
    Some(format!(
        "`{from}` is on floor {floor} and may not name `{to}` on floor {to_floor}: {}",
        advice(floor)
    ))
}

fn advice(floor: u8) -> &'static str {
    match floor {
        0 => "vocabulary names vocabulary only",
        1 => "a contract names floor 0, and the selector the registry's nodes",
        2 => "a backend names floor 0 and contracts, never another backend",
        _ => {
            "take the contract as `dyn`; client, server and events share through `rpc`, and floor 4 chooses backends"
        }
    }
}

/// The unit that `target` leads to, through re-exports where there are any; `None` for what is no module.
fn resolve(house: &House, target: &[String]) -> Option<Unit> {
    let (area, rest) = target.split_first()?;
    let area_module = [area.clone()];
    if !house.has(&area_module) {
        let exported = house.reexports(&[]);
        return resolve(house, exported.get(area)?);
    }
    if CONTRACTS.contains(&area.as_str())
        && let Some(first) = rest.first()
        && let Some(exported) = house.reexports(&area_module).get(first)
    {
        return unit(house, exported);
    }
    unit(house, target)
}

/// The unit in which `path` lies.
fn unit(house: &House, path: &[String]) -> Option<Unit> {
    let area = path.first()?.clone();
    let is_backend = |name: &&String| {
        let is_part = PARTS.contains(&(area.as_str(), name.as_str()));
        CONTRACTS.contains(&area.as_str()) && !is_part && house.has(&path[..2])
    };
    let backend = path.get(1).filter(is_backend).cloned();
    Some(Unit { area, backend })
}

/// The names of the backends that the contract `from` re-exports; none where `from` is no contract.
fn reexported_backends(house: &House, from: &Unit, floor: u8) -> Vec<String> {
    if floor != 1 {
        return Vec::new();
    }
    let exported = house.reexports(std::slice::from_ref(&from.area));
    let backends = exported
        .into_iter()
        .filter(|(_, target)| unit(house, target).is_some_and(|unit| unit.backend.is_some()));
    backends.map(|(name, _)| name).collect()
}

impl Unit {
    /// Its floor; `None` for an area that the rules do not know.
    fn floor(&self) -> Option<u8> {
        let area = self.area.as_str();
        Some(match &self.backend {
            Some(_) => 2,
            None if VOCABULARY.contains(&area) => 0,
            None if CONTRACTS.contains(&area) => 1,
            None if ENGINE.contains(&area) => 3,
            None if ASSEMBLY.contains(&area) => 4,
            None => return None,
        })
    }

    fn is(&self, (area, backend): (&str, &str)) -> bool {
        self.area == area && self.backend.as_deref() == Some(backend)
    }

    fn told(&self) -> String {
        match &self.backend {
            Some(backend) => format!("{}::{backend}", self.area),
            None => self.area.clone(),
        }
    }
}
