//! Generates code for a batch by protoc and our plugin, and has cargo check it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

use crate::protos::{self, Batch};

/// The crate, and what makes it.
pub(crate) struct Bench {
    protoc: PathBuf,
    plugin: PathBuf,
    work: PathBuf,
}

/// What became of a batch.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The files that do not generate or compile, and why.
    pub(crate) failures: BTreeMap<String, String>,
    /// How many services are in all the others.
    pub(crate) services: usize,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.failures.extend(other.failures);
        self.services += other.services;
    }
}

/// Warnings that rustc is silent about otherwise, and that users ask for, are errors too.
const LIB: &str = "//! Protos that people have.\n#![deny(warnings, missing_docs, unreachable_pub)]\n\n\
                   #[path = \"generated/mod.rs\"]\n#[allow(missing_docs)]\npub mod generated;\n";

impl Bench {
    /// A crate in the folder `work`, for the program `plugin`.
    pub(crate) fn new(plugin: PathBuf, work: PathBuf) -> Result<Self> {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let manifest = format!(
            "[package]\nname = \"corpus\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nrmicro-runtime = \
             {{ path = {:?}, default-features = false }}\n\n[profile.dev]\ndebug = false\nincremental = false\n",
            root.join("rmicro-runtime")
        );
        fs::create_dir_all(work.join("src")).map_err(failed("make a folder"))?;
        fs::write(work.join("Cargo.toml"), manifest).map_err(failed("write a manifest"))?;
        // The versions that the workspace is tested with.
        fs::copy(root.join("Cargo.lock"), work.join("Cargo.lock"))
            .map_err(failed("copy a lock"))?;
        fs::write(work.join("src/lib.rs"), LIB).map_err(failed("write a crate"))?;
        let protoc = protoc_bin_vendored::protoc_bin_path()
            .map_err(|error| Error::other(error.to_string()))?;
        Ok(Self {
            protoc,
            plugin,
            work,
        })
    }

    /// Generates and compiles `files` of `batch` with all that they import; what fails is left out and the rest tried again.
    pub(crate) fn try_all(&self, batch: &Batch, files: &[String]) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let found = match self.generate(&batch.root, files)? {
            _ if files.is_empty() => return Ok(outcome),
            Ok(made) => {
                let found = self.compile(&made, files)?;
                if found.is_empty() {
                    let ours = made.iter().filter(|file| has(files, file.name()));
                    outcome.services = ours.map(|file| file.service.len()).sum();
                    return Ok(outcome);
                }
                found
            }
            Err(why) if files.len() == 1 => BTreeMap::from([(files[0].clone(), why)]),
            Err(_) => self.blame(&batch.root, files)?,
        };
        if found.is_empty() {
            // They declare the same, so each gets a crate of its own.
            for name in files {
                outcome.add(self.try_all(batch, std::slice::from_ref(name))?);
            }
            return Ok(outcome);
        }
        let left = files.iter().filter(|name| !found.contains_key(*name));
        outcome.add(self.try_all(batch, &left.cloned().collect::<Vec<_>>())?);
        outcome.failures.extend(found);
        Ok(outcome)
    }

    /// The files that do not even generate by themselves.
    fn blame(&self, root: &Path, files: &[String]) -> Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        for name in files {
            if let Err(why) = self.generate(root, std::slice::from_ref(name))? {
                found.insert(name.clone(), why);
            }
        }
        Ok(found)
    }

    /// The files of which code was made, or what protoc says.
    fn generate(
        &self,
        root: &Path,
        files: &[String],
    ) -> Result<std::result::Result<Vec<FileDescriptorProto>, String>> {
        let set = self.work.join("set");
        let out = self.work.join("src/generated");
        let _ = fs::remove_dir_all(&out); // it may not be there yet
        fs::create_dir_all(&out).map_err(failed("make a folder"))?;
        let mut describe = self.protoc(root)?;
        describe
            .arg("--include_imports")
            .arg(format!("--descriptor_set_out={}", set.display()));
        if let Err(why) = run(describe.args(files))? {
            return Ok(Err(why));
        }
        let bytes = fs::read(&set).map_err(failed("read what protoc wrote"))?;
        let set = FileDescriptorSet::decode(&bytes[..])
            .map_err(|error| Error::other(format!("protoc wrote no descriptor set: {error}")))?;
        let mut generate = self.protoc(root)?;
        generate
            .arg(format!(
                "--plugin=protoc-gen-rmicro={}",
                self.plugin.display()
            ))
            .arg(format!(
                "--rmicro_out=include_file=mod.rs:{}",
                out.display()
            ))
            .args(set.file.iter().map(FileDescriptorProto::name));
        Ok(run(&mut generate)?.map(|()| set.file))
    }

    fn protoc(&self, root: &Path) -> Result<Command> {
        let mut protoc = Command::new(&self.protoc);
        protoc.arg("-I").arg(root).arg("-I").arg(protos::include()?);
        Ok(protoc)
    }

    /// The files that rustc complains of: all of a package, as they share their code.
    fn compile(
        &self,
        made: &[FileDescriptorProto],
        files: &[String],
    ) -> Result<BTreeMap<String, String>> {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.work)
            .env("CARGO_TARGET_DIR", self.work.join("target"))
            .args([
                "check",
                "--quiet",
                "--message-format=short",
                "--color=never",
            ]);
        let Err(why) = run(&mut cargo)? else {
            return Ok(BTreeMap::new());
        };
        let complaints: Vec<&str> = why
            .lines()
            .filter(|line| line.starts_with("src/"))
            .collect();
        let mut found = BTreeMap::new();
        for file in made.iter().filter(|file| has(files, file.name())) {
            let code = format!("src/generated/{}.rs:", code_of(file));
            if let Some(line) = complaints.iter().find(|line| line.starts_with(&code)) {
                found.insert(file.name().to_owned(), (*line).to_owned());
            }
        }
        if found.is_empty() {
            // An import of these files, or no code of a file.
            found.extend(files.iter().map(|name| (name.clone(), first_lines(&why))));
        }
        Ok(found)
    }
}

/// The name, without its ending, of the Rust file that has the code of `file`.
fn code_of(file: &FileDescriptorProto) -> &str {
    let last = file.name().rsplit('/').next().unwrap_or_default();
    match file.package() {
        "" => last.strip_suffix(".proto").unwrap_or(last),
        package => package,
    }
}

fn has(files: &[String], name: &str) -> bool {
    files.iter().any(|file| file == name)
}

/// What a command says when it fails.
fn run(command: &mut Command) -> Result<std::result::Result<(), String>> {
    let Output { status, stderr, .. } = command.output().map_err(failed("start a program"))?;
    if status.success() {
        return Ok(Ok(()));
    }
    Ok(Err(String::from_utf8_lossy(&stderr).trim().to_owned()))
}

fn first_lines(text: &str) -> String {
    let lines: BTreeSet<&str> = text.lines().take(5).collect();
    lines.into_iter().collect::<Vec<_>>().join(" | ")
}

fn failed(what: &str) -> impl Fn(io::Error) -> Error {
    move |error| Error::new(error.kind(), format!("cannot {what}: {error}"))
}
