//! The offer of a source that need not be asked for a release, because the lock file names the digests of its archives.

use loom_source::{KnownFile, Offer, Release};

use crate::{
    sources::{Candidate, Reach},
    trust::{LockedArchive, Pins, Policy, Signature},
};

/// The offer of a source that serves files by their digests: one request fetches the release. `None` where the lock does not
/// vouch, and where more of the source's answer is needed: its signatures, or the statement that a signed index names.
pub(super) fn offer(
    candidate: &Candidate,
    release: &Release,
    policy: &Policy,
    pins: &Pins,
) -> Option<Offer> {
    let lock = pins.lock.as_ref().filter(|lock| lock.vouches)?;
    // The lock vouches already: without a rule that requires a signature, none could add anything.
    let reads_signatures = policy.signature == Signature::Required || policy.keeps_all_signatures;
    // A disk is asked for nothing: its statement and its signatures cost no request.
    if reads_signatures || pins.statement.is_some() || candidate.reach == Reach::Disk {
        return None;
    }
    let file = |LockedArchive { file, sha256, size }: &LockedArchive| KnownFile {
        name: file.clone(),
        digest: *sha256,
        size: *size,
    };
    let files: Vec<KnownFile> = lock.archives.iter().map(file).collect();
    candidate.source.offer_by_digest(release, &files)
}
