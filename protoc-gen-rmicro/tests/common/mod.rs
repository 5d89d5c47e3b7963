//! Runs the two doors, each into a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The files of a folder by name.
pub(crate) type Files = BTreeMap<String, String>;

/// What `protoc --rmicro_out` writes for `protos` in `folder`, or what it says instead.
pub(crate) fn by_protoc(folder: &Path, protos: &[String], options: &str) -> Result<Files, String> {
    let out = tempfile::tempdir().unwrap();
    let output = protoc(folder, out.path(), protos, options);
    let text = String::from_utf8(output.stderr).unwrap();
    if output.status.success() {
        Ok(read(out.path()))
    } else {
        Err(text.trim().to_owned())
    }
}

/// What a `build.rs` writes for `protos` in `folder`, or what it says instead.
pub(crate) fn by_builder(
    folder: &Path,
    protos: &[String],
    builder: protoc_gen_rmicro::Builder,
) -> Result<Files, String> {
    let out = tempfile::tempdir().unwrap();
    let protos: Vec<_> = protos.iter().map(|proto| folder.join(proto)).collect();
    match builder.out_dir(out.path()).compile(&protos, &[folder]) {
        Ok(()) => Ok(read(out.path())),
        Err(error) => Err(error.to_string()),
    }
}

fn protoc(folder: &Path, out: &Path, protos: &[String], options: &str) -> Output {
    let plugin = env!("CARGO_BIN_EXE_protoc-gen-rmicro");
    let mut command = Command::new(protoc_bin_vendored::protoc_bin_path().unwrap());
    command.arg(format!("--plugin=protoc-gen-rmicro={plugin}"));
    command.arg(format!("--rmicro_out={}", out.display()));
    if !options.is_empty() {
        command.arg(format!("--rmicro_opt={options}"));
    }
    command.arg("-I").arg(folder).args(protos).output().unwrap()
}

fn read(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let file = |entry: fs::DirEntry| {
        (
            entry.file_name().into_string().unwrap(),
            fs::read_to_string(entry.path()).unwrap(),
        )
    };
    entries.map(file).collect()
}
