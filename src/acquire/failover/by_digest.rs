//! The offer of a source that need not be asked for a release, because the lock file names the digests of its archives.

use loom_source::{Digest, Evidence, EvidenceSubject, KnownFile, Offer, Release};

use crate::{
    acquire::evidence::gather,
    sources::{Candidate, Reach},
    trust::{LockedArchive, OfferedEvidence, Pins, Policy, Signature},
};

/// The offer of a source that serves files by their digests, made without asking it.
#[derive(Debug)]
pub(super) struct DigestOffer {
    offer: Offer,
    signatures: NeededSignatures,
}

/// Which signatures of an offer have to be read.
#[derive(Debug)]
enum NeededSignatures {
    NotNeeded,
    /// Those that refer to the image which the lock names, or to that which the source has under the version.
    OfImage(Option<Digest>),
}

/// The offer of a source that serves files by their digests: one request fetches the release. `None` where the lock does not
/// vouch, and where more of the source's answer is needed: signatures that it has to be asked for, or the statement that a signed
/// index names.
pub(super) fn offer(
    candidate: &Candidate,
    release: &Release,
    policy: &Policy,
    pins: &Pins,
) -> Option<DigestOffer> {
    let lock = pins.lock.as_ref().filter(|lock| lock.vouches)?;
    // The lock vouches already: without a rule that requires a signature, none could add anything.
    let signatures = match policy.signature {
        Signature::Required => NeededSignatures::OfImage(lock.image),
        Signature::Optional => NeededSignatures::NotNeeded,
    };
    // A disk is asked for nothing: its statement and its signatures cost no request.
    if policy.keeps_all_signatures || pins.statement.is_some() || candidate.reach == Reach::Disk {
        return None;
    }
    let file = |LockedArchive { file, sha256, size }: &LockedArchive| KnownFile {
        name: file.clone(),
        digest: *sha256,
        size: *size,
    };
    let files: Vec<KnownFile> = lock.archives.iter().map(file).collect();
    let offer = candidate.source.offer_by_digest(release, &files)?;
    Some(DigestOffer { offer, signatures })
}

impl DigestOffer {
    /// The offer with its signatures; `None` where one is required, and none can be read without asking for the release.
    pub(super) async fn with_signatures(
        self,
        candidate: &Candidate,
        release: &Release,
        policy: &Policy,
    ) -> Option<(Offer, OfferedEvidence)> {
        let Self { mut offer, signatures } = self;
        let NeededSignatures::OfImage(image) = signatures else {
            return Some((offer, OfferedEvidence::default()));
        };
        let asset = offer.artifacts.first()?.asset.clone();
        // What fails here fails again, and is told, where the source is asked.
        let evidence = candidate.source.evidence_by_digest(release, &asset, image.as_ref());
        let evidence = evidence.await.ok()?;
        let is_about = |one: &Evidence| one.of == EvidenceSubject::Artifact(asset.clone());
        offer.evidence = evidence.into_iter().filter(is_about).collect();
        let evidence = gather(candidate, release, &offer, policy).await.ok()?;
        (!evidence.opened.is_empty()).then_some((offer, evidence))
    }
}
