//! How a tree got here. Receipts are for this machine and its people; they never travel.

use std::{collections::BTreeMap, fs, time::SystemTime};

use loom_source::{ArchiveFormat, Authority, Digest, Name, Platform, Release, Slot};
use serde::{Deserialize, Serialize};

use super::{
    Store,
    error::{Act, StoreError, absent, at},
};
use crate::trust::{Grade, Waiver};

/// `receipts/<authority>/<binary>/<slot>/<platform>.json`. Fields that a reader does not know are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// `loom-receipt 1`.
    pub schema: String,
    /// Who defines the release.
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
    /// The program's path inside the tree; filled in by the store.
    #[serde(default)]
    pub entry: String,
    /// The statement; filled in by the store, except for development builds, which have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Digest>,
    /// The archive that it came in, if any; filled in by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ReceivedArchive>,
    /// The source as it shows itself to people, without secrets.
    #[serde(default)]
    pub source: String,
    /// What kind of source we took it for: `github`, `mirror`, `plugin`, `workspace`, `file`.
    #[serde(default)]
    pub origin: String,
    /// What was checked; the store adds what it compared itself.
    #[serde(default)]
    pub checked: Vec<ReceiptCheck>,
    /// What was not checked, for people.
    #[serde(default)]
    pub unchecked: Vec<String>,
    /// The best grade among the proofs that held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// Why there was no proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
    /// The policy that let it in.
    #[serde(default)]
    pub policy: serde_json::Value,
    /// Bytes that travelled.
    #[serde(default)]
    pub bytes: u64,
    /// How long what took, in milliseconds: `total`, `fetch`, `publish`, …
    #[serde(default)]
    pub ms: BTreeMap<String, u64>,
    /// When it was published here (RFC 3339, UTC); filled in by the store where empty.
    #[serde(default)]
    pub at: String,
    /// Who was asked, in order.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Anything else worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
    /// What is known of a cargo build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildReceipt>,
}

/// An archive that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedArchive {
    /// Of its bytes.
    pub digest: Digest,
    /// Their number.
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

/// Something that was checked and held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptCheck {
    /// `archive`, `tree`, `signature`, …
    pub what: String,
    /// Who vouches for it, for people.
    pub by: String,
    /// What that proves.
    pub grade: Grade,
}

/// One source that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The source as it shows itself to people.
    pub source: String,
    /// What it answered, for people.
    pub outcome: String,
    /// How long that took, in milliseconds.
    pub ms: u64,
    /// Its `timeout`, in milliseconds: the longest that it may take without progress, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// A cargo build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildReceipt {
    /// The profile's folder, such as `release`.
    pub profile: String,
    /// When the executable was last written (RFC 3339, UTC).
    pub built: String,
    /// The commit, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The checkout's folder.
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

    /// The release it speaks of, or `None` where the slot is no version.
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
    /// The receipt of what stands in the release's slot. One that cannot be read counts as none: it is a note, not a proof.
    pub fn receipt(&self, release: &Release) -> Result<Option<Receipt>, StoreError> {
        let path = self.receipt_path(release);
        let bytes = absent(fs::read(&path)).map_err(at(Act::Read, &path))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}

/// `2026-11-22T16:03:00.123456789Z`: for a file's time, where two within one second are not the same.
pub fn rfc3339_exact(time: SystemTime) -> String {
    let nanos = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
    format!("{}.{nanos:09}Z", rfc3339(time).trim_end_matches('Z'))
}

/// `2026-11-22T16:03:00Z`
pub fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant, «chrono-compatible low-level date algorithms», civil_from_days, for days since 1970.
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    let (h, m, s) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_people_read_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_receipt_of_a_later_loom_is_read() {
        let text = r#"{"schema":"loom-receipt 1","authority":"loom-os","binary":"x","slot":"0.1.0",
            "platform":"linux-x86_64","mood":"fine"}"#;
        let receipt: Receipt = serde_json::from_str(text).unwrap();
        assert_eq!(receipt.release().unwrap().slot.to_string(), "0.1.0");
    }
}
