//! [`Damage`]: what is wrong with a store.

use std::path::PathBuf;

/// A file, tree or link that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The file, tree or link.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
    /// How to fix it.
    pub fix: String,
}
