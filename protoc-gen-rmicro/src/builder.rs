//! The door for `build.rs`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::generator::{self, Generated};
use crate::options::Options;
use crate::protoc::{self, Parsed};
use crate::{files, quiet, uses};

/// The file that `rmicro_runtime::include_protos!()` includes.
const INCLUDE_FILE: &str = "mod.rs";

/// Generates code for `protos`, which are found in `includes`, into the build script's `OUT_DIR`.
///
/// ```no_run
/// fn main() -> std::io::Result<()> {
///     protoc_gen_rmicro::compile_protos(&["proto/greet/v1/greeter.proto"], &["proto"])
/// }
/// ```
///
/// Files that declare types which `protos` need are generated too. The crate then has everything with
/// `rmicro_runtime::include_protos!()`.
pub fn compile_protos(
    protos: &[impl AsRef<Path>],
    includes: &[impl AsRef<Path>],
) -> io::Result<()> {
    Builder::new().compile(protos, includes)
}

/// A [`Builder`] with the defaults, for those who know it from tonic.
pub fn configure() -> Builder {
    Builder::new()
}

/// [`compile_protos`] with options, which are called as in `--rmicro_opt`.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// protoc_gen_rmicro::Builder::new()
///     .bytes(".greet.v1.Picture")
///     .type_attribute(".greet.v1.Mood", "#[derive(PartialOrd)]")
///     .extern_path(".common", "::common_protos::common")
///     .compile(&["proto/greet/v1/greeter.proto"], &["proto"])
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    options: Options,
    out_dir: Option<PathBuf>,
}

impl Builder {
    /// A builder with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The types below the proto path `proto`, as in `.common`, are at the Rust path `rust`, as in `::common_protos::common`.
    pub fn extern_path(mut self, proto: impl Into<String>, rust: impl Into<String>) -> Self {
        self.options.extern_path.push((proto.into(), rust.into()));
        self
    }

    /// Messages, enums and oneofs that match `path` get `attribute`, as in `#[derive(Eq)]`.
    ///
    /// A path with a dot in front starts at the root and matches all that is below it; one without matches the end of a name.
    pub fn type_attribute(mut self, path: impl Into<String>, attribute: impl Into<String>) -> Self {
        self.options
            .type_attribute
            .push((path.into(), attribute.into()));
        self
    }

    /// Fields and enum values that match `path` get `attribute`.
    pub fn field_attribute(
        mut self,
        path: impl Into<String>,
        attribute: impl Into<String>,
    ) -> Self {
        self.options
            .field_attribute
            .push((path.into(), attribute.into()));
        self
    }

    /// Fields of type `bytes` that match `path` are `Bytes` instead of `Vec<u8>`.
    pub fn bytes(mut self, path: impl Into<String>) -> Self {
        self.options.bytes.push(path.into());
        self
    }

    /// Maps that match `path` are `BTreeMap` instead of `HashMap`.
    pub fn btree_map(mut self, path: impl Into<String>) -> Self {
        self.options.btree_map.push(path.into());
        self
    }

    /// Writes the file that nests the packages a second time, by this name; `mod.rs` is always written.
    pub fn include_file(mut self, name: impl Into<String>) -> Self {
        self.options.include_file = vec![name.into()];
        self
    }

    /// Whether to generate messages; without, they are beside this code or where `extern_path` says.
    pub fn messages(mut self, messages: bool) -> Self {
        self.options.messages = messages;
        self
    }

    /// Whether messages are JSON by serde, and services speak it; the default is what [`messages`](Self::messages) is.
    ///
    /// Types of an [`extern_path`](Self::extern_path) are then to be generated with JSON as well.
    pub fn json(mut self, json: bool) -> Self {
        self.options.json = Some(json);
        self
    }

    /// Whether to generate client stubs.
    pub fn client(mut self, client: bool) -> Self {
        self.options.client = client;
        self
    }

    /// Whether to generate handlers.
    pub fn server(mut self, server: bool) -> Self {
        self.options.server = server;
        self
    }

    /// Whether a handler may leave methods out, which then answer "unimplemented".
    pub fn unimplemented_stubs(mut self, stubs: bool) -> Self {
        self.options.unimplemented_stubs = stubs;
        self
    }

    /// Where to write; the default is the variable `OUT_DIR`, which cargo sets for build scripts.
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Generates code for `protos`, which are found in `includes`.
    ///
    /// A file that is the same as before is not written, so that cargo sees no change. What is written is whole: where one file
    /// cannot be generated, none is written.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong, with the file and the line of the proto where there is one.
    pub fn compile(
        self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> io::Result<()> {
        let out_dir = self.folder()?;
        fs::create_dir_all(&out_dir).map_err(|error| files::at(&out_dir, error))?;
        let (generated, sources) = self.generate(protos, includes, &out_dir)?;
        for Generated { name, code } in &generated {
            files::write(&out_dir.join(name), code)?;
        }
        tell_cargo(&sources)
    }

    /// Whether what [`compile`](Self::compile) would write is there already, for a test in a project that commits what is
    /// generated; nothing is written.
    ///
    /// # Errors
    ///
    /// Those of `compile`, and one that names each file that is missing or another. Whether a line ends in `\n` or `\r\n` makes no
    /// difference, as git may change that.
    pub fn check(
        self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> io::Result<()> {
        let out_dir = self.folder()?;
        let (generated, _) = self.generate(protos, includes, &env::temp_dir())?;
        let is_stale = |file: &&Generated| {
            let there = fs::read_to_string(out_dir.join(&file.name)).unwrap_or_default();
            there.replace("\r\n", "\n") != file.code
        };
        let stale = generated.iter().filter(is_stale);
        let stale: Vec<String> = stale
            .map(|file| out_dir.join(&file.name).display().to_string())
            .collect();
        if stale.is_empty() {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "not what protoc-gen-rmicro {} makes of the protos: {}; generate again",
            env!("CARGO_PKG_VERSION"),
            stale.join(", ")
        )))
    }

    fn folder(&self) -> io::Result<PathBuf> {
        let folder = self.out_dir.clone();
        let folder = folder.or_else(|| env::var_os("OUT_DIR").map(PathBuf::from));
        folder.ok_or_else(|| {
            io::Error::other(
                "there is no variable OUT_DIR: call out_dir(..), or run this from a build script",
            )
        })
    }

    /// What is generated, and the sources of it.
    fn generate(
        self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
        scratch: &Path,
    ) -> io::Result<(Vec<Generated>, Vec<PathBuf>)> {
        let mut options = self.options;
        options.check()?;
        options.include_file.retain(|name| name != INCLUDE_FILE);
        options.include_file.push(INCLUDE_FILE.to_owned());
        let protos: Vec<PathBuf> = protos.iter().map(|path| path.as_ref().to_owned()).collect();
        let includes: Vec<PathBuf> = includes
            .iter()
            .map(|path| path.as_ref().to_owned())
            .collect();
        let Parsed {
            mut request,
            sources,
        } = protoc::parse(&protos, &includes, options, scratch)?;
        uses::choose_needed(&mut request)?;
        let generated =
            quiet::catch(|| generator::generate(&request)).map_err(io::Error::other)??;
        Ok((generated, sources))
    }
}

/// Has cargo run the build script again when a source changes; elsewhere there is nobody to tell.
fn tell_cargo(sources: &[PathBuf]) -> io::Result<()> {
    // Cargo sets these two together for build scripts only.
    if env::var_os("OUT_DIR").is_none() || env::var_os("CARGO_CFG_TARGET_OS").is_none() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "cargo:rerun-if-env-changed=PROTOC")?;
    writeln!(stdout, "cargo:rerun-if-env-changed=PROTOC_INCLUDE")?;
    for source in sources {
        writeln!(stdout, "cargo:rerun-if-changed={}", source.display())?;
    }
    Ok(())
}
