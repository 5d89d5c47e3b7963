//! Finds the protos of a folder and sorts them into batches, one crate each.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, Result};
use std::path::{Path, PathBuf};

/// The files of one crate.
pub(crate) struct Batch {
    /// What the lines that tell of it begin with.
    pub(crate) name: String,
    /// The folder that `files` and their imports are found in.
    pub(crate) root: PathBuf,
    /// The names of the files as protoc knows them, sorted.
    pub(crate) files: Vec<String>,
}

/// The batches of an argument `NAME=FOLDER` or `+NAME=FOLDER`.
pub(crate) fn batches(argument: &str) -> Result<Vec<Batch>> {
    let (name, folder) = argument
        .split_once('=')
        .ok_or_else(|| Error::other(format!("`{argument}` is no NAME=FOLDER")))?;
    let root = if folder == "protoc" {
        include()?
    } else {
        folder.into()
    };
    let mut files = Vec::new();
    find(&root, "", &mut files)?;
    files.sort();
    let Some(name) = name.strip_prefix('+') else {
        return Ok(vec![Batch {
            name: name.to_owned(),
            root,
            files,
        }]);
    };
    let mut batches: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        batches.entry(three_folders(&file)).or_default().push(file);
    }
    let batches = batches.into_iter().map(|(path, files)| Batch {
        name: format!("{name} {path}"),
        root: root.clone(),
        files,
    });
    Ok(batches.collect())
}

/// The folder with protoc's own files.
pub(crate) fn include() -> Result<PathBuf> {
    protoc_bin_vendored::include_path().map_err(|error| Error::other(error.to_string()))
}

fn three_folders(file: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let parts: Vec<&str> = folder.split('/').take(3).collect();
    parts.join("/")
}

fn find(root: &Path, prefix: &str, files: &mut Vec<String>) -> Result<()> {
    let entries = fs::read_dir(root.join(prefix)).map_err(|error| {
        Error::new(
            error.kind(),
            format!("{}: {error}", root.join(prefix).display()),
        )
    })?;
    for entry in entries.flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            find(root, &format!("{name}/"), files)?;
        } else if name.ends_with(".proto") {
            files.push(name);
        }
    }
    Ok(())
}
