//! [`DocumentCache`]: documents that are kept between runs and shared by all processes of a user.

use std::fmt::Debug;

use serde_json::Value;

/// A cache of small JSON documents by name.
///
/// Every document can be lost: an implementation ignores its failures, and a document that cannot be read counts as
/// absent. Names have the characters `a-z`, `0-9`, `-` and `.`. Documents hold no tokens and no other secrets.
pub trait DocumentCache: Debug + Send + Sync {
    /// The document with this name, if there is one.
    fn get(&self, name: &str) -> Option<Value>;

    /// Replaces the document by the result of `change`, while no other process changes it. Nothing is written for `None`.
    fn change(&self, name: &str, change: &mut dyn FnMut(Option<Value>) -> Option<Value>);
}

/// A cache that keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl DocumentCache for NoCache {
    fn get(&self, _name: &str) -> Option<Value> {
        None
    }

    fn change(&self, _name: &str, _change: &mut dyn FnMut(Option<Value>) -> Option<Value>) {}
}
