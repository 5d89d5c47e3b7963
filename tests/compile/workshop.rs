//! Where the programs are compiled: a workspace below the target folder that is kept, so that only what changed is compiled
//! again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::{env, io};

use protoc_gen_rmicro::Builder;

use crate::cases::{CASES, Case, NEEDS};
use crate::golden_cases;
use crate::verdict::{self, Verdict};

/// What became of each program, by its name; the first caller has them compiled.
pub(crate) fn verdicts() -> &'static BTreeMap<String, Verdict> {
    static VERDICTS: OnceLock<BTreeMap<String, Verdict>> = OnceLock::new();
    VERDICTS.get_or_init(|| {
        let folder = folder();
        fs::create_dir_all(&folder).expect("the target folder can be written to");
        // Another run of these tests may be at work in the same folder.
        let lock = File::create(folder.join("lock")).expect("the folder can be written to");
        lock.lock().expect("files can be locked");
        furnish(&folder).expect("the folder can be written to");
        check(&folder)
    })
}

/// What rustdoc says of the program `name` with `arguments`.
pub(crate) fn rustdoc(name: &str, arguments: &[&str]) -> Output {
    verdicts();
    cargo(&folder())
        .args(["rustdoc", "--offline", "--package", name, "--"])
        .args(arguments)
        .output()
        .expect("cargo can be started")
}

/// A generated file.
pub(crate) fn generated(name: &str) -> String {
    verdicts();
    read(&folder().join("generated").join(name))
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where the plugin's reviewed files are.
pub(crate) fn golden() -> PathBuf {
    root().join("protoc-gen-rmicro/tests/golden")
}

/// The text of a program; one that is called `_private` is the other as a binary that shows nothing of it.
pub(crate) fn program(name: &str) -> String {
    if let Some(public) = name.strip_suffix("_private") {
        return program(public).replace("pub mod ", "pub(crate) mod ") + "\nfn main() {}\n";
    }
    read(&root().join(format!("tests/compile/programs/{name}.rs")))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Writes the workspace.
fn furnish(folder: &Path) -> io::Result<()> {
    let generated = folder.join("generated");
    generate(&generated)?;
    generate_golden(&folder.join("golden_with_json"))?;
    let names: Vec<_> = CASES.iter().map(|case| case.name).collect();
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {names:?}\n");
    write(&folder.join("Cargo.toml"), &manifest)?;
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    CASES
        .iter()
        .try_for_each(|case| furnish_case(folder, &generated, case))
}

fn generate(folder: &Path) -> io::Result<()> {
    let (seed, imports) = (root().join("proto"), root().join("tests/compile/proto"));
    let protos = [
        seed.join("greet.proto"),
        seed.join("greet/v1/greeter.proto"),
        imports.join("shop/v1/shop.proto"),
    ];
    Builder::new()
        .out_dir(folder)
        .compile(&protos, &[seed, imports])
}

/// Generates the plugin's cases once more with JSON, which most are reviewed without, to where their files would be.
fn generate_golden(folder: &Path) -> io::Result<()> {
    for case in golden_cases::cases() {
        let new = tempfile::tempdir()?;
        let protos = golden_cases::inputs(&case);
        let protos: Vec<_> = protos.iter().map(|proto| case.join(proto)).collect();
        let mut builder = golden_cases::builder(&case);
        if !golden_cases::options(&case).contains("messages=false") {
            builder = builder.json(true);
        }
        builder.out_dir(new.path()).compile(&protos, &[&case])?;
        fs::remove_file(new.path().join("mod.rs"))?;
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(new.path())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            files.insert(name, read(&entry.path()));
        }
        let folder = folder.join(case.file_name().unwrap_or_default());
        for (name, code) in golden_cases::expected_names(files) {
            write(&folder.join(name), &code)?;
        }
    }
    Ok(())
}

fn furnish_case(folder: &Path, generated: &Path, case: &Case) -> io::Result<()> {
    let Case {
        name,
        program,
        edition,
        ..
    } = case;
    let runtime = root().join("rmicro-runtime");
    let manifest = format!(
        "[package]\nname = {name:?}\nedition = \"{edition}\"\n\n[dependencies]\n\
         rmicro-runtime = {{ path = {runtime:?}, default-features = false }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n"
    );
    let program = self::program(program);
    let program = match case.golden {
        Some(golden) => program.replace("env!(\"GOLDEN\")", &format!("env!({golden:?})")),
        None => program,
    };
    let is_library = !program.contains("fn main()");
    let target = if is_library { "lib" } else { "main" };
    let folder = folder.join(name);
    write(&folder.join("Cargo.toml"), &manifest)?;
    write(&folder.join(format!("src/{target}.rs")), &program)?;
    for entry in fs::read_dir(generated)? {
        let entry = entry?;
        let code = read(&entry.path()).replace(NEEDS, case.needs.unwrap_or(NEEDS));
        write(&folder.join("src/pb").join(entry.file_name()), &code)?;
    }
    Ok(())
}

/// Writes a file, unless it is the same already: cargo goes by the time of change.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read(path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    fs::write(path, text)
}

/// Has all programs compiled, and looked at by clippy where it is installed.
fn check(folder: &Path) -> BTreeMap<String, Verdict> {
    let clippy = cargo(folder)
        .args(["clippy", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let lint = if clippy.is_ok_and(|status| status.success()) {
        ["clippy", "--no-deps"].as_slice()
    } else {
        ["check"].as_slice()
    };
    let output = cargo(folder)
        .args(lint)
        .args(["--workspace", "--keep-going", "--offline"])
        .args(["--message-format", "json"])
        .output()
        .expect("cargo can be started");
    let messages = String::from_utf8_lossy(&output.stdout);
    verdict::read(&messages).unwrap_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!("cargo could not compile the programs:\n{errors}")
    })
}

/// A cargo that works on the workspace.
fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("GOLDEN", golden())
        .env("GOLDEN_WITH_JSON", folder.join("golden_with_json"));
    cargo
}
