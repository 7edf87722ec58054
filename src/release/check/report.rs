//! [`PlatformReport`]: what was found for one platform.

use loom_source::{Digest, Platform};

use super::CheckProblem;

/// What was found for one platform.
#[derive(Debug)]
pub struct PlatformReport {
    /// The platform.
    pub platform: Platform,
    /// The name of the asset; `None` where there is none.
    pub asset: Option<String>,
    /// The digest of the asset, once it was downloaded.
    pub sha256: Option<Digest>,
    /// The size of the asset in bytes.
    pub size: Option<u64>,
    /// The digest of the unpacked tree.
    pub tree: Option<Digest>,
    /// The files that were found right.
    pub checked: Vec<CheckedFile>,
    /// What is wrong.
    pub problems: Vec<FileProblem>,
}

/// A file that was found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    /// The file name.
    pub file: String,
    /// What it is, such as `checksum` or `minisign`.
    pub what: &'static str,
    /// The id of the key, or the identity, that signed; `None` where no signature was verified.
    pub key: Option<String>,
    /// Whether it was verified: a signature without a key to verify it is only listed.
    pub verified: bool,
}

/// A file that is wrong.
#[derive(Debug)]
pub struct FileProblem {
    /// The file name.
    pub file: String,
    /// What is wrong with it.
    pub problem: CheckProblem,
}

impl PlatformReport {
    pub(super) fn new(platform: Platform) -> Self {
        Self {
            platform,
            asset: None,
            sha256: None,
            size: None,
            tree: None,
            checked: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Notes what is wrong with a file.
    pub(super) fn wrong(&mut self, file: impl Into<String>, problem: impl Into<CheckProblem>) {
        self.problems.push(FileProblem { file: file.into(), problem: problem.into() });
    }

    /// Notes a file that is right.
    pub(super) fn right(&mut self, file: impl Into<String>, what: &'static str) {
        let file = file.into();
        self.checked.push(CheckedFile { file, what, key: None, verified: true });
    }
}
