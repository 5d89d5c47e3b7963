//! Runs protoc: the one in the variable `PROTOC`, else the one that comes with this crate.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io};

use crate::files;
use crate::options::Options;
use crate::request::{self, Request};

/// What protoc made of some files.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The request that it would have sent to a plugin.
    pub(crate) request: Request,
    /// Every file that it read from the includes.
    pub(crate) sources: Vec<PathBuf>,
}

/// Has protoc read `protos`, and what they import from `includes`; `scratch` is a folder for a moment's files.
pub(crate) fn parse(
    protos: &[PathBuf],
    includes: &[PathBuf],
    options: Options,
    scratch: &Path,
) -> io::Result<Parsed> {
    let scratch = Scratch::new(scratch)?;
    let (all, given) = (scratch.file("all"), scratch.file("given"));
    run(
        protos,
        includes,
        &all,
        &["--include_imports", "--include_source_info"],
    )?;
    // Once more without the imports, which says by which names protoc knows the files.
    run(protos, includes, &given, &[])?;
    let chosen = request::names_in(&read(&given)?)?;
    let request = Request::from_set(&read(&all)?, chosen, options)?;
    let sources = request.files.iter().filter_map(|file| {
        let places = includes
            .iter()
            .map(|include| include.join(file.proto.name()));
        places.into_iter().find(|path| path.exists())
    });
    Ok(Parsed {
        sources: sources.collect(),
        request,
    })
}

fn run(protos: &[PathBuf], includes: &[PathBuf], out: &Path, extra: &[&str]) -> io::Result<()> {
    let protoc = protoc()?;
    let mut command = Command::new(&protoc);
    command.arg(flag("--descriptor_set_out=", out)).args(extra);
    if includes.is_empty() {
        command.arg("-I.");
    }
    command.args(includes.iter().map(|include| flag("-I", include)));
    command
        .args(well_known_includes().map(|include| flag("-I", &include)))
        .args(protos);
    let output = command.output().map_err(|error| {
        let text = format!(
            "{} cannot be started ({error}); let the variable PROTOC name a protoc, or leave it unset for the one that comes \
             with protoc-gen-rmicro",
            protoc.display()
        );
        io::Error::new(error.kind(), text)
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(complaint(&output)))
}

/// What a protoc that failed says, as one line: each of its lines has the file and the line of a mistake.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.contains(": warning: "))
        .collect();
    if lines.is_empty() {
        return format!("protoc ended with {} and without a word", output.status);
    }
    format!("protoc: {}", lines.join("; "))
}

/// What protoc wrote to `path`.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let protoc = named().map_or_else(|| "protoc".into(), PathBuf::from);
        let text = format!(
            "{} ended well but wrote no descriptors ({error}); does the variable PROTOC name a protoc?",
            protoc.display()
        );
        io::Error::new(error.kind(), text)
    })
}

fn protoc() -> io::Result<PathBuf> {
    if let Some(protoc) = named() {
        return Ok(protoc.into());
    }
    protoc_bin_vendored::protoc_bin_path().map_err(|_| io::Error::other(NO_PROTOC))
}

/// What the variable `PROTOC` names; one that is empty is as good as none.
fn named() -> Option<OsString> {
    env::var_os("PROTOC").filter(|protoc| !protoc.is_empty())
}

/// What is said where no protoc comes with this crate.
const NO_PROTOC: &str = "no protoc for this platform comes with protoc-gen-rmicro: install one, as the package protobuf-compiler or \
                         from https://github.com/protocolbuffers/protobuf/releases, and let the variable PROTOC name it";

/// Another protoc finds these files beside itself, or by the variable that prost-build uses too.
fn well_known_includes() -> impl Iterator<Item = PathBuf> {
    let given = env::var_os("PROTOC_INCLUDE").map(PathBuf::from);
    let own = named()
        .is_none()
        .then(|| protoc_bin_vendored::include_path().ok());
    given.into_iter().chain(own.flatten())
}

fn flag(flag: &str, value: &Path) -> OsString {
    let mut argument = OsString::from(flag);
    argument.push(value);
    argument
}

/// A folder that goes away when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(parent: &Path) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!(
            ".protoc-gen-rmicro-{}-{number}",
            std::process::id()
        ));
        fs::create_dir_all(&folder).map_err(|error| files::at(&folder, error))?;
        Ok(Self(folder))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is small and in a build folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
