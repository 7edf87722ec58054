//! Checks the limits of a staged tree while it is being made.

use super::{Staged, TreePath, UnpackError, limits::Packed};

impl Staged {
    /// Checks the lengths of the paths, which are final after stripping.
    pub(super) fn check_lengths(&self) -> Result<(), UnpackError> {
        let limit = self.limits.path.min(TreePath::MAX);
        if self.items.iter().any(|item| item.path.len() > limit) {
            return Err(UnpackError::Limit { what: "bytes in a path", limit: limit as u64 });
        }
        Ok(())
    }

    /// The number of unpacked bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Checks whether a file of a stated size exceeds the limit, before any of it is written.
    pub(super) fn check_room(&self, size: u64) -> Result<(), UnpackError> {
        if self.bytes.saturating_add(size) > self.limits.bytes {
            return Err(UnpackError::Limit { what: "bytes", limit: self.limits.bytes });
        }
        Ok(())
    }

    /// Checks the number of paths, all of which are kept in memory.
    pub(super) fn check_paths(&self) -> Result<(), UnpackError> {
        if self.paths.len() > 2 * self.limits.files {
            return Err(UnpackError::Limit { what: "files", limit: self.limits.files });
        }
        Ok(())
    }

    /// Counts unpacked bytes before they are written, whatever writes them, and checks all limits for bytes.
    pub(super) fn count(&mut self, n: u64, packed: Packed<'_>) -> Result<(), UnpackError> {
        self.bytes = self.bytes.saturating_add(n);
        if self.bytes > self.limits.bytes {
            return Err(UnpackError::Limit { what: "bytes", limit: self.limits.bytes });
        }
        packed.map_or(Ok(()), |packed| self.limits.check_ratio(self.bytes, packed()))
    }
}
