//! What a source remembers from run to run: small documents in a folder of the state folder.

use loom_github::DocumentCache;
use serde_json::Value;

use crate::state::{StateDir, StateFile};

/// A folder of documents that all processes of the user share.
#[derive(Debug, Clone)]
pub struct SharedDocuments {
    state: StateDir,
    kind: String,
}

impl SharedDocuments {
    /// The notes of sources of one kind.
    pub fn of(state: &StateDir, kind: &str) -> Self {
        Self { state: state.clone(), kind: kind.to_owned() }
    }

    fn file(&self, name: &str) -> StateFile {
        self.state.file(format!("{}/{name}.json", self.kind))
    }
}

/// A folder that cannot be read or written costs requests and nothing else; whatever else is kept in the state says so.
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
    fn many_change_one_document_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let notes = SharedDocuments::of(&StateDir::new(folder.path()), "github");
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
        let notes = SharedDocuments::of(&StateDir::new(folder.path()), "github");
        notes.change("x", &mut |_| Some(1.into()));
        assert_eq!(notes.get("x"), None);
    }
}
