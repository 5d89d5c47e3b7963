//! The cases in `golden/`: their protos, their options, and where what comes out is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use protoc_gen_rmicro::Builder;

/// Where the cases are; this file is used from two crates beside each other.
pub(crate) fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../protoc-gen-rmicro/tests/golden")
}

/// The folders of all cases, sorted.
pub(crate) fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(cases_folder()).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 10);
    cases
}

/// What `--rmicro_opt` gets. Without a word on JSON there is none, so that each case is about one thing.
pub(crate) fn options(case: &Path) -> String {
    let options = fs::read_to_string(case.join("options")).unwrap_or_default();
    let options = options.trim();
    match options {
        "" => "json=false".to_owned(),
        _ if options.starts_with("json=") => options.to_owned(),
        _ => format!("json=false,{options}"),
    }
}

/// The builder that does what [`options`] say.
pub(crate) fn builder(case: &Path) -> Builder {
    let options = options(case);
    let (json, rest) = options.split_once(',').unwrap_or((&options, ""));
    let builder = match json {
        "json=true" => Builder::new().json(true),
        "json=false" => Builder::new().json(false),
        other => panic!("{other} is not about json"),
    };
    match rest {
        "" => builder,
        "messages=false" => builder.messages(false),
        "client=false" => builder.client(false),
        "server=false" => builder.server(false),
        "client=false,server=false" => builder.client(false).server(false),
        "unimplemented_stubs" => builder.unimplemented_stubs(true),
        "messages=false,extern_path=.elsewhere=crate::elsewhere" => builder
            .messages(false)
            .extern_path(".elsewhere", "crate::elsewhere"),
        "extern_path=.elsewhere=crate::elsewhere" => {
            builder.extern_path(".elsewhere", "crate::elsewhere")
        }
        attributes if attributes.starts_with("type_attribute=Book=#[must_use],") => builder
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

/// The protos that are to be generated.
pub(crate) fn inputs(case: &Path) -> Vec<String> {
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

/// The names that the generated files have in the folder of their case.
pub(crate) fn expected_names(files: BTreeMap<String, String>) -> BTreeMap<String, String> {
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
