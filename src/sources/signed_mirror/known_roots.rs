//! [`MirrorRootRules`]: which roots are given, and whether others are kept at first sight.

use std::path::PathBuf;

use loom_base::bounded_file;
use loom_source::{Digest, record::SignedKind};

use crate::trust::mirror::{MirrorRejection, TrustedRoot};

/// Which roots a reader starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorRootRules {
    /// `trust.roots`: the roots that the configuration gives.
    pub configured: Vec<ConfiguredRoot>,
    /// `trust.pin_roots = "first-seen"`: whether the root of a mirror without a given one is kept when it is first seen.
    pub pin_first_seen: bool,
}

/// A root that the configuration gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredRoot {
    /// The name of the source, else its URL.
    pub source: String,
    /// The file of the root.
    pub file: PathBuf,
    /// The SHA-256 of the file; `None` where the file itself is trusted.
    pub sha256: Option<Digest>,
}

/// The file of a given root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootReadError {
    /// It cannot be read.
    #[error("could not read the root {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// It is no root that is trusted.
    #[error("the root {} is not accepted", file.display())]
    Rejected {
        /// The file.
        file: PathBuf,
        /// Why.
        source: MirrorRejection,
    },
}

impl MirrorRootRules {
    /// The root that the configuration gives for a source.
    pub(crate) fn of(&self, source: &str) -> Option<&ConfiguredRoot> {
        self.configured.iter().find(|root| root.source == source)
    }
}

impl ConfiguredRoot {
    /// Reads the root, with the digest of its file.
    pub(super) fn read(&self) -> Result<(Digest, TrustedRoot), RootReadError> {
        let limit = SignedKind::Root.max_bytes() as u64;
        let bytes = bounded_file::read(&self.file, limit)
            .map_err(|source| RootReadError::Read { file: self.file.clone(), source })?;
        let digest = Digest::of(&bytes);
        let root = TrustedRoot::given(&bytes, self.sha256.unwrap_or(digest))
            .map_err(|source| RootReadError::Rejected { file: self.file.clone(), source })?;
        Ok((digest, root))
    }
}
