//! The interfaces that every service of the runtime answers are what this plugin makes of `proto/`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use protoc_gen_rmicro::Builder;

/// Where the messages of both versions of reflection are, which are the same on the wire.
const REFLECTION: &str = "::rmicro_runtime::standard::reflection::v1";

/// `UPDATE=1 cargo test -p protoc-gen-rmicro --test standard` rewrites what the runtime has.
#[test]
fn the_runtime_has_the_generated_interfaces() {
    let new = tempfile::tempdir().unwrap();
    let protos = |names: &[&str]| -> Vec<PathBuf> {
        names
            .iter()
            .map(|name| root().join("proto").join(name))
            .collect()
    };
    let includes = [root().join("proto")];
    let whole = protos(&[
        "debug/debug.proto",
        "grpc/health/v1/health.proto",
        "grpc/reflection/v1/reflection.proto",
    ]);
    let builder = Builder::new().btree_map(".grpc").bytes(".grpc");
    builder
        .out_dir(new.path())
        .compile(&whole, &includes)
        .unwrap();
    let mut builder = Builder::new().messages(false);
    for message in ["ServerReflectionRequest", "ServerReflectionResponse"] {
        let old = format!(".grpc.reflection.v1alpha.{message}");
        builder = builder.extern_path(old, format!("{REFLECTION}::{message}"));
    }
    let services = protos(&["grpc/reflection/v1alpha/reflection.proto"]);
    builder
        .out_dir(new.path())
        .compile(&services, &includes)
        .unwrap();
    // The modules that hold them are written by hand.
    fs::remove_file(new.path().join("mod.rs")).unwrap();
    compare(
        new.path(),
        &root().join("rmicro-runtime/src/standard/generated"),
    );
}

fn compare(new: &Path, there: &Path) {
    let (names, mut differing) = (names(new), Vec::new());
    assert_eq!(names.len(), 4, "{names:?}");
    for name in &names {
        let code = fs::read_to_string(new.join(name)).unwrap();
        if env::var_os("UPDATE").is_some() {
            fs::write(there.join(name), code).unwrap();
        } else if fs::read_to_string(there.join(name)).unwrap_or_default() != code {
            differing.push(name);
        }
    }
    assert!(
        differing.is_empty(),
        "UPDATE=1 rewrites what differs: {differing:?}"
    );
    assert_eq!(names, self::names(there), "a file that nothing generates");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
