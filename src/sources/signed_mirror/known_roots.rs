//! [`MirrorRootRules`]: which roots are given, and whether others are kept at first sight.

use std::path::PathBuf;

use loom_base::bounded_file;
use loom_source::{Digest, record::SignedKind};

use crate::{
    config::{ConfiguredRoot, PinRoots, Resolved},
    trust::{
        RevokedSigners,
        mirror::{MirrorRejection, TrustedRoot},
    },
};

/// Which roots a reader starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorRootRules {
    /// `trust.roots`: the roots that the configuration gives.
    pub configured: Vec<ConfiguredRoot>,
    /// `trust.pin_roots = "first-seen"`: whether the root of a mirror without a given one is kept when it is first seen.
    pub pin_first_seen: bool,
    /// `trust.revoked`: an index that one of these keys signed does not count.
    pub revoked: RevokedSigners,
    /// Whether a root that was kept at first sight counts.
    pub first_seen_counts: bool,
    /// Whether the roots count that the user added: not where the machine-wide file fixes which roots do.
    pub added_count: bool,
}

impl Default for MirrorRootRules {
    fn default() -> Self {
        Self {
            configured: Vec::new(),
            pin_first_seen: false,
            revoked: RevokedSigners::default(),
            first_seen_counts: true,
            added_count: true,
        }
    }
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
        /// Why it is not accepted.
        source: MirrorRejection,
    },
}

impl MirrorRootRules {
    /// The rules of a configuration.
    pub fn of_config(config: &Resolved) -> Self {
        let pin_first_seen = config.trust.pin_roots.value == PinRoots::FirstSeen;
        Self {
            configured: config.trust.roots.value.clone(),
            pin_first_seen,
            revoked: RevokedSigners::new(config.trust.revoked.value.clone()),
            first_seen_counts: pin_first_seen || !config.is_locked("trust.pin_roots"),
            added_count: !config.is_locked("trust.roots"),
        }
    }

    /// The root that the configuration gives for a source.
    pub(crate) fn of(&self, source: &str) -> Option<&ConfiguredRoot> {
        self.configured.iter().find(|root| root.source == source)
    }
}

/// Reads a configured root, with the digest of its file.
pub(super) fn read_configured(
    root: &ConfiguredRoot,
) -> Result<(Digest, TrustedRoot), RootReadError> {
    let file = || root.file.clone();
    let limit = SignedKind::Root.max_bytes() as u64;
    let bytes = bounded_file::read(&root.file, limit)
        .map_err(|source| RootReadError::Read { file: file(), source })?;
    let digest = Digest::of(&bytes);
    let trusted = TrustedRoot::given(&bytes, root.sha256.unwrap_or(digest))
        .map_err(|source| RootReadError::Rejected { file: file(), source })?;
    Ok((digest, trusted))
}
