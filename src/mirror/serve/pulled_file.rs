//! [`PulledFile`]: which files are fetched from another mirror, and how their bytes are verified.

use loom_source::{Digest, Index, Record, record::object_path};

use super::served_folder::object_digest;
use crate::store::TreeListing;

/// The largest object or file of a tree that is fetched, in bytes.
const MAX_OBJECT: u64 = 8 * 1024 * 1024 * 1024;

/// The largest document that is fetched, in bytes: as for sources.
const MAX_DOCUMENT: u64 = 32 * 1024 * 1024;

/// A file that can be fetched from another mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PulledFile {
    /// An object, whose name is its digest.
    Object(Digest),
    /// A file of a tree, whose listing states its digest.
    TreeFile { tree: Digest, path: String },
    /// A document that is replaced now and then. Its signatures are verified by those who read it.
    Document(Document),
}

/// The kinds of documents of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Document {
    Index,
    Record,
    /// A root or a timestamp.
    Signed,
}

impl PulledFile {
    /// The file with this key; `None` for what no mirror in the layout of a store has.
    pub(super) fn of(key: &str) -> Option<Self> {
        if let Some(digest) = object_digest(key) {
            return Some(Self::Object(digest));
        }
        if let Some((tree, path)) = key.strip_prefix("store/").and_then(|rest| rest.split_once('/'))
        {
            let tree: Digest = tree.parse().ok()?;
            return Some(Self::TreeFile { tree, path: path.to_owned() });
        }
        let number = key.strip_prefix("root/").and_then(|name| name.strip_suffix(".json"));
        let is_root = number.is_some_and(|number| {
            (1..=6).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit())
        });
        let is_record = || {
            let parts: Vec<&str> = key.split('/').collect();
            parts.len() == 5 && parts[0] == "releases" && parts[4].ends_with(".json")
        };
        match key {
            Index::PATH => Some(Self::Document(Document::Index)),
            "releases/timestamp.json" => Some(Self::Document(Document::Signed)),
            _ if is_root => Some(Self::Document(Document::Signed)),
            _ if is_record() => Some(Self::Document(Document::Record)),
            _ => None,
        }
    }

    /// Whether a file that is here is never replaced.
    pub(super) fn is_immutable(&self) -> bool {
        !matches!(self, Self::Document(_))
    }

    /// The largest size, in bytes.
    pub(super) fn max_size(&self) -> u64 {
        if self.is_immutable() { MAX_OBJECT } else { MAX_DOCUMENT }
    }

    /// The key of the object that must be here before the digest of this file is known.
    pub(super) fn listing(&self) -> Option<String> {
        match self {
            Self::TreeFile { tree, .. } => Some(object_path(tree)),
            Self::Object(_) | Self::Document(_) => None,
        }
    }

    /// The digest that the file must have; `None` for documents. `listing` holds the bytes of [`listing`](Self::listing).
    ///
    /// # Errors
    /// Where the listing does not have the file.
    pub(super) fn digest(&self, listing: Option<&[u8]>) -> Result<Option<Digest>, String> {
        match self {
            Self::Document(_) => Ok(None),
            Self::Object(digest) => Ok(Some(*digest)),
            Self::TreeFile { path, .. } => {
                let listing = TreeListing::parse(listing.unwrap_or_default());
                let listing = listing.map_err(|error| loom_base::error_chain(&error))?;
                let entry = listing.get(path);
                let entry = entry.ok_or_else(|| format!("its tree has no file {path:?}"))?;
                Ok(Some(entry.digest))
            }
        }
    }
}

impl Document {
    /// Refuses what is not a document of this kind.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), String> {
        match self {
            Self::Index => Index::parse(bytes).map(|_| ()).map_err(|e| loom_base::error_chain(&e)),
            Self::Record => {
                Record::parse(bytes).map(|_| ()).map_err(|e| loom_base::error_chain(&e))
            }
            Self::Signed => {
                let document = loom_source::json::strict::<serde_json::Value>(bytes);
                let document = document.map_err(|error| error.to_string())?;
                let schema = document.get("schema").and_then(|schema| schema.as_str());
                match schema {
                    Some("loom-root 1" | "loom-timestamp 1") => Ok(()),
                    other => Err(format!("its schema is {other:?}")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_a_mirror_are_fetched() {
        let digest = Digest::of(b"x");
        let object = object_path(&digest);
        for (key, expected) in [
            (object.as_str(), Some(PulledFile::Object(digest))),
            ("releases/index.json", Some(PulledFile::Document(Document::Index))),
            ("releases/timestamp.json", Some(PulledFile::Document(Document::Signed))),
            ("root/12.json", Some(PulledFile::Document(Document::Signed))),
            ("releases/a/b/0.1.0/linux-x86_64.json", Some(PulledFile::Document(Document::Record))),
            ("root/a.json", None),
            ("root/1234567.json", None),
            ("objects/sha256/00/zz", None),
            ("releases/a.json", None),
            ("receipts/a/b/0.1.0/linux-x86_64.json", None),
            ("format", None),
            ("", None),
        ] {
            assert_eq!(PulledFile::of(key), expected, "{key}");
        }
        let other = object.replacen(&digest.prefix(), "00", 1);
        assert_eq!(PulledFile::of(&other), None);
    }

    #[test]
    fn documents_are_read_before_they_are_kept() {
        assert!(Document::Signed.check(br#"{"schema":"loom-root 1"}"#).is_ok());
        assert!(Document::Signed.check(br#"{"schema":"loom-root 2"}"#).is_err());
        assert!(Document::Signed.check(b"<html>").is_err());
        assert!(Document::Index.check(b"{}").is_err());
        assert!(Document::Record.check(b"{}").is_err());
    }
}
