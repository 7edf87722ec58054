//! The projects whose `loom.toml` the user trusts: a small file in the state folder.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::{Path, PathBuf},
};

use loom_source::Digest;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// For each `loom.toml`, by its canonical path, the digest of the tables that are trusted.
///
/// A file that changes in one of those tables is not trusted any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted(BTreeMap<PathBuf, Digest>);

#[derive(Serialize, Deserialize)]
struct Document {
    schema: u32,
    projects: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    file: PathBuf,
    sha256: Digest,
}

impl Trusted {
    /// The file under a state folder.
    pub fn file(state_dir: &Path) -> PathBuf {
        state_dir.join("trusted.json")
    }

    /// What the state folder holds; nothing where the file is absent.
    pub fn load(state_dir: &Path) -> Result<Self, ConfigError> {
        let file = Self::file(state_dir);
        let fail = |why: String| ConfigError::ReadTrusted { file: file.clone(), why };
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(fail(e.to_string())),
        };
        let document: Document =
            loom_source::json::strict(&bytes).map_err(|e| fail(e.to_string()))?;
        if document.schema != 1 {
            return Err(fail(format!("it has schema {}, this loom reads 1", document.schema)));
        }
        Ok(Self(document.projects.into_iter().map(|p| (p.file, p.sha256)).collect()))
    }

    /// Reads the list, changes it and writes it back, one process at a time; what `change` answers.
    pub fn update<T>(
        state_dir: &Path,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ConfigError> {
        let file = state_dir.join("trusted.lock");
        let lock = || {
            std::fs::create_dir_all(state_dir)?;
            let lock = std::fs::OpenOptions::new().create(true).append(true).open(&file)?;
            lock.lock()?;
            Ok(lock)
        };
        let _lock = lock().map_err(|source| ConfigError::Write { file: file.clone(), source })?;
        let mut trusted = Self::load(state_dir)?;
        let answer = change(&mut trusted);
        trusted.save(state_dir)?;
        Ok(answer)
    }

    /// Writes it aside and renames it into place.
    fn save(&self, state_dir: &Path) -> Result<(), ConfigError> {
        let file = Self::file(state_dir);
        let projects = self
            .0
            .iter()
            .map(|(file, sha256)| Entry { file: file.clone(), sha256: *sha256 })
            .collect();
        let write = || -> std::io::Result<()> {
            let mut text = serde_json::to_vec_pretty(&Document { schema: 1, projects })?;
            text.push(b'\n');
            std::fs::create_dir_all(state_dir)?;
            let mut aside = tempfile::NamedTempFile::new_in(state_dir)?;
            aside.write_all(&text)?;
            aside.as_file().sync_all()?;
            aside.persist(&file)?;
            Ok(())
        };
        write().map_err(|source| ConfigError::Write { file: file.clone(), source })
    }

    /// Whether exactly these tables of this file are trusted.
    pub fn contains(&self, file: &Path, digest: &Digest) -> bool {
        self.0.get(file) == Some(digest)
    }

    /// Trusts these tables of this file and forgets what was trusted of it before.
    pub fn trust(&mut self, file: PathBuf, digest: Digest) {
        self.0.insert(file, digest);
    }

    /// Forgets this file; whether it was known.
    pub fn revoke(&mut self, file: &Path) -> bool {
        self.0.remove(file).is_some()
    }

    /// The files known and the digests of their trusted tables, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Digest)> {
        self.0.iter().map(|(file, digest)| (file.as_path(), digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_trusted_is_remembered_until_revoked() {
        let state = tempfile::tempdir().unwrap();
        let file = PathBuf::from("/p/loom.toml");
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let mut trusted = Trusted::load(&state.path().join("none")).unwrap();
        trusted.trust(file.clone(), one);
        trusted.save(&state.path().join("new/folder")).unwrap();
        let mut again = Trusted::load(&state.path().join("new/folder")).unwrap();
        assert_eq!(again, trusted);
        assert!(again.contains(&file, &one));
        assert!(!again.contains(&file, &other));
        assert!(again.revoke(&file));
        assert!(!again.revoke(&file));
        assert!(!again.contains(&file, &one));
    }

    #[test]
    fn a_damaged_list_is_an_error_that_names_it() {
        let state = tempfile::tempdir().unwrap();
        for text in ["", "{}", r#"{"schema": 2, "projects": []}"#] {
            std::fs::write(Trusted::file(state.path()), text).unwrap();
            let error = Trusted::load(state.path()).unwrap_err();
            assert!(error.to_string().contains("trusted.json"), "{error}");
            assert!(error.hint().is_some());
        }
    }
}
