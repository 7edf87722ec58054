//! [`GivenRoots`]: the roots that the user added with `loom trust add-root`.
//!
//! Kept in `mirror-roots.json` of the state folder, with the text of each root: the file that it was read from is not
//! needed any more.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use loom_source::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    state::{StateDir, StateError, StateFile},
    trust::mirror::{MirrorRejection, TrustedRoot},
};

const FILE: &str = "mirror-roots.json";

/// The roots that the user added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenRoots {
    /// The roots, one for each source.
    pub roots: Vec<GivenRoot>,
}

/// A root that the user added for a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenRoot {
    /// The name of the source, else its URL.
    pub source: String,
    /// The SHA-256 of the file that was added.
    pub sha256: Digest,
    /// The text of the file.
    document: String,
    /// When it was added (RFC 3339, UTC).
    pub added: String,
}

fn file(state: &StateDir) -> StateFile {
    state.file(FILE)
}

impl GivenRoots {
    /// The roots that were added.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read or understood: without it a mirror would count unsigned.
    pub fn load(state: &StateDir) -> Result<Self, StateError> {
        Ok(file(state).read_document_strictly()?.unwrap_or_default())
    }

    /// The root of a source.
    pub fn of(&self, source: &str) -> Option<&GivenRoot> {
        self.roots.iter().find(|root| root.source == source)
    }

    /// Adds the root of a source, instead of an earlier one.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be read, locked or written.
    pub fn add(
        state: &StateDir,
        source: &str,
        bytes: &[u8],
        now: SystemTime,
    ) -> Result<(), StateError> {
        let file = file(state);
        let _lock = file.lock(&mut || {})?;
        let mut roots = Self::load(state)?;
        roots.roots.retain(|root| root.source != source);
        roots.roots.push(GivenRoot {
            source: source.to_owned(),
            sha256: Digest::of(bytes),
            document: String::from_utf8_lossy(bytes).into_owned(),
            added: format_rfc3339(now),
        });
        file.write_document(&roots)
    }

    /// Removes the root of a source; returns whether there was one.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be read, locked or written.
    pub fn remove(state: &StateDir, source: &str) -> Result<bool, StateError> {
        let file = file(state);
        let _lock = file.lock(&mut || {})?;
        let mut roots = Self::load(state)?;
        let before = roots.roots.len();
        roots.roots.retain(|root| root.source != source);
        let removed = roots.roots.len() < before;
        if removed {
            file.write_document(&roots)?;
        }
        Ok(removed)
    }
}

impl GivenRoot {
    /// The root.
    ///
    /// # Errors
    /// Where the text is not the one that was added.
    pub fn root(&self) -> Result<TrustedRoot, MirrorRejection> {
        TrustedRoot::given(self.document.as_bytes(), self.sha256)
    }
}
