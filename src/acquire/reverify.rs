//! Verifies an installed version again whose verification is missing or damaged, without a network.
//!
//! The tree is hashed and compared with digests that are kept on this machine: the first-seen digest, a statement that
//! the source served, a checksum that the source gave (for a single program), a kept signature, or an archive that was kept
//! together with such a checksum or signature. The record and a statement that this machine wrote prove nothing, and a waiver is never made again.

use loom_source::{Artifact, AssetRef, Packaging, Release, record::StatementArchive};

use super::{
    AcquireError, AcquireEvent, Observer,
    fetch::{Fetched, Fetcher},
    local_file::LocalFile,
};
use crate::{
    store::{AdmitError, Checked, Installed, Store, StoreError, TreeRef, Unverified},
    trust::{
        DigestSubject, Expectation, Expected, Grade, LockPins, PinOrigin, Pins, Policy,
        TrustedDigest,
    },
};

/// A version whose verification was made again.
pub(super) struct Reverified {
    pub(super) installed: Installed,
    /// Whether a kept archive was unpacked again for it.
    pub(super) from_archive: bool,
}

/// Unpacking a kept archive again is no transfer, so its progress is not reported.
struct Unreported;

impl Observer for Unreported {
    fn on_event(&self, _: AcquireEvent<'_>) {}
}

/// Verifies the tree of `release` again by what is kept on this machine, and publishes it with a new verification.
/// `None` where nothing vouches for the tree, where it is damaged, or where the policy requires more.
///
/// `why` is the reason for which the present verification does not count. The caller holds the release's lock.
pub(super) fn reverify(
    fetcher: &Fetcher<'_>,
    release: &Release,
    installed: &TreeRef,
    pins: &Pins,
    policy: &Policy,
    why: &Unverified,
) -> Result<Option<Reverified>, AcquireError> {
    let TreeRef { tree, entry } = installed;
    // A tree that differs from the locked or the first-seen one is fetched and judged as any other.
    let locked = pins.lock.as_ref().and_then(|lock| lock.tree);
    let held = pins.tree.as_ref().map(|pin| pin.digest);
    if [locked, held].into_iter().flatten().any(|digest| digest != *tree) {
        return Ok(None);
    }
    let store = fetcher.store;
    let mut vouching = vouching(store, release, pins, policy);
    if matches!(why, Unverified::RevokedKey(_)) {
        // What the source stated beside a signature that is revoked now does not take its place.
        vouching.retain(|digest| digest.grade == Grade::Identity);
    }
    let accepts = |checked: &Checked| policy.accepts(release, checked.digests()).is_ok();
    let (checked, from_archive) = match store.admit_installed(release, *tree, entry, &vouching) {
        Ok(checked) if accepts(&checked) => (Some(checked), false),
        // What vouches for an archive vouches for the tree that it unpacks to.
        Ok(_) | Err(AdmitError::Unverified(_)) => {
            let archives = store.kept_archives(release);
            let mut kept = archives.iter().filter_map(|archive| {
                let of_archive = vouching.iter().filter(|digest| digest.digest == archive.digest);
                let digest = of_archive.max_by_key(|digest| digest.signature.is_some())?;
                unpack_again(fetcher, release, installed, archive, digest).transpose()
            });
            (kept.next().transpose()?, true)
        }
        Err(AdmitError::Store(StoreError::Damaged { .. })) => (None, false),
        Err(AdmitError::Store(error)) => return Err(error.into()),
        Err(_) => (None, false),
    };
    let Some(checked) = checked.filter(accepts) else { return Ok(None) };
    let checked = match pins.tree.as_ref().map(|pin| &pin.origin) {
        Some(PinOrigin::FirstSeen { source, class: Some(class), .. }) => {
            checked.from_source(class, source)
        }
        _ => checked,
    };
    // The receipt of the first acquisition stays: it is the history.
    let installed = store.publish(vec![(checked, None)])?.pop();
    Ok(installed.map(|installed| Reverified { installed, from_archive }))
}

/// The digests that are kept on this machine for a release, the strongest first.
fn vouching(store: &Store, release: &Release, pins: &Pins, policy: &Policy) -> Vec<TrustedDigest> {
    let locked = pins.lock.iter().flat_map(LockPins::vouching);
    let tree = pins.tree.iter().map(|pin| TrustedDigest::pinned(DigestSubject::Tree, pin));
    let archives = pins.archives.iter();
    let archives = archives.map(|pin| TrustedDigest::pinned(DigestSubject::Archive, pin));
    let is_locked = pins.lock.as_ref().is_some_and(|lock| lock.vouches);
    let bound = is_locked || pins.tree.is_some() || !pins.archives.is_empty();
    let scope = store.evidence_scope(release, &policy.keys);
    let signed = store.kept_signatures(&scope, bound);
    let signed = signed.into_iter().filter_map(|signature| signature.result.ok());
    let held = locked.chain(tree).chain(archives);
    held.chain(signed).chain(store.kept_evidence(release)).collect()
}

/// Unpacks a kept archive again and compares it with its digest. `None` where the archive is damaged, or leads to
/// another tree.
pub(super) fn unpack_again(
    fetcher: &Fetcher<'_>,
    release: &Release,
    installed: &TreeRef,
    archive: &StatementArchive,
    digest: &TrustedDigest,
) -> Result<Option<Checked>, AcquireError> {
    let fetcher = &Fetcher { observer: &Unreported, ..*fetcher };
    let object = fetcher.store.object(&archive.digest);
    let expectation = Expectation {
        archive: Some(digest.clone()),
        size: Some(archive.size),
        ..Expectation::none(release)
    };
    let artifact = Artifact {
        packaging: Packaging::Archive { format: archive.format, strip: Some(archive.strip) },
        asset: AssetRef::new(object.to_string_lossy()),
        size: Some(archive.size),
        claims: Vec::new(),
    };
    let expected = Expected { artifact, expectation };
    let candidate = LocalFile::candidate(object, None);
    let start = fetcher.start(&candidate, &expected, false);
    let Ok(transfer) = fetcher.runtime.block_on(start)? else { return Ok(None) };
    let Ok(Some(Fetched { mut staged, received })) = fetcher.fetch(&candidate, &expected, transfer)
    else {
        return Ok(None);
    };
    staged.set_entry(installed.entry.clone());
    match fetcher.store.admit(staged, &expected.expectation, received.as_ref()) {
        Ok(checked) if checked.tree() == installed.tree => Ok(Some(checked)),
        Ok(_) => Ok(None),
        Err(AdmitError::Store(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}
