//! Goes through the folders of versions: [`newest`] limits their number, and with [`FolderErrors`] those that cannot be
//! read do not end a listing, as long as others can.

use loom_source::{SourceError, Version};

use crate::transport::{Entries, Transport};

/// The largest number of folders of versions that are looked into, each of which is a request to a bucket.
const MAX_VERSIONS: usize = 5_000;

/// The folders of the newest versions, the newest first. Older ones than can be looked into are left out.
pub(crate) fn newest(
    transport: &dyn Transport,
    mut folders: Vec<(Version, String)>,
) -> Vec<(Version, String)> {
    folders.sort_by(|one, other| other.cmp(one));
    for (_, folder) in folders.iter().skip(MAX_VERSIONS) {
        transport.skipped().add(folder, format!("more than {MAX_VERSIONS} versions"));
    }
    folders.truncate(MAX_VERSIONS);
    folders
}

/// The error of the first folder of a listing that cannot be read.
#[derive(Debug, Default)]
pub(crate) struct FolderErrors(Option<SourceError>);

impl FolderErrors {
    /// The entries of a folder, none where it cannot be read: the folder is left out, and its error kept. An error that is
    /// about more than the folder is returned.
    pub(crate) fn listed(
        &mut self,
        transport: &dyn Transport,
        folder: &str,
        listed: Result<Option<Entries>, SourceError>,
    ) -> Result<Entries, SourceError> {
        match listed {
            Err(error) if error.kind.concerns_one_entry() => {
                transport.skipped().add(folder, loom_base::error_chain(&error));
                self.0.get_or_insert(error);
                Ok(Entries::default())
            }
            listed => listed.map(Option::unwrap_or_default),
        }
    }

    /// The error of the first folder that could not be read, unless something was found in the others: it may be where
    /// everything is.
    pub(crate) fn unless(self, found: bool) -> Result<(), SourceError> {
        self.0.filter(|_| !found).map_or(Ok(()), Err)
    }
}
