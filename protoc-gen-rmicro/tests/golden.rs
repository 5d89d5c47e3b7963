//! Generates the cases in `golden/` and compares; `UPDATE=1` rewrites what is expected.
//!
//! A case is a folder: `.proto` files, the file `options` with what `--rmicro_opt` gets, the file `inputs` when not all protos
//! are to be generated, and what comes out, `expected.rs` or `expected.<name>` for each of several files.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::Files;
use protoc_gen_rmicro::Builder;

/// The messages, services and trees are as reviewed, by protoc and by build.rs, and the same again.
#[test]
fn every_case_is_as_expected() {
    let is_update = std::env::var_os("UPDATE").is_some();
    let mut differing = Vec::new();
    for case in cases() {
        let (inputs, options) = (inputs(&case), options(&case));
        let files = common::by_protoc(&case, &inputs, &options).unwrap();
        let again = common::by_protoc(&case, &inputs, &options).unwrap();
        assert!(files == again, "{} differs on a second run", case.display());
        for (name, code) in expected_names(files) {
            let path = case.join(name);
            if is_update {
                fs::write(&path, &code).unwrap();
            } else if fs::read_to_string(&path).unwrap_or_default() != code {
                differing.push(path);
            }
        }
    }
    assert!(
        differing.is_empty(),
        "UPDATE=1 rewrites what differs: {differing:?}"
    );
}

#[test]
fn both_doors_give_the_same_bytes() {
    for case in cases() {
        let options = format!("include_file=mod.rs,{}", options(&case));
        let files = common::by_protoc(&case, &inputs(&case), &options).unwrap();
        let built = common::by_builder(&case, &inputs(&case), builder(&case)).unwrap();
        assert!(
            files == built,
            "{}: protoc and build.rs differ",
            case.display()
        );
    }
}

#[test]
fn the_order_of_the_files_makes_no_difference() {
    let case = cases_folder().join("imports");
    let mut inputs = inputs(&case);
    let files = common::by_protoc(&case, &inputs, "include_file=mod.rs").unwrap();
    inputs.reverse();
    assert!(files == common::by_protoc(&case, &inputs, "include_file=mod.rs").unwrap());
}

#[test]
fn the_greeter_is_at_most_90_lines_of_code() {
    let code = fs::read_to_string(cases_folder().join("greeter/expected.rs")).unwrap();
    let (stamp, _) = code.split_once("\n/// Who is to be greeted.").unwrap();
    let (_, services) = code.split_once("\n);\n").unwrap();
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    let lines = stamp
        .lines()
        .chain(services.lines())
        .filter(is_code)
        .count();
    assert!(lines <= 90, "{lines} lines");
}

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(cases_folder()).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 10);
    cases
}

fn options(case: &Path) -> String {
    fs::read_to_string(case.join("options"))
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn builder(case: &Path) -> Builder {
    match options(case).as_str() {
        "" => Builder::new(),
        "messages=false" => Builder::new().messages(false),
        "client=false" => Builder::new().client(false),
        "server=false" => Builder::new().server(false),
        "unimplemented_stubs" => Builder::new().unimplemented_stubs(true),
        "messages=false,extern_path=.elsewhere=crate::elsewhere" => Builder::new()
            .messages(false)
            .extern_path(".elsewhere", "crate::elsewhere"),
        "extern_path=.elsewhere=crate::elsewhere" => {
            Builder::new().extern_path(".elsewhere", "crate::elsewhere")
        }
        attributes if attributes.starts_with("type_attribute=Book=#[must_use],") => Builder::new()
            .type_attribute("Book", "#[must_use]")
            .type_attribute(".attributes.v1.Book.state", "#[non_exhaustive]")
            .type_attribute("Kind", "#[non_exhaustive]")
            .field_attribute("Book.title", "#[doc(alias = \"name\")]")
            .field_attribute("KIND_NOVEL", "#[doc(alias = \"fiction\")]")
            .bytes(".attributes.v1.Book.cover")
            .bytes("scan")
            .btree_map("."),
        other => panic!("no builder for {other}"),
    }
}

fn inputs(case: &Path) -> Vec<String> {
    if let Ok(inputs) = fs::read_to_string(case.join("inputs")) {
        return inputs.lines().map(str::to_owned).collect();
    }
    let mut inputs = Vec::new();
    protos_in(case, "", &mut inputs);
    inputs.sort();
    inputs
}

fn protos_in(folder: &Path, prefix: &str, protos: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            protos_in(&entry.path(), &format!("{name}/"), protos);
        } else if name.ends_with(".proto") {
            protos.push(name);
        }
    }
}

fn expected_names(files: Files) -> Files {
    let is_one = files.len() == 1;
    let name = |name: String| {
        if is_one {
            "expected.rs".to_owned()
        } else {
            format!("expected.{name}")
        }
    };
    files
        .into_iter()
        .map(|(file, code)| (name(file), code))
        .collect()
}
