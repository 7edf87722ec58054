//! Small documents that a source keeps from run to run, in a folder of the state folder.

use loom_github::DocumentCache;
use serde_json::Value;

use crate::state::{StateDir, StateFile};

/// A cache of documents that all processes of one user share: a folder of the state folder.
#[derive(Debug, Clone)]
pub struct SharedDocuments {
    state: StateDir,
    kind: String,
}

impl SharedDocuments {
    /// The documents of the sources of one kind, which names the folder.
    pub fn of(state: &StateDir, kind: &str) -> Self {
        Self { state: state.clone(), kind: kind.to_owned() }
    }

    fn file(&self, name: &str) -> StateFile {
        self.state.file(format!("{}/{name}.json", self.kind))
    }
}

/// Errors are ignored: without the cache a source sends more requests and answers the same. Other files of the state
/// folder report such errors.
impl DocumentCache for SharedDocuments {
    fn get(&self, name: &str) -> Option<Value> {
        self.file(name).read_json().ok().flatten()
    }

    fn change(&self, name: &str, change: &mut dyn FnMut(Option<Value>) -> Option<Value>) {
        let file = self.file(name);
        let _lock = file.lock(&mut || {});
        if let Some(document) = change(self.get(name)) {
            let _ = file.write_json(&document);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn concurrent_changes_of_one_document_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let documents = SharedDocuments::of(&StateDir::new(folder.path()), "github");
        let add = |before: Option<Value>| {
            Some(Value::from(before.map_or(0, |n| n.as_u64().unwrap()) + 1))
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| documents.change("count", &mut { add }));
            }
        });
        assert_eq!(documents.get("count"), Some(8.into()));
        assert_eq!(documents.get("other"), None);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("github"), "a file").unwrap();
        let documents = SharedDocuments::of(&StateDir::new(folder.path()), "github");
        documents.change("x", &mut |_| Some(1.into()));
        assert_eq!(documents.get("x"), None);
    }
}
