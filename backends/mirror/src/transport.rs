//! [`Transport`]: the operations that a mirror needs of its location.

use std::{fmt::Debug, path::PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{Download, RangeRequest, SkippedEntries, SourceError};

/// The largest number of entries of a folder.
pub(crate) const MAX_ENTRIES: usize = 100_000;

/// Access to the files of a mirror by their keys. A key is a path below the root of the mirror, with `/` between its
/// parts.
#[async_trait]
pub(crate) trait Transport: Debug + Send + Sync {
    /// The bytes of a file of at most `max_bytes` bytes; `None` where the file does not exist.
    async fn get_bytes(&self, key: &str, max_bytes: usize) -> Result<Option<Bytes>, SourceError>;

    /// The bytes of a file of any size; `None` where the file does not exist.
    async fn open(&self, key: &str, range: &RangeRequest) -> Result<Option<Download>, SourceError>;

    /// The entries of a folder, empty where the folder does not exist; `None` where folders cannot be listed.
    async fn list(&self, folder: &str) -> Result<Option<Entries>, SourceError>;

    /// The names of the folders in a folder, where nothing else can be learnt of it: from the page that a web server makes
    /// of the folder. `None` where there is no such page.
    async fn list_folders(&self, _folder: &str) -> Result<Option<Vec<String>>, SourceError> {
        Ok(None)
    }

    /// Whether [`list`](Self::list) returns entries, as far as is known.
    fn can_list(&self) -> bool;

    /// Why versions cannot be listed, and what to do.
    fn unlistable_reason(&self) -> &'static str;

    /// The entries that listings leave out because they cannot be read.
    fn skipped(&self) -> &SkippedEntries;

    /// The URL or path of a key, without secrets; that of the root for the empty key.
    fn location(&self, key: &str) -> String;

    /// The path of the file, where it is on this machine.
    fn local_file(&self, _key: &str) -> Option<PathBuf> {
        None
    }
}

/// The direct entries of a folder, by their names: at most [`MAX_ENTRIES`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Entries {
    pub(crate) folders: Vec<String>,
    /// The names of the files, with their sizes in bytes.
    pub(crate) files: Vec<(String, u64)>,
}

impl Entries {
    /// The size of a file in bytes; `None` where the file does not exist.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        self.files.iter().find(|(file, _)| file == name).map(|(_, size)| *size)
    }

    /// Fails where there are more entries than are read; `location` names the folder.
    pub(crate) fn check_count(&self, location: &str) -> Result<(), SourceError> {
        if self.folders.len() + self.files.len() <= MAX_ENTRIES {
            return Ok(());
        }
        let reason = format!("its listing has more than {MAX_ENTRIES} entries");
        Err(SourceError::malformed(location, reason))
    }
}

/// Checks that a key stays below the root, whatever a file system or server makes of it.
pub(crate) fn check_key(key: &str) -> Result<(), &'static str> {
    for part in key.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err("a part of the path is empty, '.' or '..'");
        }
        if part.contains('\\') || part.contains(char::is_control) {
            return Err("the path contains a backslash or a control character");
        }
    }
    Ok(())
}

/// The key of a name in a folder. The empty folder is the root.
pub(crate) fn join_key(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_below_the_root() {
        for good in ["a", "a/b.c", "store/x/..a", "a b"] {
            assert!(check_key(good).is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a\nb", "a\0"] {
            assert!(check_key(bad).is_err(), "{bad:?}");
        }
    }
}
