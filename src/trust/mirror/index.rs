//! [`VerifiedIndex`]: an index that a trusted root accepts.

use std::{collections::HashSet, time::SystemTime};

use loom_base::time::format_rfc3339;
use loom_source::{
    Digest, Product, Release, SkippedEntries, Version,
    record::{IndexEntry, IndexPayload, KeyId, MAX_NUMBER, MirrorId, SignedDocument, SignedKind},
};
use serde::{Deserialize, Serialize};

use super::{
    MirrorClock, MirrorRejection, SeenIndex, TrustedRoot, VerifiedTimestamp, expiry::Expiry,
    role::signers,
};
use crate::trust::RevokedSigners;

/// An index that the keys of a trusted root signed, and that is not before one that was seen.
#[derive(Debug)]
pub struct VerifiedIndex {
    payload: IndexPayload,
    origin: IndexOrigin,
    seen: SeenIndex,
    expired: Option<Expiry>,
}

/// Which signed index vouches for a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexOrigin {
    /// The mirror.
    pub mirror: MirrorId,
    /// The number of the root that names the keys.
    pub root: u64,
    /// The serial of the index.
    pub serial: u64,
    /// When it was issued (RFC 3339, UTC).
    pub issued: String,
    /// When it expires (RFC 3339, UTC).
    pub expires: String,
    /// The keys that signed it.
    pub keys: Vec<KeyId>,
}

impl std::fmt::Display for IndexOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { mirror, root, serial, keys, .. } = self;
        let keys: Vec<String> = keys.iter().map(KeyId::short).collect();
        let keys = keys.join(", ");
        write!(f, "serial {serial} of mirror {mirror}, root {root}, signed by {keys}")
    }
}

impl VerifiedIndex {
    /// Verifies the index of a mirror. Entries of authorities for which the root may not vouch are left out, and added to
    /// `skipped`.
    ///
    /// An index that has expired is accepted, with [`expired`](Self::expired): it decides no range any more.
    ///
    /// # Errors
    /// Where the index is not accepted.
    pub fn verify(
        root: &TrustedRoot,
        timestamp: Option<&VerifiedTimestamp>,
        bytes: &[u8],
        seen: Option<&SeenIndex>,
        clock: MirrorClock,
        revoked: &RevokedSigners,
        skipped: &SkippedEntries,
    ) -> Result<Self, MirrorRejection> {
        let trusted = root.root();
        let document = SignedDocument::parse(SignedKind::Index, bytes)?;
        let keys = signers(trusted, &trusted.roles.index, SignedKind::Index, &document)?;
        if let Some(key) = keys.iter().find(|key| revoked.contain_any(&[&key.to_string()])) {
            return Err(MirrorRejection::RevokedKey(*key));
        }
        let mut payload = IndexPayload::parse(&document.payload, skipped)?;
        let named = payload.root.ok_or(MirrorRejection::Missing("root"))?;
        root.check_named(payload.mirror, named)?;
        let serial = payload.serial;
        if !(1..=MAX_NUMBER).contains(&serial) {
            return Err(MirrorRejection::Serial(serial));
        }
        let digest = Digest::of(document.payload.as_bytes());
        if let Some(seen) = seen {
            seen.check(named, serial, digest)?;
        }
        check_timestamp(trusted.roles.timestamp.is_some(), timestamp, serial, digest)?;
        let (issued, expires) = payload.validity()?;
        keep_vouched(&mut payload, root, skipped);
        check_twice(&payload)?;
        let stamped = timestamp.map(|stamp| stamp.timestamp().issued);
        let before = seen.map_or(SystemTime::UNIX_EPOCH, |seen| seen.issued);
        let highest = before.max(issued).max(stamped.unwrap_or(issued));
        let now = clock.not_before(highest);
        let index_expired = || Expiry::of("index", expires, now);
        let stamp_expired = || timestamp.and_then(|stamp| stamp.expired(now));
        let expired = root.expired(now).or_else(stamp_expired).or_else(index_expired);
        let origin = IndexOrigin {
            mirror: trusted.mirror,
            root: named,
            serial,
            issued: format_rfc3339(issued),
            expires: format_rfc3339(expires),
            keys,
        };
        let stamped = timestamp.map_or(expires, |stamp| stamp.timestamp().expires);
        let expires = expires.min(stamped).min(trusted.expires);
        let seen = SeenIndex { root: named, serial, payload: digest, issued: highest, expires };
        Ok(Self { payload, origin, seen, expired })
    }

    /// The entries of all releases, withdrawn or not.
    pub fn entries(&self) -> &[IndexEntry] {
        &self.payload.releases
    }

    /// Which index this is.
    pub fn origin(&self) -> &IndexOrigin {
        &self.origin
    }

    /// What a reader has to remember.
    pub fn seen(&self) -> SeenIndex {
        self.seen
    }

    /// Why the index decides no range any more; `None` where it does.
    pub fn expired(&self) -> Option<MirrorRejection> {
        self.expired.map(Expiry::rejection)
    }

    /// The versions of a product that are not withdrawn.
    pub fn versions(&self, product: &Product) -> Vec<Version> {
        self.payload.versions(product)
    }

    /// The versions of a product that are withdrawn.
    pub fn withdrawn(&self, product: &Product) -> Vec<Version> {
        self.payload.withdrawn(product)
    }

    /// The entry of a release, withdrawn or not; `None` where the mirror does not have it.
    pub fn entry(&self, release: &Release) -> Option<&IndexEntry> {
        self.payload.entry(release)
    }
}

/// Checks that an index is the one that the timestamp names, where the root requires a timestamp.
fn check_timestamp(
    required: bool,
    timestamp: Option<&VerifiedTimestamp>,
    serial: u64,
    digest: Digest,
) -> Result<(), MirrorRejection> {
    match timestamp.map(VerifiedTimestamp::timestamp) {
        None if required => Err(MirrorRejection::Absent("timestamp")),
        Some(stamp) if (stamp.serial, stamp.index) != (serial, digest) => {
            let (expected, digest) = (stamp.serial, stamp.index);
            Err(MirrorRejection::NotInTimestamp { expected, digest, got: serial })
        }
        _ => Ok(()),
    }
}

/// Leaves out the releases of authorities for which the root may not vouch.
fn keep_vouched(payload: &mut IndexPayload, root: &TrustedRoot, skipped: &SkippedEntries) {
    let authorities = &root.root().authorities;
    payload.releases.retain(|entry| {
        let vouched = authorities.contains(&entry.authority);
        if !vouched {
            let why = format!("the root does not let the mirror vouch for {}", entry.authority);
            skipped.add(&format!("{} {}", entry.binary, entry.version), why);
        }
        vouched
    });
}

/// Refuses an index with two entries of one release: readers could choose different ones.
fn check_twice(payload: &IndexPayload) -> Result<(), MirrorRejection> {
    let mut known = HashSet::with_capacity(payload.releases.len());
    for entry in &payload.releases {
        let IndexEntry { authority, binary, version, platform, .. } = entry;
        if !known.insert((authority, binary, version, platform)) {
            return Err(MirrorRejection::Twice(Box::new(entry.release())));
        }
    }
    Ok(())
}
