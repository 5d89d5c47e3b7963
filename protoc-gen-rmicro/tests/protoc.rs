//! What `build.rs` says when protoc, or a folder, is not as it should be: one line, and no file is half written.
#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Write, stdout};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Not a test of its own: the build script that the tests below start in a process of its own.
#[test]
#[ignore = "started by other tests"]
fn build_script() {
    let folder = std::env::var_os("BUILD_SCRIPT_PROTOS").unwrap();
    let folder = Path::new(&folder);
    let proto = std::env::var_os("BUILD_SCRIPT_PROTO").unwrap_or_else(|| "a.proto".into());
    if let Err(error) = protoc_gen_rmicro::compile_protos(&[folder.join(proto)], &[folder]) {
        // What a `main` that returns the error prints.
        writeln!(stdout(), "\nERROR {error}").unwrap();
        assert!(!format!("{error:?}").contains("\\n"), "{error:?}");
    }
}

/// A folder with protos in it, and beside them `out`.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.proto("a", "import \"b.proto\";\nmessage A { B b = 1; }");
        project.proto("b", "message B {}");
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn out(&self) -> PathBuf {
        self.path("out")
    }

    fn proto(&self, name: &str, text: &str) {
        let path = self.path(&format!("{name}.proto"));
        fs::write(path, format!("syntax = \"proto3\";\n{text}\n")).unwrap();
    }

    /// A program that takes the place of protoc.
    fn program(&self, script: &str, mode: u32) -> PathBuf {
        let path = self.path("program");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// What the build script prints, with the name of the folder replaced.
    fn build(&self, variables: &[(&str, &OsStr)]) -> String {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "build_script", "--ignored", "--nocapture"]);
        command
            .env_remove("PROTOC")
            .env("BUILD_SCRIPT_PROTOS", self.0.path())
            .env("OUT_DIR", self.out());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.replace(&self.0.path().display().to_string(), "FOLDER")
    }

    fn error(&self, variables: &[(&str, &OsStr)]) -> String {
        let text = self.build(variables);
        let errors: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("ERROR "))
            .collect();
        let [error] = errors[..] else {
            panic!("{text}");
        };
        error.to_owned()
    }

    /// The error with this program as protoc, which leaves nothing behind.
    fn error_with(&self, protoc: &Path) -> String {
        let error = self.error(&[("PROTOC", protoc.as_os_str())]);
        assert_eq!(fs::read_dir(self.out()).unwrap().count(), 0);
        error
    }
}

#[test]
fn a_protoc_that_is_not_there_is_named() {
    let error = Project::new().error_with(Path::new("/there/is/none"));
    assert!(
        error.starts_with("/there/is/none cannot be started (No such file"),
        "{error}"
    );
    assert!(
        error.ends_with(
            "let the variable PROTOC name a protoc, or leave it unset for the one that comes with protoc-gen-rmicro"
        ),
        "{error}"
    );
}

#[test]
fn a_protoc_that_may_not_be_started_is_named() {
    let project = Project::new();
    let error = project.error_with(&project.program("exit 0", 0o600));
    assert!(
        error.starts_with("FOLDER/program cannot be started (Permission denied"),
        "{error}"
    );
}

#[test]
fn a_protoc_that_writes_nothing_is_named() {
    let project = Project::new();
    let error = project.error_with(&project.program("exit 0", 0o700));
    assert!(
        error.starts_with("FOLDER/program ended well but wrote no descriptors (No such file"),
        "{error}"
    );
    assert!(error.ends_with("does the variable PROTOC name a protoc?"));
}

#[test]
fn a_protoc_that_writes_garbage_is_an_error() {
    let project = Project::new();
    let script = "for a; do case $a in --descriptor_set_out=*) echo garbage > ${a#*=};; esac; done";
    let error = project.error_with(&project.program(script, 0o700));
    assert!(
        error.starts_with("protoc wrote no FileDescriptorSet ("),
        "{error}"
    );
}

#[test]
fn a_protoc_that_fails_without_a_word_is_an_error() {
    let project = Project::new();
    let error = project.error_with(&project.program("exit 3", 0o700));
    assert_eq!(error, "protoc ended with exit status: 3 and without a word");
}

#[test]
fn all_that_protoc_complains_of_is_one_line_with_files_and_lines() {
    let project = Project::new();
    project.proto("a", "import \"gone.proto\";\nmessage A { B b = 1; }");
    let error = project.error(&[]);
    assert_eq!(
        error,
        "protoc: gone.proto: File not found.; FOLDER/a.proto:2:1: Import \"gone.proto\" was not found or had errors.; \
         FOLDER/a.proto:3:13: \"B\" is not defined."
    );
    project.proto("a", "mesage A {}");
    let error = project.error(&[]);
    assert_eq!(
        error,
        "protoc: FOLDER/a.proto:2:1: Expected top-level statement (e.g. \"message\")."
    );
    assert_eq!(fs::read_dir(project.out()).unwrap().count(), 0);
}

#[test]
fn a_proto_that_is_not_there_is_named() {
    let project = Project::new();
    fs::remove_file(project.path("a.proto")).unwrap();
    let error = project.error(&[]);
    assert!(
        error.starts_with("protoc: ") && error.contains("a.proto"),
        "{error}"
    );
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let project = Project::new();
    assert!(
        !project
            .build(&[("PROTOC", OsStr::new(""))])
            .contains("ERROR")
    );
    assert!(project.out().join("a.rs").exists());
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let project = Project::new();
    fs::write(project.out(), "a file").unwrap();
    let error = project.error(&[]);
    assert!(
        error.starts_with("FOLDER/out cannot be written: "),
        "{error}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_nothing_stays_beside_it() {
    let project = Project::new();
    fs::create_dir_all(project.out().join("a.rs/full")).unwrap();
    let error = project.error(&[]);
    assert!(
        error.starts_with("FOLDER/out/a.rs cannot be written: "),
        "{error}"
    );
    assert_eq!(fs::read_dir(project.out()).unwrap().count(), 1);
}

#[test]
fn a_folder_may_have_a_name_that_is_no_text() {
    let project = Project::new();
    let name = OsString::from_vec(b"out\xff".to_vec());
    let out = project.0.path().join(&name);
    let text = project.build(&[("OUT_DIR", out.as_os_str())]);
    assert!(!text.contains("ERROR"), "{text}");
    assert!(out.join("a.rs").exists());
}

#[test]
fn a_proto_whose_name_is_no_text_is_an_error() {
    let project = Project::new();
    let name = OsString::from_vec(b"\xff.proto".to_vec());
    fs::rename(project.path("a.proto"), project.0.path().join(&name)).unwrap();
    let error = project.error(&[("BUILD_SCRIPT_PROTO", &name)]);
    assert!(error.contains("UTF-8"), "{error}");
    assert_eq!(fs::read_dir(project.out()).unwrap().count(), 0);
}

/// What comes along finds its own files of `google/protobuf` beside itself; another place has to be told of.
#[test]
fn a_protoc_of_ones_own_is_used() {
    let project = Project::new();
    let import = "import \"google/protobuf/timestamp.proto\";";
    let text = format!("{import}\nmessage A {{ google.protobuf.Timestamp at = 1; }}");
    project.proto("a", &text);
    let own = protoc_bin_vendored::protoc_bin_path().unwrap();
    let script = format!("exec {} \"$@\"", own.display());
    let beside = project.build(&[("PROTOC", own.as_os_str())]);
    assert!(!beside.contains("ERROR"), "{beside}");

    let copy = project.path("copy/bin/protoc");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::copy(&own, &copy).unwrap();
    let error = project.error(&[("PROTOC", copy.as_os_str())]);
    assert!(
        error.contains("google/protobuf/timestamp.proto: File not found."),
        "{error}"
    );
    let include = protoc_bin_vendored::include_path().unwrap();
    let told = project.build(&[
        ("PROTOC", copy.as_os_str()),
        ("PROTOC_INCLUDE", include.as_os_str()),
    ]);
    assert!(!told.contains("ERROR"), "{told}");

    let started = project.path("started");
    let script = format!("touch {}\n{script}", started.display());
    project.build(&[("PROTOC", project.program(&script, 0o700).as_os_str())]);
    assert!(started.exists());
}

#[test]
fn cargo_is_told_of_every_source() {
    let text = Project::new().build(&[("CARGO_CFG_TARGET_OS", OsStr::new("linux"))]);
    for name in ["a", "b"] {
        assert!(
            text.contains(&format!("cargo:rerun-if-changed=FOLDER/{name}.proto\n")),
            "{text}"
        );
    }
    assert!(
        text.contains("cargo:rerun-if-env-changed=PROTOC\n"),
        "{text}"
    );
    assert!(
        !Project::new().build(&[]).contains("cargo:"),
        "only cargo is told"
    );
}
