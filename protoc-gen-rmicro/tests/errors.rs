//! What cannot be generated is one line that says why, by both doors, and never a panic.

mod common;

use std::fs;
use std::io::Write;
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
        "the rpc SayIt (a.proto:4) and the rpc say_it (a.proto:5) of S are both `say_it` in Rust; rename one"
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
        "a.proto:2: `_` cannot be a name in Rust"
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
        "--rmicro_out: a.proto:4: `b.B` is declared in b.proto, which is not generated in this run: add b.proto to the files, \
         or say where its types are with the option extern_path=.b=::rust::path"
    );
}

#[test]
fn a_type_without_a_package_is_named_itself() {
    let folder = write(&[
        (
            "a.proto",
            "package a;\nimport \"b.proto\";\nmessage A {}\nservice S {\n  rpc R(A) returns (.B);\n}",
        ),
        ("b.proto", "message B {}"),
    ]);
    assert_eq!(
        common::by_protoc(folder.path(), &["a.proto".to_owned()], "").unwrap_err(),
        "--rmicro_out: a.proto:6: `B` is declared in b.proto, which is not generated in this run: add b.proto to the files, \
         or say where its types are with the option extern_path=.B=::rust::path"
    );
    let options = "extern_path=.B=::elsewhere::B";
    assert!(common::by_protoc(folder.path(), &["a.proto".to_owned()], options).is_ok());
}

/// What both doors say of `options` for a message with a field of each kind.
fn option_error(options: &str, builder: Builder) -> String {
    let text = "package a;\nmessage A { bytes b = 1; map<string, int32> c = 2; oneof d { string e = 3; } enum F { G = 0; } }";
    let folder = write(&[("a.proto", text)]);
    let inputs = ["a.proto".to_owned()];
    let by_protoc = common::by_protoc(folder.path(), &inputs, options).unwrap_err();
    let by_builder = common::by_builder(folder.path(), &inputs, builder).unwrap_err();
    assert_eq!(by_protoc, format!("--rmicro_out: {by_builder}"));
    assert!(!by_builder.contains('\n'), "{by_builder}");
    by_builder
}

#[test]
fn an_option_that_is_not_known_or_has_the_wrong_form_is_an_error() {
    let folder = write(&[("a.proto", "message A {}")]);
    let error = common::by_protoc(folder.path(), &["a.proto".to_owned()], "jsn=false").unwrap_err();
    assert!(
        error.starts_with("--rmicro_out: unknown option `jsn=false`; the options are extern_path="),
        "{error}"
    );
    for (options, builder) in [
        ("bytes=a b", configure().bytes("a b")),
        ("include_file=../x.rs", configure().include_file("../x.rs")),
        (
            "type_attribute=A=derive(Eq)",
            configure().type_attribute("A", "derive(Eq)"),
        ),
        (
            "extern_path=.a=super::a",
            configure().extern_path(".a", "super::a"),
        ),
    ] {
        let error = option_error(options, builder);
        let wanted = format!("option `{options}` has the wrong form, it is `");
        assert!(error.starts_with(&wanted), "{error}");
    }
}

#[test]
fn a_path_that_matches_nothing_is_an_error() {
    for (options, builder, error) in [
        (
            "extern_path=.b=::b",
            configure().extern_path(".b", "::b"),
            "option `extern_path=.b=…` matches no message, enum or package of this run",
        ),
        (
            "type_attribute=.a.B=#[derive(Eq)]",
            configure().type_attribute(".a.B", "#[derive(Eq)]"),
            "option `type_attribute=.a.B` matches no message, enum or oneof of this run",
        ),
        (
            "field_attribute=A.H=#[cfg(all())]",
            configure().field_attribute("A.H", "#[cfg(all())]"),
            "option `field_attribute=A.H` matches no field of this run",
        ),
        (
            "bytes=.a.A.h",
            configure().bytes(".a.A.h"),
            "option `bytes=.a.A.h` matches no field of type bytes of this run",
        ),
        (
            "bytes=.a.A.d",
            configure().bytes(".a.A.d"),
            "option `bytes=.a.A.d` matches no field of type bytes of this run",
        ),
        (
            "btree_map=.a.A.b",
            configure().btree_map(".a.A.b"),
            "option `btree_map=.a.A.b` matches no map of this run",
        ),
        (
            "btree_map=B.c",
            configure().btree_map("B.c"),
            "option `btree_map=B.c` matches no map of this run",
        ),
    ] {
        assert_eq!(option_error(options, builder), error);
    }
}

#[test]
fn options_without_effect_are_an_error() {
    for (options, builder, error) in [
        (
            "messages=false,client=false,server=false",
            configure().messages(false).client(false).server(false),
            "with `messages=false`, `client=false` and `server=false` there is nothing to generate",
        ),
        (
            "server=false,unimplemented_stubs=true",
            configure().server(false).unimplemented_stubs(true),
            "`unimplemented_stubs=true` is about handlers, and with `server=false` there are none",
        ),
        (
            "messages=false,bytes=.",
            configure().messages(false).bytes("."),
            "`bytes` is about messages, and with `messages=false` none are generated: say it to what generates them",
        ),
    ] {
        assert_eq!(option_error(options, builder), error);
    }
}

#[test]
fn the_include_file_may_not_be_called_like_the_code() {
    assert_eq!(
        option_error("include_file=a.rs", configure().include_file("a.rs")),
        "a.proto: its code and the include file are both called a.rs"
    );
    let folder = write(&[("mod.proto", "message A {}")]);
    assert_eq!(
        common::by_builder(folder.path(), &["mod.proto".to_owned()], configure()).unwrap_err(),
        "mod.proto: its code and the include file are both called mod.rs"
    );
}

#[test]
fn files_that_differ_in_case_alone_are_one_on_some_systems() {
    let files = [("x/a.proto", "message A {}"), ("y/A.proto", "message B {}")];
    assert_eq!(
        error(&files, &["x/a.proto", "y/A.proto"]),
        "x/a.proto and y/A.proto: the code of both is called A.rs; give them packages"
    );
}

/// protoc would not write such a request; a name with a line break would end the comment at the head of the code.
#[test]
fn a_file_whose_name_is_none_is_an_error() {
    for (name, wanted) in [
        ("", "the request holds a file without a name"),
        (
            "a\nb.proto",
            "the request holds a file called \"a\\nb.proto\", which cannot be the name of one",
        ),
        (
            "x/.proto",
            "the request holds a file called \"x/.proto\", which cannot be the name of one",
        ),
        (
            "x/",
            "the request holds a file called \"x/\", which cannot be the name of one",
        ),
    ] {
        let length = u8::try_from(name.len()).unwrap();
        let mut request = vec![0x0a, length];
        request.extend(name.bytes());
        request.extend([0x7a, length + 2, 0x0a, length]);
        request.extend(name.bytes());
        let response = protoc_gen_rmicro::run(&request);
        let text = String::from_utf8_lossy(&response);
        assert!(text.contains(wanted), "{text}");
        assert!(!text.contains("@generated"), "{text}");
    }
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
