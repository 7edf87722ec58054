//! [`IndexWriter`]: changes the index of a mirror, so that writers at the same time lose nothing.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{Backoff, backoff::jitter, time::format_rfc3339};
use loom_mirror::destination::Replacement;
use loom_source::{
    Digest, Index,
    record::{IndexEntry, IndexPayload, IndexTimestamp, MAX_NUMBER, SignedDocument, SignedKind},
};

use super::{
    CurrentIndex, MirrorDocuments, MirrorTaskError, SigningKeys, WrittenIndex,
    root_chain::newest_root,
};
use crate::trust::mirror::TrustedRoot;

/// The pauses between two attempts.
const PAUSES: Backoff =
    Backoff { first: Duration::from_millis(20), longest: Duration::from_secs(1) };

/// A change of an index. It is evaluated anew whenever another writer was faster.
#[async_trait(?Send)]
pub trait IndexChange {
    /// Whether the index, as it is, has to be changed. Called before anything is transferred.
    fn is_needed(&mut self, current: &IndexPayload) -> bool;

    /// Writes whatever the new index is going to name and `current` does not, and returns the releases of the new index;
    /// `None` where it turns out that none changes.
    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError>;
}

/// Changes the index of a mirror.
#[derive(Debug)]
pub struct IndexWriter<'a> {
    /// The mirror.
    pub documents: &'a dyn MirrorDocuments,
    /// The keys that sign, where the mirror has a root.
    pub keys: &'a SigningKeys,
    /// How long the index is valid, where the mirror has a root; at most a year.
    pub validity: Duration,
    /// How long a timestamp is valid, where the root has that role.
    pub timestamp_validity: Duration,
}

impl IndexWriter<'_> {
    /// Changes the index until it is as `change` wants it: reads it, writes what it is going to name, and replaces it if it
    /// is still what was read; then reads it again.
    ///
    /// # Errors
    /// Where the mirror cannot be read or written, keys are missing, or `change` fails. The index is then as it was.
    pub async fn write(
        &self,
        change: &mut dyn IndexChange,
    ) -> Result<WrittenIndex, MirrorTaskError> {
        let mut changed = false;
        for attempt in 0..self.documents.max_attempts() {
            let current = CurrentIndex::read(self.documents).await?;
            if !change.is_needed(&current.payload) {
                return Ok(WrittenIndex::of(&current.payload, changed));
            }
            let root = self.root(&current.payload).await?;
            let Some(releases) = change.make(&current.payload).await? else {
                return Ok(WrittenIndex::of(&current.payload, changed));
            };
            let next = self.next(&current.payload, releases, root.as_ref())?;
            match self.replace(&current, &next, root.as_ref()).await? {
                Replacement::Replaced => changed = true,
                Replacement::Conflict => {
                    tokio::time::sleep(PAUSES.pause_with_jitter(attempt, jitter())).await;
                }
            }
        }
        Err(MirrorTaskError::Contended { mirror: self.documents.to_string() })
    }

    /// Checks that an index could be written: that enough keys are here. For what is done before [`write`](Self::write).
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub async fn check(&self, current: &IndexPayload) -> Result<(), MirrorTaskError> {
        self.root(current).await.map(drop)
    }

    /// The newest root of the mirror, of which enough keys are here; `None` where the mirror is not signed.
    async fn root(&self, current: &IndexPayload) -> Result<Option<TrustedRoot>, MirrorTaskError> {
        let root = newest_root(self.documents, current.root.unwrap_or(1)).await?;
        let Some(trusted) = root else {
            return match current.root {
                Some(number) => {
                    Err(MirrorTaskError::NoRoot { mirror: self.documents.to_string(), number })
                }
                None => Ok(None),
            };
        };
        let roles = &trusted.root().roles;
        self.keys.check(SignedKind::Index, &roles.index)?;
        if let Some(timestamp) = &roles.timestamp {
            self.keys.check(SignedKind::Timestamp, timestamp)?;
        }
        Ok(Some(trusted))
    }

    fn next(
        &self,
        current: &IndexPayload,
        mut releases: Vec<IndexEntry>,
        root: Option<&TrustedRoot>,
    ) -> Result<IndexPayload, MirrorTaskError> {
        sort(&mut releases);
        let root = root.map(TrustedRoot::root);
        if let Some(root) = root
            && let Some(entry) = releases.iter().find(|e| !root.authorities.contains(&e.authority))
        {
            let (authority, mirror) = (entry.authority.clone(), self.documents.to_string());
            return Err(MirrorTaskError::Authority { authority, mirror });
        }
        // The serial of a new root begins anew where the old one was driven to its end.
        let is_new_root = root.is_some_and(|root| current.root != Some(root.number));
        let serial = match current.serial {
            serial if serial < MAX_NUMBER => serial + 1,
            _ if is_new_root => 1,
            _ => return Err(MirrorTaskError::LastSerial { mirror: self.documents.to_string() }),
        };
        let now = SystemTime::now();
        Ok(IndexPayload {
            mirror: root.map(|root| root.mirror),
            root: root.map(|root| root.number),
            serial,
            issued: Some(format_rfc3339(now)),
            expires: root.map(|_| format_rfc3339(now + self.validity)),
            releases,
        })
    }

    async fn replace(
        &self,
        current: &CurrentIndex,
        next: &IndexPayload,
        root: Option<&TrustedRoot>,
    ) -> Result<Replacement, MirrorTaskError> {
        let document = match root {
            Some(root) => {
                let role = &root.root().roles.index;
                self.keys.sign(SignedKind::Index, role, next.to_payload())?
            }
            None => Index::unsigned(next.clone()).signed,
        };
        let bytes = Bytes::from(document.to_bytes(SignedKind::Index));
        let key = history_key(current.payload.serial);
        let former = current.file.as_ref().map(|(bytes, _)| (key.as_str(), bytes));
        self.documents.before_index(former).await?;
        let tag = current.file.as_ref().map(|(_, tag)| tag);
        let replaced = self.documents.replace(Index::PATH, bytes, tag).await?;
        if replaced == Replacement::Replaced
            && let Some(root) = root
        {
            let digest = Digest::of(document.payload.as_bytes());
            self.stamp(root, next.serial, digest).await?;
        }
        Ok(replaced)
    }

    /// Writes the timestamp for an index, where the root has that role and no later timestamp is there.
    ///
    /// # Errors
    /// Where it cannot be written, or keys are missing.
    pub async fn stamp(
        &self,
        root: &TrustedRoot,
        serial: u64,
        index: Digest,
    ) -> Result<(), MirrorTaskError> {
        let Some(role) = &root.root().roles.timestamp else { return Ok(()) };
        let (path, max_bytes) = (IndexTimestamp::PATH, SignedKind::Timestamp.max_bytes());
        for _ in 0..self.documents.max_attempts() {
            let current = self.documents.read(path, max_bytes).await?;
            let later = current
                .as_ref()
                .and_then(|(bytes, _)| stamped(bytes))
                .is_some_and(|stamp| (stamp.root, stamp.serial) > (root.root().number, serial));
            if later {
                return Ok(());
            }
            let now = SystemTime::now();
            let stamp = IndexTimestamp {
                mirror: root.root().mirror,
                root: root.root().number,
                serial,
                index,
                issued: now,
                expires: now + self.timestamp_validity,
            };
            let document = self.keys.sign(SignedKind::Timestamp, role, stamp.to_payload())?;
            let bytes = document.to_bytes(SignedKind::Timestamp).into();
            let tag = current.as_ref().map(|(_, tag)| tag);
            if self.documents.replace(path, bytes, tag).await? == Replacement::Replaced {
                return Ok(());
            }
        }
        Err(MirrorTaskError::Contended { mirror: self.documents.to_string() })
    }
}

/// What a timestamp says; `None` where it cannot be read, so that it is replaced.
fn stamped(bytes: &[u8]) -> Option<IndexTimestamp> {
    let document = SignedDocument::parse(SignedKind::Timestamp, bytes).ok()?;
    IndexTimestamp::parse(&document.payload).ok()
}

/// The key of a former index.
pub(super) fn history_key(serial: u64) -> String {
    format!("releases/history/{serial}.json")
}

/// Sorts releases by name, version and platform, so that one set of releases has one index.
fn sort(releases: &mut [IndexEntry]) {
    releases.sort_by(|one, other| {
        let key = |entry: &IndexEntry| (entry.authority.clone(), entry.binary.clone());
        key(one)
            .cmp(&key(other))
            .then_with(|| one.version.cmp(&other.version))
            .then_with(|| one.platform.cmp(&other.platform))
    });
}
