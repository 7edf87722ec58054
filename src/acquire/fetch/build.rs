//! Copies a cargo build of this machine into a staged tree.

use std::path::Path;

use super::{FetchError, Fetcher};
use crate::{store::Staged, trust::Expected};

impl Fetcher<'_> {
    /// Copies the program of a cargo build: a reflink or a copy, never a hard link, because cargo overwrites its
    /// outputs in place. `None` where the program changed meanwhile.
    pub(super) fn copy_build(&self, expected: &Expected) -> Result<Option<Staged>, FetchError> {
        let program = Path::new(expected.artifact.asset.as_str());
        let stamp =
            || std::fs::metadata(program).and_then(|meta| Ok((meta.len(), meta.modified()?)));
        let unread = |source| FetchError::unread(program.display().to_string(), source);
        let before = stamp().map_err(unread)?;
        let mut staged = self.store.stage(self.options.limits)?;
        let name = expected.expectation.release.executable();
        staged.copy_file(program, &name).map_err(|error| FetchError::Unpack(error, None))?;
        Ok((stamp().map_err(unread)? == before).then_some(staged))
    }
}
