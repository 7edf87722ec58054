//! [`ReadOnce`]: files that stay what they were when they were read first.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::{Files, ProtectedFile};

/// Files, each of which is read once: what a user was shown and trusted is what takes effect, even if the file has
/// changed since.
#[derive(Debug, Default)]
pub struct ReadOnce<F> {
    files: F,
    texts: RefCell<BTreeMap<PathBuf, Option<String>>>,
}

impl<F> ReadOnce<F> {
    /// Nothing has been read yet.
    pub fn new(files: F) -> Self {
        Self { files, texts: RefCell::default() }
    }
}

impl<F: Files> Files for ReadOnce<F> {
    fn read(&self, file: &Path) -> io::Result<Option<String>> {
        if let Some(text) = self.texts.borrow().get(file) {
            return Ok(text.clone());
        }
        let text = self.files.read(file)?;
        self.texts.borrow_mut().insert(file.to_owned(), text.clone());
        Ok(text)
    }

    fn canonical(&self, folder: &Path) -> PathBuf {
        self.files.canonical(folder)
    }

    fn changed_by_others(&self, file: &Path) -> Option<String> {
        self.files.changed_by_others(file)
    }

    fn read_protected(&self, file: &Path) -> ProtectedFile {
        self.files.read_protected(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Disk;

    #[test]
    fn a_file_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        std::fs::write(&one, "1").unwrap();
        let files = ReadOnce::new(Disk);
        assert_eq!(files.read(&one).unwrap().as_deref(), Some("1"));
        assert_eq!(files.read(&other).unwrap(), None);
        std::fs::write(&one, "2").unwrap();
        std::fs::write(&other, "3").unwrap();
        assert_eq!(files.read(&one).unwrap().as_deref(), Some("1"));
        assert_eq!(files.read(&other).unwrap(), None);
    }
}
