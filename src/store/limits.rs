//! Limits for the trees that archives unpack to.

use super::{TreePath, UnpackError, path};

/// Unpacked bytes of an archive for which the ratio is not checked: a small archive of zeros is harmless.
const RATIO_FREE: u64 = 64 * 1024 * 1024;

/// The longest path of an archive before its top folder is stripped, in bytes. All paths are kept in memory.
const LONGEST_PATH: usize = 1024;

/// The longest target of a link, in bytes.
pub(super) const LONGEST_TARGET: usize = 4096;

/// Limits for one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeLimits {
    /// The number of files and links.
    pub files: u64,
    /// The number of unpacked bytes.
    pub bytes: u64,
    /// The number of bytes in a path; a limit above [`TreePath::MAX`] has no effect.
    pub path: usize,
    /// The number of unpacked bytes per packed byte, beyond the first 64 MiB.
    pub ratio: u64,
}

impl Default for TreeLimits {
    /// 20,000 files, 8 GiB, 120 bytes per path, 200 unpacked bytes per packed byte.
    fn default() -> Self {
        Self { files: 20_000, bytes: 8 << 30, path: TreePath::MAX, ratio: 200 }
    }
}

/// Returns the number of packed bytes that the bytes unpacked so far came from; `None` where nothing is packed.
pub(super) type Packed<'a> = Option<&'a dyn Fn() -> u64>;

impl TreeLimits {
    /// Checks the ratio of `bytes` unpacked so far to `packed` bytes read so far.
    pub(super) fn check_ratio(&self, bytes: u64, packed: u64) -> Result<(), UnpackError> {
        let allowed = packed.saturating_mul(self.ratio).saturating_add(RATIO_FREE);
        if bytes > allowed {
            let what = "unpacked bytes per packed byte";
            return Err(UnpackError::Limit { what, limit: self.ratio });
        }
        Ok(())
    }
}

/// Checks the path of an entry of an archive, which may be below a top folder that is stripped later.
pub(super) fn check_path(path: &str) -> Result<(), UnpackError> {
    if path.len() > LONGEST_PATH {
        return Err(UnpackError::Limit { what: "bytes in a path", limit: LONGEST_PATH as u64 });
    }
    path::check(path).map_err(|why| UnpackError::Entry { path: path.to_owned(), why })
}
