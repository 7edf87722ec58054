//! [`Transport`]: the operations that a mirror needs of its location.

use std::{fmt::Debug, path::PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{Download, RangeRequest, SourceError};

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

    /// Whether [`list`](Self::list) returns entries, as far as is known.
    fn can_list(&self) -> bool;

    /// Why versions cannot be listed, and what to do.
    fn unlistable_reason(&self) -> &'static str {
        "a plain HTTP folder cannot be listed; give --version"
    }

    /// The URL or path of a key, without secrets; that of the root for the empty key.
    fn location(&self, key: &str) -> String;

    /// The path of the file, where it is on this machine.
    fn local_file(&self, _key: &str) -> Option<PathBuf> {
        None
    }
}

/// The direct entries of a folder, by their names.
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
