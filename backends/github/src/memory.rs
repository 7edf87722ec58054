//! What is remembered from run to run, and by all processes of a user together.

use std::fmt::Debug;

use serde_json::Value;

/// Small documents under names. A run can do without all of them: whoever keeps them swallows failures, and one that
/// cannot be understood counts as none.
///
/// Names are `a-z`, `0-9`, `-` and `.`; documents hold neither tokens nor anything else that is secret.
pub trait DocumentCache: Debug + Send + Sync {
    /// The document of this name, if there is one.
    fn get(&self, name: &str) -> Option<Value>;

    /// Replaces the document by what `change` makes of it, while no other process does; nothing is kept for `None`.
    fn change(&self, name: &str, change: &mut dyn FnMut(Option<Value>) -> Option<Value>);
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl DocumentCache for NoCache {
    fn get(&self, _name: &str) -> Option<Value> {
        None
    }

    fn change(&self, _name: &str, _change: &mut dyn FnMut(Option<Value>) -> Option<Value>) {}
}
