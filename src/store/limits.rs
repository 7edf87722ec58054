//! How much a tree may hold.

use super::{TreePath, UnpackError};

/// Unpacked bytes that no ratio is asked of: small archives of zeros are harmless.
const RATIO_FREE: u64 = 64 * 1024 * 1024;

/// What a tree may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeLimits {
    /// Files and links.
    pub files: u64,
    /// Unpacked bytes.
    pub bytes: u64,
    /// Bytes of a path; more than [`TreePath::MAX`] has no effect.
    pub path: usize,
    /// Unpacked bytes per packed byte, beyond the first 64 MiB.
    pub ratio: u64,
}

impl Default for TreeLimits {
    fn default() -> Self {
        Self { files: 20_000, bytes: 8 << 30, path: TreePath::MAX, ratio: 200 }
    }
}

impl TreeLimits {
    /// Holds the ratio of what was unpacked to what was `packed` so far to its limit.
    pub(super) fn check_ratio(&self, bytes: u64, packed: u64) -> Result<(), UnpackError> {
        let allowed = packed.saturating_mul(self.ratio).saturating_add(RATIO_FREE);
        match bytes > allowed {
            true => Err(UnpackError::Limit {
                what: "unpacked bytes per packed byte",
                limit: self.ratio,
            }),
            false => Ok(()),
        }
    }
}
