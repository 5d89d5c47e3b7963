//! Writes files whole or not at all, and says of each error which file it is about.

use std::ffi::OsString;
use std::path::Path;
use std::{fs, io};

/// Writes `text` to `path`, unless it is there already: cargo goes by the time of change.
///
/// What was there stays until all is written.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    if fs::read(path).is_ok_and(|before| before == text.as_bytes()) {
        return Ok(());
    }
    let mut beside = OsString::from(path);
    beside.push(format!(".{}", std::process::id()));
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        // It may not be there, and what matters is the first error.
        let _ = fs::remove_file(&beside);
        at(path, error)
    })
}

/// `error` with the file or folder that it is about.
pub(crate) fn at(path: &Path, error: io::Error) -> io::Error {
    let text = format!("{} cannot be written: {error}", path.display());
    io::Error::new(error.kind(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rs");
        write(&path, "one").unwrap();
        write(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.rs");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("b"), "").unwrap();
        let error = write(&path, "one").unwrap_err().to_string();
        let wanted = format!("{} cannot be written: ", path.display());
        assert!(error.starts_with(&wanted), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
