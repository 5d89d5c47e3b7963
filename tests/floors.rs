//! The house keeps its order: floors, the seam, budgets and lints, read from the sources themselves.

#[path = "floors/floor.rs"]
mod floor;
#[path = "floors/habits.rs"]
mod habits;
#[path = "floors/house.rs"]
mod house;
#[path = "floors/samples.rs"]
mod samples;
#[path = "floors/scan.rs"]
mod scan;

use std::fs;
use std::path::{Path, PathBuf};

use house::{House, Violation};

#[test]
fn the_runtime_keeps_its_floors() {
    let crates = dependencies(&read(&root().join("rmicro-runtime/Cargo.toml")));
    assert!(crates.iter().any(|name| name == "tokio"));
    none(&floor::check(&open("rmicro-runtime/src"), &crates));
}

#[test]
fn the_runtime_keeps_its_habits() {
    none(&habits::check(&open("rmicro-runtime/src")));
}

#[test]
fn the_plugin_keeps_its_habits() {
    none(&habits::check(&open("protoc-gen-rmicro/src")));
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let workspace = read(&root().join("Cargo.toml"));
    assert!(
        workspace.contains("\nunsafe_code = \"forbid\"\n"),
        "Cargo.toml: `[workspace.lints.rust]` forbids unsafe code"
    );
    let members = members(&workspace);
    assert!(members.len() >= 4, "{members:?}");
    for member in members {
        let path = format!("{member}/Cargo.toml");
        let manifest = read(&root().join(&path));
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{path}: add `[lints]` with `workspace = true`, which forbids unsafe code"
        );
    }
}

fn none(violations: &[Violation]) {
    let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "\n{}\n", told.join("\n"));
}

/// The crate whose sources lie under `source`.
fn open(source: &str) -> House {
    let mut paths = Vec::new();
    collect(&root().join(source), &mut paths);
    paths.sort();
    let relative = |path: &Path| {
        let path = path.strip_prefix(root()).expect("it lies below the root");
        path.to_string_lossy().replace('\\', "/")
    };
    let files: Vec<_> = paths
        .iter()
        .map(|path| (relative(path), read(path)))
        .collect();
    assert!(!files.is_empty(), "{source} has no sources");
    House::new(source, &files).unwrap_or_else(|error| panic!("{error}"))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.expect("a folder can be read to its end").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|end| end == "rs") {
            paths.push(path);
        }
    }
}

/// The names of the third-party crates in a manifest, as code spells them.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest
        .split("\n[")
        .find(|part| part.starts_with("dependencies]"));
    let lines = section.unwrap_or_default().lines().skip(1);
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    names
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

fn members(workspace: &str) -> Vec<String> {
    let list = workspace
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'));
    let names = list.map_or("", |(names, _)| names).split(',');
    names
        .map(|name| name.trim().trim_matches('"').to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
