//! What a lock file says of an offer.

use loom_source::{Artifact, ClaimedDigest, Digest, Release};

use crate::trust::{DigestSubject, LockPins, Pins, Rejection, TrustedDigest};

/// Why an artifact proves nothing: the lock vouches for other artifacts only.
pub(super) fn unknown(release: &Release, artifact: &Artifact, pins: &Pins) -> Option<Rejection> {
    let lock = pins.lock.as_ref().filter(|lock| lock.vouches && lock.tree.is_none())?;
    let file = artifact.file_name(release);
    let is_known = lock.archive(&file, &artifact.claims).is_some();
    (!is_known).then(|| Rejection::NotLocked { file: file.into(), lock: lock.file.as_str().into() })
}

/// The locked tree, where the lock vouches for it.
///
/// # Errors
/// Where the source claims another tree, or this machine holds another one.
pub(super) fn tree(
    release: &Release,
    claim: Option<&ClaimedDigest>,
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    let Some((lock, locked)) = pins.lock.as_ref().and_then(|lock| Some((lock, lock.tree?))) else {
        return Ok(None);
    };
    if let Some(pin) = pins.tree.as_ref().filter(|pin| pin.digest != locked) {
        return Err(Rejection::LockDiffers {
            release: release.to_string().into(),
            locked,
            lock: lock.file.as_str().into(),
            pinned: pin.digest,
            origin: pin.origin.to_string().into(),
        });
    }
    vouched(release, claim, DigestSubject::Tree, lock, locked)
}

/// The locked digest of an artifact, where the lock knows the artifact and vouches for it.
///
/// # Errors
/// Where the source claims another digest.
pub(super) fn archive(
    release: &Release,
    claim: Option<&ClaimedDigest>,
    artifact: &Artifact,
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    let Some(lock) = &pins.lock else { return Ok(None) };
    match lock.archive(&artifact.file_name(release), &artifact.claims) {
        Some(locked) => vouched(release, claim, DigestSubject::Archive, lock, locked.sha256),
        None => Ok(None),
    }
}

fn vouched(
    release: &Release,
    claim: Option<&ClaimedDigest>,
    of: DigestSubject,
    lock: &LockPins,
    locked: Digest,
) -> Result<Option<TrustedDigest>, Rejection> {
    match claim.filter(|claim| claim.digest != locked) {
        Some(claim) => Err(Rejection::OtherThanLocked {
            release: release.to_string().into(),
            locked,
            lock: lock.file.as_str().into(),
            claimed: claim.digest,
        }),
        None => Ok(lock.vouches.then(|| TrustedDigest::pinned(of, &lock.pin(locked)))),
    }
}
