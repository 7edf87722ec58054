//! The ready file, which tells the process that started the server where it listens.

use std::{
    io,
    path::{Path, PathBuf},
};

use loom_base::atomic_file::{self, Durability};
use loom_environment::{ReadyDocument, names};

/// The ready file cannot be written or removed.
#[derive(Debug, thiserror::Error)]
#[error("could not write {path} ({})", names::READY_FILE)]
pub struct ReadyError {
    path: PathBuf,
    source: io::Error,
}

/// Writes the ready file; readers see the complete document or none.
///
/// # Errors
/// If the file cannot be written; then no part of it is left.
pub fn write(path: &Path, document: &ReadyDocument) -> Result<(), ReadyError> {
    let error = |source| ReadyError { path: path.to_owned(), source };
    let json = serde_json::to_vec(document).map_err(|source| error(source.into()))?;
    // The file is of no use after a power failure.
    atomic_file::replace(path, &json, Durability::Cached).map_err(error)
}

/// Removes the ready file of an earlier server, so that it is not taken for one of this server.
///
/// # Errors
/// If there is a file that cannot be removed.
pub fn remove(path: &Path) -> Result<(), ReadyError> {
    let removed = atomic_file::remove(path);
    removed.map(|_| ()).map_err(|source| ReadyError { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn document() -> ReadyDocument {
        ReadyDocument {
            bridge: "127.0.0.1:7".to_owned(),
            dashboard: None,
            login_key: None,
            inherited: false,
        }
    }

    #[test]
    fn the_file_is_written_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        remove(&path).unwrap();
        write(&path, &document()).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            r#"{"bridge":"127.0.0.1:7","dashboard":null}"#
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn an_error_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("none/ready.json"), &document()).unwrap_err();
        assert!(error.to_string().contains("none/ready.json"));
    }
}
