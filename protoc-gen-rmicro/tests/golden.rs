//! Generates the cases in `golden/` and compares; `UPDATE=1` rewrites what is expected.
//!
//! A case is a folder: `.proto` files, the file `options` with what `--rmicro_opt` gets, the file `inputs` when not all protos
//! are to be generated, and what comes out, `expected.rs` or `expected.<name>` for each of several files.

#[path = "common/cases.rs"]
mod cases;
mod common;
#[path = "common/pretty.rs"]
mod pretty;

use std::fs;

use cases::{builder, cases, cases_folder, expected_names, inputs, options};

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
    let files = common::by_protoc(&case, &inputs, "include_file=mod.rs,json=false").unwrap();
    inputs.reverse();
    assert!(files == common::by_protoc(&case, &inputs, "include_file=mod.rs,json=false").unwrap());
}

/// Code that is written as text is laid out as what is printed by prettyplease.
#[test]
fn prettyplease_changes_nothing() {
    for case in cases() {
        let options = options(&case).replace("json=false", "json=true");
        let files = common::by_protoc(&case, &inputs(&case), &options).unwrap();
        for (name, code) in expected_names(files) {
            pretty::assert_is_pretty(&code, &format!("{}: {name}", case.display()));
        }
    }
}

#[test]
fn prettyplease_changes_nothing_whatever_the_length_of_a_name() {
    let api = cases_folder().join("method_options/google/api/annotations.proto");
    for (syntax, options) in [
        ("proto2", "json=true"),
        ("proto3", "json=true,unimplemented_stubs"),
        ("proto3", "json=false,server=false"),
        ("proto3", "json=false,client=false"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("google/api")).unwrap();
        fs::copy(&api, folder.path().join("google/api/annotations.proto")).unwrap();
        let proto = pretty::proto_with_names_of_every_length(syntax);
        fs::write(folder.path().join("a.proto"), proto).unwrap();
        let files = common::by_protoc(folder.path(), &["a.proto".to_owned()], options);
        for code in files.unwrap().values() {
            pretty::assert_is_pretty(code, &format!("{syntax} with {options}"));
        }
    }
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
