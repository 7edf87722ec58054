//! [`ConfiguredRoot`] and [`PinRoots`]: how the roots of signed mirrors are given.

use std::path::PathBuf;

use loom_source::Digest;

/// A root of `trust.roots`: the first one that a reader trusts for a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredRoot {
    /// The name of the source, else its URL.
    pub source: String,
    /// The file of the root.
    pub file: PathBuf,
    /// The SHA-256 of the file; `None` where the file itself is trusted.
    pub sha256: Option<Digest>,
}

/// `trust.pin_roots`: what happens with the root of a mirror for which none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinRoots {
    /// Only given roots count. Other mirrors are read as if they were not signed.
    #[default]
    Given,
    /// The first root that a mirror shows is kept, and counts from then on.
    FirstSeen,
}
