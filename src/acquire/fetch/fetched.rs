//! Receives a started transfer.

use super::{FetchError, Fetcher, StartedTransfer};
use crate::{
    sources::Candidate,
    store::{Received, Staged},
    trust::Expected,
};

/// An artifact that has arrived.
pub(in crate::acquire) struct Fetched {
    /// The staged tree.
    pub(in crate::acquire) staged: Staged,
    /// The transfer, where the artifact came in one piece.
    pub(in crate::acquire) received: Option<Received>,
}

impl Fetcher<'_> {
    /// Receives all bytes of a started transfer into a staged tree.
    ///
    /// A cargo build is copied; `None` where it changed meanwhile.
    pub(in crate::acquire) fn fetch(
        &self,
        candidate: &Candidate,
        expected: &Expected,
        transfer: StartedTransfer,
    ) -> Result<Option<Fetched>, FetchError> {
        let whole = |(staged, received)| Fetched { staged, received: Some(received) };
        let parts = |staged| Fetched { staged, received: None };
        match transfer {
            StartedTransfer::Build => Ok(self.copy_build(expected)?.map(parts)),
            StartedTransfer::Stream(partial, download) => {
                let (partial, download) = self.take(candidate, expected, partial, download)?;
                self.receive(&candidate.name, expected, partial, download).map(whole).map(Some)
            }
            StartedTransfer::Listing(download) => {
                self.fetch_loose(candidate, expected, download).map(parts).map(Some)
            }
        }
    }
}
