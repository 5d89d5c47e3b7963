//! A project of a user, in a folder of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::rc::Rc;
use std::{env, fs};

/// A folder that goes away; what is compiled for it stays below our target folder.
pub(crate) struct Project {
    around: Rc<tempfile::TempDir>,
    name: String,
}

impl Project {
    /// An empty project.
    pub(crate) fn new(name: &str) -> Self {
        let project = Self {
            around: Rc::new(tempfile::tempdir().unwrap()),
            name: name.to_owned(),
        };
        // Without it cargo would ask the registry which versions there are.
        project.write(
            "Cargo.lock",
            &fs::read_to_string(root().join("Cargo.lock")).unwrap(),
        );
        project
    }

    /// The same project in the folder in which `other` is.
    pub(crate) fn beside(self, other: &Self) -> Self {
        fs::rename(self.folder(), other.around.path().join(&self.name)).unwrap();
        Self {
            around: Rc::clone(&other.around),
            ..self
        }
    }

    /// Writes `file`, with the path of the clone of rmicro in place of that of README.md.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.folder().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let clone = format!("{}/", root().display());
        fs::write(path, text.replace("../rmicro/", &clone)).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder().join(file)).unwrap()
    }

    pub(crate) fn remove(&self, file: &str) {
        fs::remove_file(self.folder().join(file)).unwrap();
    }

    pub(crate) fn replace(&self, file: &str, what: &str, with: &str) {
        let text = self.read(file);
        assert!(text.contains(what), "{file} lacks {what}:\n{text}");
        self.write(file, &text.replace(what, with));
    }

    /// The line of a manifest that names the plugin.
    pub(crate) fn plugin_dependency(&self) -> String {
        "protoc-gen-rmicro = { path = \"../rmicro/protoc-gen-rmicro\" }".to_owned()
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> Outcome {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first-hour");
        let mut command = self.command(cargo);
        command.args(arguments).env("CARGO_TARGET_DIR", target);
        // Nobody looks into these programs.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        Outcome(command.env("CARGO_NET_OFFLINE", "true").output().unwrap())
    }

    /// Runs `commands` as a shell does.
    pub(crate) fn shell(&self, commands: &str) {
        let output = self
            .command("sh".into())
            .args(["-e", "-c", commands])
            .output();
        Outcome(output.unwrap()).says("");
    }

    /// A program that finds protoc and the plugin on `PATH`, and nothing of the tests' own surroundings.
    fn command(&self, program: OsString) -> Command {
        let protoc = protoc_bin_vendored::protoc_bin_path().unwrap();
        let plugin = Path::new(env!("CARGO_BIN_EXE_protoc-gen-rmicro"));
        let mut path = vec![parent(&protoc), parent(plugin)];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .env("PATH", env::join_paths(path).unwrap())
            .env_remove("PROTOC")
            .env_remove("OUT_DIR");
        command
    }

    fn folder(&self) -> PathBuf {
        self.around.path().join(&self.name)
    }
}

/// How a program ended.
pub(crate) struct Outcome(Output);

impl Outcome {
    pub(crate) fn is_well(&self) -> bool {
        self.0.status.success()
    }

    /// It went well, with `text` in its output and no warning.
    pub(crate) fn says(&self, text: &str) {
        let all = self.all();
        assert!(
            self.is_well() && all.contains(text),
            "not `{text}` but:\n{all}"
        );
        assert!(!all.contains("warning"), "{all}");
    }

    /// It did not go well, for the reason `text`.
    pub(crate) fn fails_with(&self, text: &str) {
        let all = self.all();
        assert!(
            !self.is_well() && all.contains(text),
            "not `{text}` but:\n{all}"
        );
    }

    fn all(&self) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        text(&self.0.stdout) + &text(&self.0.stderr)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap().to_owned()
}
