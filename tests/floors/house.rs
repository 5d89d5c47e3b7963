//! The files of a crate: which module each is, and what stands where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::scan::{Name, Scan, scan};

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    /// Where it is, from the root of the project.
    pub(crate) path: String,
    /// Its module, from the root of the crate.
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    pub(crate) scan: Scan,
}

/// Something that the rules do not allow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) file: String,
    pub(crate) line: usize,
    /// Which rule, and what to do.
    pub(crate) rule: String,
}

impl Violation {
    pub(crate) fn new(file: &File, line: usize, rule: impl Into<String>) -> Self {
        Self {
            file: file.path.clone(),
            line,
            rule: rule.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.rule)
    }
}

/// The files of a crate.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) files: Vec<File>,
    modules: BTreeSet<Vec<String>>,
}

impl House {
    /// The crate whose files lie under `root`, as `(path, text)`.
    pub(crate) fn new(root: &str, files: &[(String, String)]) -> Result<Self, String> {
        let mut read = Vec::new();
        for (path, text) in files {
            let scan = scan(text).map_err(|error| format!("{path}: {error}"))?;
            let module = module_of(path.strip_prefix(root).unwrap_or(path));
            read.push(File {
                path: path.clone(),
                module,
                text: text.clone(),
                scan,
            });
        }
        let modules = read.iter().map(|file| file.module.clone()).collect();
        let tests = test_modules(&read);
        for file in &mut read {
            file.scan.all_tests |= tests.iter().any(|module| file.module.starts_with(module));
        }
        Ok(Self {
            files: read,
            modules,
        })
    }

    /// Whether `module` is a file.
    pub(crate) fn has(&self, module: &[String]) -> bool {
        self.modules.contains(module)
    }

    /// What `name` in `file` means from the root of the crate; `None` when it is not of this crate, as far as that can be seen.
    pub(crate) fn absolute(&self, file: &File, name: &Name) -> Option<Vec<String>> {
        let mut here = file.module.clone();
        here.extend(name.inside.iter().cloned());
        let mut parts = name.parts.as_slice();
        match parts.first()?.as_str() {
            "crate" => here.clear(),
            "self" if parts.len() > 1 => {}
            "super" => {
                while let [first, rest @ ..] = parts
                    && first == "super"
                {
                    here.pop();
                    parts = rest;
                }
                here.extend(parts.iter().cloned());
                return Some(here);
            }
            child if parts.len() > 1 => {
                here.push(child.to_owned());
                if !self.has(&here) {
                    return None;
                }
            }
            _ => return None,
        }
        here.extend(parts[1..].iter().cloned());
        Some(here)
    }

    /// What the file of `module` re-exports from its own children: the name, and the path of what it names.
    pub(crate) fn reexports(&self, module: &[String]) -> BTreeMap<String, Vec<String>> {
        let Some(file) = self.files.iter().find(|file| file.module == module) else {
            return BTreeMap::new();
        };
        let public = file.scan.names.iter().filter(|name| name.public_use);
        public
            .filter_map(|name| Some((name.parts.last()?.clone(), self.absolute(file, name)?)))
            .collect()
    }
}

/// The module that is the file at `path`, which begins below `src/`.
fn module_of(path: &str) -> Vec<String> {
    let path = path.trim_start_matches('/').trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    let last = module.last().map_or("", String::as_str);
    if last == "mod" || (module.len() == 1 && (last == "lib" || last == "main")) {
        module.pop();
    }
    module
}

/// The modules that are declared for tests alone.
fn test_modules(files: &[File]) -> Vec<Vec<String>> {
    let declared = files.iter().flat_map(|file| {
        file.scan.test_modules.iter().map(|name| {
            let mut module = file.module.clone();
            module.push(name.clone());
            module
        })
    });
    declared.collect()
}
