//! Receipts: the history of how a tree got here. No command depends on them, and they are never copied to mirrors.

use std::collections::BTreeMap;

use loom_source::{ArchiveFormat, Authority, Digest, Name, Platform, Release, Slot};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Store,
    document_file::read_document,
    error::{StoreError, undamaged},
};
use crate::trust::{Grade, Waiver};

/// `receipts/<authority>/<binary>/<slot>/<platform>.json`. Fields that a reader does not know are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// `loom-receipt 1`.
    pub schema: String,
    /// The authority of the release.
    pub authority: Authority,
    /// The program.
    pub binary: Name,
    /// The version, or `dev`.
    pub slot: String,
    /// The platform.
    pub platform: Platform,
    /// The tree; filled in by the store.
    #[serde(default)]
    pub tree: Option<Digest>,
    /// The path of the program inside the tree; filled in by the store.
    #[serde(default)]
    pub entry: String,
    /// The statement; filled in by the store. Development builds have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Digest>,
    /// The archive that the tree was unpacked from, if any; filled in by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ReceivedArchive>,
    /// The name of the source, without secrets; filled in by the store.
    #[serde(default)]
    pub source: String,
    /// The class of the source: `github`, `mirror`, `object-store`, `registry`, `file`, `plugin` or `build`; filled
    /// in by the store.
    #[serde(default)]
    pub origin: String,
    /// What was checked; filled in by the store.
    #[serde(default)]
    pub checked: Vec<ReceiptCheck>,
    /// What was not checked, in words.
    #[serde(default)]
    pub unchecked: Vec<String>,
    /// The best grade among the digests that were met; filled in by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// Why no digest was needed; filled in by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
    /// The policy that was in force.
    #[serde(default)]
    pub policy: serde_json::Value,
    /// The number of bytes that were transferred.
    #[serde(default)]
    pub bytes: u64,
    /// Durations in milliseconds by name: `total`, …
    #[serde(default)]
    pub ms: BTreeMap<String, u64>,
    /// When the release was published here (RFC 3339, UTC); filled in by the store where it is empty.
    #[serde(default)]
    pub at: String,
    /// The sources that were asked, in order.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Further remarks.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The cargo build, for a development build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildReceipt>,
}

/// An archive that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedArchive {
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// The number of its bytes.
    pub size: u64,
    /// Its format; `None` for a bare program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ArchiveFormat>,
    /// Whether its single top folder was dropped.
    #[serde(default)]
    pub strip: bool,
    /// Whether it was kept as an object.
    #[serde(default)]
    pub kept: bool,
}

/// A check that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCheck {
    /// What was checked: `archive` or `tree`.
    pub what: String,
    /// What vouches for it, in words.
    pub by: String,
    /// How far that can be trusted.
    pub grade: Grade,
}

/// The cargo build that a development build was copied from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildReceipt {
    /// The folder of the cargo profile, such as `release`.
    pub profile: String,
    /// When the executable was last written (RFC 3339, UTC).
    pub built: String,
    /// The commit of the checkout, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The folder of the checkout.
    pub checkout: String,
}

impl Receipt {
    /// An empty receipt for `release`.
    pub fn new(release: &Release) -> Self {
        let Release { authority, binary, slot, platform } = release.clone();
        Self {
            schema: "loom-receipt 1".into(),
            authority,
            binary,
            slot: slot.to_string(),
            platform,
            tree: None,
            entry: String::new(),
            statement: None,
            archive: None,
            source: String::new(),
            origin: String::new(),
            checked: vec![],
            unchecked: vec![],
            grade: None,
            waiver: None,
            policy: serde_json::Value::Null,
            bytes: 0,
            ms: BTreeMap::new(),
            at: String::new(),
            attempts: vec![],
            notes: vec![],
            build: None,
        }
    }

    /// The release; `None` where the slot is neither a version nor `dev`.
    pub fn release(&self) -> Option<Release> {
        let slot: Slot = self.slot.parse().ok()?;
        let Self { authority, binary, platform, .. } = self.clone();
        Some(Release { authority, binary, slot, platform })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl Store {
    /// The receipt of a release. A receipt that cannot be read counts as none: nothing depends on it.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the file is there and cannot be read.
    pub fn receipt(&self, release: &Release) -> Result<Option<Receipt>, StoreError> {
        let path = self.receipt_path(release);
        let bytes = undamaged(read_document(&path))?.flatten();
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_of_a_later_version_is_read() {
        let text = r#"{"schema":"loom-receipt 1","authority":"loom-os","binary":"x","slot":"0.1.0",
            "platform":"linux-x86_64","mood":"fine"}"#;
        let receipt: Receipt = serde_json::from_str(text).unwrap();
        assert_eq!(receipt.release().unwrap().slot.to_string(), "0.1.0");
    }

    #[test]
    fn attempts_without_a_kind_and_of_unknown_kinds_are_read() {
        use crate::store::AttemptKind;
        for (kind, expected) in [
            ("", AttemptKind::Unknown),
            (r#""kind":"mood","#, AttemptKind::Unknown),
            (r#""kind":"checksum_mismatch","#, AttemptKind::ChecksumMismatch),
        ] {
            let text = format!(r#"{{"source":"a",{kind}"outcome":"x","ms":1}}"#);
            let attempt: Attempt = serde_json::from_str(&text).unwrap();
            assert_eq!(attempt.kind, expected);
        }
    }
}
