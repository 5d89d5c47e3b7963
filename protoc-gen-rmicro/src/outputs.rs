//! Which `.proto` files share one generated file, and what that is called.
//!
//! Files of a package share `<package>.rs`. Files without a package are called by their stem; those that import each other,
//! directly or not, share the file of the one that none of them imports, so that each generated file stands by itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Result, bail};
use crate::externs::Externs;
use crate::names;
use crate::options::Options;
use crate::request::Request;

/// One generated file.
#[derive(Debug)]
pub(crate) struct Output {
    /// The proto package; empty if there is none.
    pub(crate) package: String,
    /// The file's name without its ending.
    pub(crate) stem: String,
    /// Where the file is included, from the root of the tree.
    pub(crate) module: Vec<String>,
    /// The names of the `.proto` files in it, sorted: the order on the command line makes no difference.
    pub(crate) files: Vec<String>,
}

impl Output {
    /// The name of the file; with messages elsewhere it is to stand beside another generator's.
    pub(crate) fn file_name(&self, options: &Options) -> String {
        let ending = if options.messages { "rs" } else { "rmicro.rs" };
        format!("{}.{ending}", self.stem)
    }

    /// The path of the module of `other` as seen from the module of `self`.
    pub(crate) fn path_to(&self, other: &Self) -> Vec<String> {
        let common = self
            .module
            .iter()
            .zip(&other.module)
            .take_while(|(left, right)| left == right)
            .count();
        let up = self.module.iter().skip(common).map(|_| "super".to_owned());
        up.chain(other.module.iter().skip(common).cloned())
            .collect()
    }
}

/// Sorts the chosen files into outputs; what lives elsewhere is left out.
pub(crate) fn outputs(request: &Request, externs: &Externs) -> Result<Vec<Output>> {
    let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in request.chosen().filter(|file| !externs.has_file(file)) {
        let files = packages.entry(file.proto.package().to_owned()).or_default();
        files.push(file.proto.name().to_owned());
    }
    let mut outputs = Vec::new();
    for files in groups(request, packages.remove("").unwrap_or_default()) {
        let stem = stem(request, &files);
        outputs.push(Output {
            package: String::new(),
            stem,
            module: Vec::new(),
            files,
        });
    }
    for (package, mut files) in packages {
        files.sort();
        let module = package.split('.').map(names::package_name).collect();
        outputs.push(Output {
            stem: package.clone(),
            package,
            module,
            files,
        });
    }
    check(request, &outputs)?;
    Ok(outputs)
}

/// Joins files that reach each other by imports.
fn groups(request: &Request, mut files: Vec<String>) -> Vec<Vec<String>> {
    files.sort();
    let mut groups: Vec<Vec<String>> = Vec::new();
    for file in files {
        let reached = closure(request, &file);
        let touches = |group: &Vec<String>| {
            group
                .iter()
                .any(|other| reached.contains(other) || closure(request, other).contains(&file))
        };
        let (mut joined, apart): (Vec<_>, Vec<_>) = groups.into_iter().partition(touches);
        joined.push(vec![file]);
        let mut joined = joined.concat();
        joined.sort();
        groups = apart;
        groups.push(joined);
    }
    groups.sort();
    groups
}

/// Everything that `file` imports, directly or not.
fn closure(request: &Request, file: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file.to_owned()];
    while let Some(name) = open.pop() {
        let dependencies = request
            .file(&name)
            .map(|file| file.proto.dependency.clone());
        for dependency in dependencies.unwrap_or_default() {
            if reached.insert(dependency.clone()) {
                open.push(dependency);
            }
        }
    }
    reached
}

fn stem(request: &Request, files: &[String]) -> String {
    let imported: BTreeSet<String> = files
        .iter()
        .flat_map(|file| closure(request, file))
        .collect();
    let root = files.iter().find(|file| !imported.contains(*file));
    let name = root
        .or(files.first())
        .map_or("", |name| name.rsplit('/').next().unwrap_or(name));
    name.strip_suffix(".proto").unwrap_or(name).to_owned()
}

/// Two outputs with one name would overwrite each other; two packages with one module would not compile.
fn check(request: &Request, outputs: &[Output]) -> Result<()> {
    check_modules(outputs)?;
    let mut names: BTreeMap<String, &Output> = BTreeMap::new();
    for output in outputs {
        let name = output.file_name(&request.options);
        let mut includes = request.options.include_file.iter();
        if includes.any(|other| other.eq_ignore_ascii_case(&name)) {
            bail!(
                "{}: its code and the include file are both called {name}",
                output.files[0]
            );
        }
        // Some file systems make no difference between upper and lower case.
        if let Some(other) = names.insert(name.to_ascii_lowercase(), output) {
            let (left, right) = (&other.files[0], &output.files[0]);
            bail!("{left} and {right}: the code of both is called {name}; give them packages");
        }
    }
    Ok(())
}

fn check_modules(outputs: &[Output]) -> Result<()> {
    let mut modules: BTreeMap<&[String], &Output> = BTreeMap::new();
    for output in outputs.iter().filter(|output| !output.package.is_empty()) {
        if let Some(other) = modules.insert(&output.module, output) {
            let module = output.module.join("::");
            bail!(
                "the packages {} and {} are both the module {module} in Rust",
                other.package,
                output.package
            );
        }
    }
    Ok(())
}
