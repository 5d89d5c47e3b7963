//! What cannot be generated is one line that says why, by both doors, and never a panic.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use protoc_gen_rmicro::{Builder, configure};

/// The error for files of this name and text, by protoc; the builder has to say the same.
fn error(files: &[(&str, &str)], chosen: &[&str]) -> String {
    let folder = write(files);
    let chosen: Vec<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
    let by_protoc = common::by_protoc(folder.path(), &chosen, "").unwrap_err();
    let by_protoc = by_protoc.strip_prefix("--rmicro_out: ").unwrap().to_owned();
    let by_builder = common::by_builder(folder.path(), &chosen, Builder::new()).unwrap_err();
    assert_eq!(by_protoc, by_builder);
    assert!(!by_protoc.contains('\n'), "{by_protoc}");
    by_protoc
}

fn write(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("syntax = \"proto3\";\n{text}\n")).unwrap();
    }
    folder
}

fn error_of(text: &str) -> String {
    error(&[("a.proto", text)], &["a.proto"])
}

#[test]
fn two_services_may_not_share_a_stub() {
    assert_eq!(
        error_of("service Foo {}\nservice FooService {}"),
        "the service Foo (a.proto:2) and the service FooService (a.proto:3) are both `FooService` in Rust; rename one"
    );
}

#[test]
fn two_rpcs_may_not_share_a_function() {
    assert_eq!(
        error_of(
            "message M {}\nservice S {\n  rpc SayIt(M) returns (M);\n  rpc say_it(M) returns (M);\n}"
        ),
        "a.proto:5: the rpcs SayIt and say_it of S are both `say_it` in Rust; rename one"
    );
}

#[test]
fn two_files_without_package_may_not_share_a_stem() {
    let files = [("x/a.proto", "message A {}"), ("y/a.proto", "message B {}")];
    assert_eq!(
        error(&files, &["x/a.proto", "y/a.proto"]),
        "x/a.proto and y/a.proto: the code of both is called a.rs; give them packages"
    );
}

#[test]
fn two_packages_may_not_share_a_module() {
    let files = [
        ("a.proto", "package a.B;\nmessage A {}"),
        ("b.proto", "package a.b;\nmessage B {}"),
    ];
    assert_eq!(
        error(&files, &["a.proto", "b.proto"]),
        "the packages a.B and a.b are both the module a::b in Rust"
    );
}

#[test]
fn a_name_of_underscores_is_none() {
    assert_eq!(
        error_of("message M { string _ = 1; }"),
        "a.proto: `_` cannot be a name in Rust"
    );
}

#[test]
fn a_type_that_is_nowhere_names_the_file_to_add() {
    let folder = write(&[
        (
            "a.proto",
            "package a;\nimport \"b.proto\";\nmessage A { b.B b = 1; }",
        ),
        ("b.proto", "package b;\nmessage B {}"),
    ]);
    assert_eq!(
        common::by_protoc(folder.path(), &["a.proto".to_owned()], "").unwrap_err(),
        "--rmicro_out: a.proto: `b.B` is declared in b.proto, which is not generated in this run: add b.proto to the files, \
         or say where its types are with the option extern_path=.b=::rust::path"
    );
}

#[test]
fn an_option_that_is_not_known_or_matches_nothing_is_an_error() {
    let folder = write(&[("a.proto", "message A {}")]);
    let inputs = ["a.proto".to_owned()];
    let error = common::by_protoc(folder.path(), &inputs, "json=false").unwrap_err();
    assert!(
        error
            .starts_with("--rmicro_out: unknown option `json=false`; the options are extern_path="),
        "{error}"
    );
    let error = common::by_builder(folder.path(), &inputs, configure().bytes("a b")).unwrap_err();
    assert!(
        error.starts_with(
            "option `bytes=a b` has the wrong form, it is `bytes=path`; the options are"
        ),
        "{error}"
    );
    let error = common::by_builder(folder.path(), &inputs, configure().extern_path(".b", "::b"))
        .unwrap_err();
    assert_eq!(
        error,
        "option `extern_path=.b=…` matches no message, enum or package of this run"
    );
}

#[test]
fn an_edition_that_is_too_new_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = "// Too new.\nedition = \"2026\";\nmessage A {}";
    fs::write(folder.path().join("a.proto"), text).unwrap();
    let inputs = ["a.proto".to_owned()];
    // protoc asks the plugin what it knows, and refuses in its own words.
    let error = common::by_protoc(folder.path(), &inputs, "").unwrap_err();
    assert!(error.contains("2024"), "{error}");
    let error = common::by_builder(folder.path(), &inputs, Builder::new()).unwrap_err();
    assert_eq!(
        error,
        "a.proto:2: the file is of edition 2026, and this protoc-gen-rmicro knows proto2, proto3, 2023 and 2024; \
         use a newer one, or write an older edition"
    );
}

#[test]
fn what_protoc_says_is_passed_on() {
    let folder = write(&[("a.proto", "import \"gone.proto\";")]);
    let error =
        common::by_builder(folder.path(), &["a.proto".to_owned()], Builder::new()).unwrap_err();
    assert!(
        error.starts_with("protoc: gone.proto: File not found."),
        "{error}"
    );
}

#[test]
fn garbage_on_stdin_is_one_error() {
    for garbage in [
        &b"garbage"[..],
        b"",
        b"\x0a\x07a.proto",
        b"\x0a\x07a.proto\x7a\x02\xff\xff",
    ] {
        let output = plugin(&[], garbage);
        assert!(output.status.success() && output.stderr.is_empty());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            text.contains("request") || text.contains("Request"),
            "{text}"
        );
        assert!(!text.trim().contains('\n'), "{text}");
    }
}

#[test]
fn a_truncated_request_is_never_a_panic() {
    let folder = write(&[(
        "a.proto",
        "package a;\nmessage M { M m = 1; }\nservice S { rpc R(M) returns (M); }",
    )]);
    let set = folder.path().join("set");
    let protoc = protoc_bin_vendored::protoc_bin_path().unwrap();
    let mut command = Command::new(protoc);
    command
        .arg("-I")
        .arg(folder.path())
        .arg(format!("--descriptor_set_out={}", set.display()));
    assert!(command.arg("a.proto").status().unwrap().success());
    // A set has its files in field 1 and a request in field 15.
    let mut request = b"\x0a\x07a.proto".to_vec();
    request.extend(fs::read(set).unwrap());
    request[9] = 0x7a;
    let whole = protoc_gen_rmicro::run(&request);
    assert!(String::from_utf8_lossy(&whole).contains("pub struct SService"));
    for end in 0..request.len() {
        assert!(!is_mistake(&request[..end]), "the first {end} bytes");
        let mut changed = request.clone();
        changed[end] ^= 1;
        assert!(!is_mistake(&changed), "another byte at {end}");
    }
}

/// Whether the plugin took its own panic for an error, rather than prost-build's.
fn is_mistake(request: &[u8]) -> bool {
    String::from_utf8_lossy(&protoc_gen_rmicro::run(request)).contains("this is a mistake")
}

#[test]
fn the_plugin_explains_itself() {
    let version = plugin(&["--version"], b"");
    let wanted = format!(
        "protoc-gen-rmicro {}, for rmicro-runtime ABI 0.1\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(String::from_utf8(version.stdout).unwrap(), wanted);
    let help = String::from_utf8(plugin(&["--help"], b"").stdout).unwrap();
    assert!(
        help.contains("--rmicro_out=DIR") && help.contains("extern_path="),
        "{help}"
    );
    let unknown = plugin(&["--what"], b"");
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(unknown.stderr).unwrap(),
        "protoc-gen-rmicro: unknown argument `--what`; try --help\n"
    );
}

fn plugin(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_protoc-gen-rmicro"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The plugin may be done before it has read anything.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

/// Not a test of its own: the build script that the tests below start in a process of its own.
#[test]
#[ignore = "started by other tests"]
fn build_script() {
    let folder = std::env::var("BUILD_SCRIPT_PROTOS").unwrap();
    let folder = Path::new(&folder);
    if let Err(error) = protoc_gen_rmicro::compile_protos(&[folder.join("a.proto")], &[folder]) {
        writeln!(std::io::stdout(), "ERROR {error}").unwrap();
    }
}

fn run_build_script(variables: &[(&str, &str)]) -> String {
    let folder = write(&[
        ("a.proto", "import \"b.proto\";\nmessage A { B b = 1; }"),
        ("b.proto", "message B {}"),
    ]);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "build_script", "--ignored", "--nocapture"]);
    command
        .env("BUILD_SCRIPT_PROTOS", folder.path())
        .env("OUT_DIR", folder.path().join("out"));
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.replace(&folder.path().display().to_string(), "FOLDER")
}

#[test]
fn a_protoc_that_is_not_there_is_named() {
    let text = run_build_script(&[("PROTOC", "/there/is/none")]);
    let line = text.lines().find(|line| line.contains("ERROR")).unwrap();
    assert!(line.contains("/there/is/none cannot be started"), "{line}");
    assert!(
        line.contains("let the variable PROTOC name a protoc"),
        "{line}"
    );
}

#[test]
fn cargo_is_told_of_every_source() {
    let text = run_build_script(&[("CARGO_CFG_TARGET_OS", "linux")]);
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
        !run_build_script(&[]).contains("cargo:"),
        "only cargo is told"
    );
}
