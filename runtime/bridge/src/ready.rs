//! Tells whoever started us that we listen.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Serialize;

/// Where we listen; this is the document in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadyDocument {
    /// gRPC.
    pub bridge: SocketAddr,
    /// The page's URL, if there is one.
    pub dashboard: Option<String>,
}

/// The ready file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write {path} (LOOM_READY_FILE)")]
pub struct ReadyError {
    path: PathBuf,
    source: io::Error,
}

impl ReadyDocument {
    /// Writes the file aside and renames it: whoever sees it sees all of it.
    pub fn write(&self, path: &Path) -> Result<(), ReadyError> {
        let error = |source| ReadyError { path: path.to_owned(), source };
        let json = serde_json::to_vec(self).map_err(|source| error(source.into()))?;
        let mut aside = OsString::from(path);
        aside.push(format!(".{}.new", std::process::id()));
        let aside = PathBuf::from(aside);
        let written = File::create(&aside).and_then(|mut file| file.write_all(&json));
        written.and_then(|()| fs::rename(&aside, path)).map_err(|source| {
            // The error that counts is the first one.
            _ = fs::remove_file(&aside);
            error(source)
        })
    }
}

/// Removes what an earlier server left, so that nobody takes it for ours.
pub fn forget(path: &Path) -> Result<(), ReadyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ReadyError { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_appears_whole_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        forget(&path).unwrap();
        let ready = ReadyDocument { bridge: "127.0.0.1:7".parse().unwrap(), dashboard: None };
        ready.write(&path).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            r#"{"bridge":"127.0.0.1:7","dashboard":null}"#
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        forget(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn an_error_names_the_file_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let ready = ReadyDocument { bridge: "127.0.0.1:7".parse().unwrap(), dashboard: None };
        let error = ready.write(&folder.path().join("none/ready.json")).unwrap_err();
        assert!(error.to_string().contains("none/ready.json"));
    }
}
