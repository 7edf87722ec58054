//! What a source remembers from run to run: small documents in a folder of the state folder.

use std::path::{Path, PathBuf};

use loom_github::DocumentCache;
use serde_json::Value;

use super::state;

/// A folder of documents that all processes of the user share.
#[derive(Debug, Clone)]
pub struct SharedDocuments(PathBuf);

impl SharedDocuments {
    /// The notes of sources of one kind.
    pub fn of(state: &Path, kind: &str) -> Self {
        Self(state.join(kind))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }
}

/// A folder that cannot be read or written costs requests and nothing else; whatever else is kept in the state says so.
impl DocumentCache for SharedDocuments {
    fn get(&self, name: &str) -> Option<Value> {
        state::read(&self.path(name)).ok().flatten()
    }

    fn change(&self, name: &str, change: &mut dyn FnMut(Option<Value>) -> Option<Value>) {
        let path = self.path(name);
        let _lock = state::lock(&path, &mut || {});
        if let Some(document) = change(self.get(name)) {
            let _ = state::write(&path, &document);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn many_change_one_document_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let notes = SharedDocuments::of(folder.path(), "github");
        let add = |before: Option<Value>| {
            Some(Value::from(before.map_or(0, |n| n.as_u64().unwrap()) + 1))
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| notes.change("count", &mut { add }));
            }
        });
        assert_eq!(notes.get("count"), Some(8.into()));
        assert_eq!(notes.get("other"), None);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("github"), "a file").unwrap();
        let notes = SharedDocuments::of(folder.path(), "github");
        notes.change("x", &mut |_| Some(1.into()));
        assert_eq!(notes.get("x"), None);
    }
}
