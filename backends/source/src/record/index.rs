//! [`Index`]: the list of all releases of a mirror.

use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{
    document::{self, DocumentError},
    signed::{MirrorId, SignedDocument, SignedKind, fields, timestamp::LONGEST},
};
use crate::{
    Authority, Digest, Name, Platform, Product, Release, SkippedEntries, Slot, Version, json,
};

/// The largest number of releases in an index.
const MAX_RELEASES: usize = 100_000;

/// The largest number of digests in `merged`.
const MAX_MERGED: usize = 8;

/// The list of all releases of a mirror, `releases/index.json`. Payload and signatures are one file, so that a reader
/// never gets those of two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// What the payload says.
    pub payload: IndexPayload,
    /// The payload as it was signed, and the signatures.
    pub signed: SignedDocument,
}

/// The signed content of an [`Index`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexPayload {
    /// The mirror, where the index is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<MirrorId>,
    /// The number of the root that names the keys, where the index is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<u64>,
    /// A number that grows with every change.
    pub serial: u64,
    /// The time of issue (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// The time after which the index must not be used to resolve ranges (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The releases.
    pub releases: Vec<IndexEntry>,
}

/// A release of an [`Index`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// The authority that defines the release.
    pub authority: Authority,
    /// The name of the binary.
    pub binary: Name,
    /// The version of the release.
    pub version: Version,
    /// The platform of the release.
    pub platform: Platform,
    /// The digest of the release's statement.
    pub statement: Digest,
    /// The digest of the release's record, which changes where evidence or an artifact is added. It serves comparisons
    /// only: a record with another digest is as good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Digest>,
    /// The digests of records at other mirrors whose artifacts and evidence this record has.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "json::at_most::<MAX_MERGED, _, _>"
    )]
    pub merged: Vec<Digest>,
    /// Whether the release is withdrawn: it stays available to those that locked it, and is never selected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yanked: bool,
}

/// The payload as it is read.
#[derive(Deserialize)]
struct PayloadText {
    #[serde(default)]
    mirror: Option<MirrorId>,
    #[serde(default)]
    root: Option<u64>,
    serial: u64,
    #[serde(default)]
    issued: Option<String>,
    #[serde(default)]
    expires: Option<String>,
    #[serde(deserialize_with = "json::at_most::<MAX_RELEASES, _, _>")]
    releases: Vec<EntryText>,
}

/// An entry, or the beginning of its text and why it cannot be read: a platform of a later version, say.
struct EntryText(Result<IndexEntry, Box<(String, serde_json::Error)>>);

impl<'de> Deserialize<'de> for EntryText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(serde_json::from_str(raw).map_err(|why| {
            let beginning = raw.chars().take(100).collect();
            Box::new((beginning, why))
        })))
    }
}

impl IndexEntry {
    /// The release.
    pub fn release(&self) -> Release {
        let Self { authority, binary, version, platform, .. } = self.clone();
        Release { authority, binary, slot: Slot::Version(version), platform }
    }

    /// Whether the release's record has everything of the record with this digest, as far as the index tells.
    pub fn has_record(&self, record: &Digest) -> bool {
        self.record.as_ref() == Some(record) || self.merged.contains(record)
    }

    /// Sets the digest of the release's record, which has everything of its former record and of the record `of`.
    pub fn set_record(&mut self, record: Digest, of: Digest) {
        let former = self.record.replace(record);
        self.merged.retain(|merged| *merged != record);
        for included in former.into_iter().chain([of]) {
            if included != record && !self.merged.contains(&included) {
                self.merged.push(included);
            }
        }
        let surplus = self.merged.len().saturating_sub(MAX_MERGED);
        self.merged.drain(..surplus);
    }
}

impl Index {
    /// The path of the index below the root of a mirror.
    pub const PATH: &'static str = "releases/index.json";

    /// Reads an index. The payload is a JSON text in a JSON string, because the signatures cover exactly its bytes.
    ///
    /// # Errors
    /// Where the bytes are not an index of a known version.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        Self::parse_skipping(bytes, &SkippedEntries::default())
    }

    /// Reads an index as [`parse`](Self::parse) does. Entries that cannot be read are left out, and added to `skipped`.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_skipping(bytes: &[u8], skipped: &SkippedEntries) -> Result<Self, DocumentError> {
        let signed = SignedDocument::parse(SignedKind::Index, bytes)?;
        let payload = IndexPayload::parse(&signed.payload, skipped)?;
        Ok(Self { payload, signed })
    }

    /// An index that nobody has signed.
    pub fn unsigned(payload: IndexPayload) -> Self {
        let signed = SignedDocument::unsigned(payload.to_payload());
        Self { payload, signed }
    }

    /// The bytes of the index, with a line feed at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.signed.to_bytes(SignedKind::Index)
    }

    /// The versions of a product that are not withdrawn.
    pub fn versions(&self, product: &Product) -> Vec<Version> {
        self.payload.versions(product)
    }

    /// The versions of a product that are withdrawn.
    pub fn withdrawn(&self, product: &Product) -> Vec<Version> {
        self.payload.withdrawn(product)
    }

    /// The entry of a release, withdrawn or not; `None` where the index does not have it.
    pub fn entry(&self, release: &Release) -> Option<&IndexEntry> {
        self.payload.entry(release)
    }
}

impl IndexPayload {
    /// Reads the payload of an index. Entries that cannot be read are left out, and added to `skipped`.
    ///
    /// # Errors
    /// Where the text is not the payload of an index.
    pub fn parse(payload: &str, skipped: &SkippedEntries) -> Result<Self, DocumentError> {
        let PayloadText { mirror, root, serial, issued, expires, releases } =
            document::payload(SignedKind::Index.as_str(), payload)?;
        let entry = |EntryText(entry)| match entry {
            Ok(entry) => Some(entry),
            Err(unread) => {
                let (beginning, why) = *unread;
                skipped.add(&beginning, why);
                None
            }
        };
        let releases = releases.into_iter().filter_map(entry).collect();
        Ok(Self { mirror, root, serial, issued, expires, releases })
    }

    /// The payload, to be signed.
    pub fn to_payload(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The times of a signed index: issued and expires.
    ///
    /// # Errors
    /// Where one is missing or has another form than `2026-01-02T03:04:05Z`, or the index is valid for more than a year.
    pub fn validity(&self) -> Result<(SystemTime, SystemTime), DocumentError> {
        let time = |key: &str, text: &Option<String>| {
            let time = text.as_deref().and_then(fields::parse);
            time.ok_or_else(|| {
                let text: String = text.iter().flat_map(|text| text.chars()).take(40).collect();
                format!("expected a time as 2026-01-02T03:04:05Z in {key:?}, got {text:?}")
            })
        };
        let times = || -> Result<(SystemTime, SystemTime), String> {
            let issued = time("issued", &self.issued)?;
            let expires = time("expires", &self.expires)?;
            fields::check_validity(issued, expires, LONGEST)?;
            Ok((issued, expires))
        };
        times().map_err(|why| document::malformed(SignedKind::Index.as_str(), why))
    }

    /// The versions of a product that are not withdrawn.
    pub fn versions(&self, product: &Product) -> Vec<Version> {
        self.versions_by_state(product, false)
    }

    /// The versions of a product that are withdrawn.
    pub fn withdrawn(&self, product: &Product) -> Vec<Version> {
        self.versions_by_state(product, true)
    }

    fn versions_by_state(&self, product: &Product, withdrawn: bool) -> Vec<Version> {
        let is_meant = |entry: &&IndexEntry| {
            entry.authority == product.authority
                && entry.binary == product.binary
                && entry.platform == product.platform
                && entry.yanked == withdrawn
        };
        self.releases.iter().filter(is_meant).map(|entry| entry.version.clone()).collect()
    }

    /// The entry of a release, withdrawn or not; `None` where the index does not have it.
    pub fn entry(&self, release: &Release) -> Option<&IndexEntry> {
        self.releases.iter().find(|entry| {
            entry.authority == release.authority
                && entry.binary == release.binary
                && Slot::Version(entry.version.clone()) == release.slot
                && entry.platform == release.platform
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index_of(payload: &str, signatures: &str) -> String {
        let payload = serde_json::to_string(payload).unwrap();
        format!(r#"{{"schema":"loom-index 1","payload":{payload},"signatures":{signatures}}}"#)
    }

    fn entry_text(version: &str, platform: &str) -> String {
        let (authority, binary) = (Authority::default(), Name::default());
        let digest = Digest::of(version.as_bytes());
        format!(
            r#"{{"authority":"{authority}","binary":"{binary}","version":"{version}","platform":"{platform}","statement":"{digest}"}}"#
        )
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_left_out() {
        let entries = [
            entry_text("0.2.0", "linux-x86_64"),
            entry_text("0.3.0", "moon-x86_64"),
            entry_text("0.4.0+build", "linux-x86_64"),
            "7".to_owned(),
        ];
        let text = format!(r#"{{"serial":1,"releases":[{}]}}"#, entries.join(","));
        let skipped = SkippedEntries::default();
        let index = Index::parse_skipping(index_of(&text, "[]").as_bytes(), &skipped).unwrap();
        assert_eq!(index.payload.releases.len(), 1);
        let said = skipped.take().unwrap();
        assert!(said.starts_with("left out 3 entries"), "{said}");
    }

    #[test]
    fn an_entry_remembers_the_records_that_were_merged() {
        let text = entry_text("0.2.0", "linux-x86_64");
        let mut entry: IndexEntry = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&entry).unwrap(), text);
        let digest = |number: usize| Digest::of(&[u8::try_from(number).unwrap()]);
        assert!(!entry.has_record(&digest(0)));
        entry.set_record(digest(0), digest(0));
        assert!(entry.has_record(&digest(0)) && entry.merged.is_empty());
        for number in 1..=MAX_MERGED + 1 {
            entry.set_record(digest(0), digest(number));
            entry.set_record(digest(0), digest(number));
        }
        assert!(!entry.has_record(&digest(1)) && entry.has_record(&digest(MAX_MERGED + 1)));
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<IndexEntry>(&text).unwrap(), entry);
        entry.merged.push(digest(0));
        let more = serde_json::to_string(&entry).unwrap();
        let error = serde_json::from_str::<IndexEntry>(&more).unwrap_err().to_string();
        assert!(error.contains("at most 8 elements"), "{error}");
    }

    #[test]
    fn releases_and_signatures_are_limited() {
        let text = format!(r#"{{"serial":1,"releases":[{}0]}}"#, "0,".repeat(MAX_RELEASES));
        let error = Index::parse(index_of(&text, "[]").as_bytes()).unwrap_err().to_string();
        assert!(error.contains("at most 100000 elements"), "{error}");
        let none = r#"{"serial":1,"releases":[]}"#;
        for (signatures, why) in [
            (format!("[{}0]", "0,".repeat(64)), "at most 64 elements"),
            (format!("[[{}0]]", "0,".repeat(64 * 1024)), "more than 65536 bytes"),
        ] {
            let error = Index::parse(index_of(none, &signatures).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn withdrawn_releases_are_not_listed() {
        let entry = |version: &str, yanked| IndexEntry {
            authority: Authority::default(),
            binary: Name::default(),
            version: version.parse().unwrap(),
            platform: Platform::LinuxX86_64,
            statement: Digest::of(version.as_bytes()),
            record: None,
            merged: Vec::new(),
            yanked,
        };
        let payload = IndexPayload {
            mirror: None,
            root: None,
            serial: 1,
            issued: None,
            expires: None,
            releases: vec![entry("0.1.0", false), entry("0.2.0", true)],
        };
        let index = Index::unsigned(payload);
        let read = Index::parse(&index.to_bytes()).unwrap();
        assert_eq!(read, index);
        let product = Product {
            authority: Authority::default(),
            binary: Name::default(),
            platform: Platform::LinuxX86_64,
        };
        assert_eq!(read.versions(&product), ["0.1.0".parse().unwrap()]);
        let withdrawn = product.at_version("0.2.0".parse().unwrap());
        assert!(read.entry(&withdrawn).is_some_and(|entry| entry.yanked));
    }
}
