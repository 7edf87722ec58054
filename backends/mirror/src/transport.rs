//! The few acts a mirror needs of the place it lies in. A key is a path below the mirror's root, joined by `/`.

use std::{fmt::Debug, path::PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{Download, RangeRequest, SourceError};

/// A place that holds files under keys.
#[async_trait]
pub(crate) trait Transport: Debug + Send + Sync {
    /// A whole small file of at most `cap` bytes, or `None` where there is none.
    async fn small(&self, key: &str, cap: usize) -> Result<Option<Bytes>, SourceError>;

    /// A file of any size, or `None` where there is none.
    async fn open(&self, key: &str, from: &RangeRequest) -> Result<Option<Download>, SourceError>;

    /// What lies in a folder (nothing where there is no such folder), or `None` where that cannot be asked.
    async fn list(&self, folder: &str) -> Result<Option<Entries>, SourceError>;

    /// Whether [`list`](Self::list) answers, as far as is known.
    fn can_list(&self) -> bool;

    /// Why versions cannot be listed, and what to do.
    fn unlistable(&self) -> &'static str {
        "a plain HTTP folder cannot be listed; give --version"
    }

    /// A key as people would write its place, without secrets; the root for the empty key.
    fn at(&self, key: &str) -> String;

    /// The file behind a key, where it is one of this machine.
    fn file(&self, _key: &str) -> Option<PathBuf> {
        None
    }
}

/// What lies directly in a folder: names, not keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Entries {
    pub(crate) folders: Vec<String>,
    pub(crate) files: Vec<(String, u64)>,
}

impl Entries {
    /// The size of a file, if it is there.
    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        self.files.iter().find(|(file, _)| file == name).map(|(_, size)| *size)
    }
}

/// Whether a text can be a key: it stays below the root, whatever the place makes of it.
pub(crate) fn check(key: &str) -> Result<(), &'static str> {
    for part in key.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err("a part of the path is empty, '.' or '..'");
        }
        if part.contains('\\') || part.contains(char::is_control) {
            return Err("the path holds a backslash or a control character");
        }
    }
    Ok(())
}

/// A name in a folder; the empty folder is the root.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_below_the_root() {
        for good in ["a", "a/b.c", "store/x/..a", "a b"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a\nb", "a\0"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
