//! Turns an offer into expectations, or into a rejection.

use std::time::SystemTime;

use loom_source::{Artifact, ClaimedDigest, Offer, Packaging, Release};

use super::{
    ArtifactSignatures, Channel, DigestSubject, Expectation, Grade, OfferedEvidence, Pins, Policy,
    Rejection, Signature, SignatureProblem, SignatureScope, TrustedDigest,
    examined_offer::OfferExaminer,
};

/// An artifact of an offer, and what its bytes have to meet.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The artifact to fetch.
    pub artifact: Artifact,
    /// What its bytes have to meet.
    pub expectation: Expectation,
}

/// The artifacts of an offer that the policy accepts.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The first acceptable artifact, in the source's order.
    pub first: Expected,
    /// The other acceptable artifacts, in the same order. None of them is verified by less than `first`.
    pub others: Vec<Expected>,
}

/// The signatures of an offer, and what they are checked with.
#[derive(Debug, Clone)]
pub struct OfferSignatures {
    /// What they are checked with.
    pub scope: SignatureScope,
    /// The signatures that were read.
    pub evidence: OfferedEvidence,
}

impl OfferSignatures {
    /// No signature, where the policy names no keys.
    pub fn none(release: &Release) -> Self {
        let scope = Policy::default().scope(release, "", SystemTime::UNIX_EPOCH);
        Self { scope, evidence: OfferedEvidence::default() }
    }
}

impl Policy {
    /// Judges what a source offers of `release` over `channel`: returns the acceptable artifacts and what the bytes
    /// of each have to meet.
    ///
    /// `pins` are the digests that this machine holds for the release; no claim of a source may contradict them.
    ///
    /// # Errors
    /// [`Rejection`] where no artifact is acceptable, and where the source contradicts itself or a pin.
    pub fn judge(
        &self,
        release: &Release,
        channel: Channel,
        offer: &Offer,
        pins: &Pins,
        signatures: &OfferSignatures,
    ) -> Result<Judged, Rejection> {
        // A signed index is a signature over the statement.
        let by_index = pins.statement.as_ref().is_some_and(|pin| pin.origin.is_signed());
        let signed =
            self.signature == Signature::Required && channel != Channel::LocalBuild && !by_index;
        let OfferSignatures { scope, evidence } = signatures;
        if signed && scope.has_no_key() {
            return Err(Rejection::NoKey { authority: release.authority.as_ref().into() });
        }
        let vouched = statement::vouched(release, offer, pins)?;
        let pins = vouched.as_ref().unwrap_or(pins);
        let examiner = OfferExaminer {
            scope,
            evidence,
            statement: offer.statement.as_ref(),
            pins,
            carries: self.keeps_all_signatures,
        };
        let counting = |claims: &[ClaimedDigest]| {
            if channel.may_vouch() { claims.to_vec() } else { Vec::new() }
        };
        let tree = tree_digest(release, &counting(offer.tree.as_slice()), pins)
            .map_err(|rejection| rejection.seen(scope))?;
        let mut refused = None;
        let mut good: Vec<Expected> = Vec::new();
        for artifact in &offer.artifacts {
            let claims = counting(&artifact.claims);
            let digest = match artifact_digest(release, &claims, artifact, pins) {
                Ok(digest) => digest,
                Err(rejection) if good.is_empty() => return Err(rejection),
                Err(_) => continue,
            };
            if let Some(rejection) = locked::unknown(release, artifact, pins) {
                refused.get_or_insert(rejection);
                continue;
            }
            let signatures =
                match agreeing(examiner.examine(artifact), digest.as_ref(), tree.as_ref()) {
                    Ok(signatures) => signatures,
                    Err(rejection) if good.is_empty() => return Err(rejection),
                    Err(_) => continue,
                };
            let expectation =
                self.expectation(release, channel, artifact, digest, tree.clone(), signatures);
            match unmet(&expectation, signed, artifact, evidence) {
                None => {
                    let expectation = Expectation { signature_required: signed, ..expectation };
                    good.push(Expected { artifact: artifact.clone(), expectation });
                }
                // That one artifact is not signed says less than what is wrong with the signature of another.
                Some(rejection)
                    if matches!(refused, None | Some(Rejection::NoSignature { .. })) =>
                {
                    refused = Some(rejection);
                }
                Some(_) => {}
            }
        }
        if let Some(why) = statement::expired(pins) {
            // What only an expired index vouches for is left out.
            let before = good.len();
            good.retain(|one| one.expectation.grade() == Some(Grade::Identity));
            if good.is_empty() && before > 0 {
                let (release, why) = (release.to_string().into(), why.into());
                return Err(Rejection::Expired { release, why });
            }
        }
        let mut good = good.into_iter();
        let Some(first) = good.next() else {
            let release = release.to_string().into();
            return Err(refused.unwrap_or(Rejection::NoArtifact { release }));
        };
        // An artifact that fails must not be replaced by one that is verified by less.
        let verified = first.expectation.waiver.is_none();
        let others = good.filter(|other| !verified || other.expectation.waiver.is_none()).collect();
        Ok(Judged { first, others })
    }

    fn expectation(
        &self,
        release: &Release,
        channel: Channel,
        artifact: &Artifact,
        digest: Option<TrustedDigest>,
        tree: Option<TrustedDigest>,
        signatures: ArtifactSignatures,
    ) -> Expectation {
        // The digest of loose files is the digest of their listing, which is the tree's.
        let (archive, tree) = match artifact.packaging {
            Packaging::Loose { .. } => (None, tree.or(digest)),
            Packaging::Archive { .. } | Packaging::Bare => (digest, tree),
        };
        let unverified = archive.is_none() && tree.is_none() && signatures.signed.is_empty();
        Expectation {
            release: release.clone(),
            waiver: if unverified { self.waiver(channel) } else { None },
            archive,
            tree,
            size: artifact.size,
            signatures,
            signature_required: false,
        }
    }
}

/// Why an artifact with this expectation is not accepted; `None` where it is. With `signed`, a signature has to count.
fn unmet(
    expectation: &Expectation,
    signed: bool,
    artifact: &Artifact,
    evidence: &OfferedEvidence,
) -> Option<Rejection> {
    let signatures = &expectation.signatures;
    let worst = signatures.worst();
    if !signatures.may_count() {
        let contradicts = |problem: &&SignatureProblem| signed || problem.is_contradiction();
        if let Some(problem) = worst.filter(contradicts) {
            return Some(Rejection::Signature(Box::new(problem.clone())));
        }
        if signed {
            let release = expectation.release.to_string().into();
            return Some(Rejection::NoSignature { release, unread: evidence.unread.clone() });
        }
    }
    let known = expectation.grade().is_some() || expectation.waiver.is_some();
    (!known && !signatures.may_count())
        .then(|| Rejection::NoChecksum { file: artifact.file_name(&expectation.release).into() })
}

/// The signatures of an artifact, whose digests agree with the other ones.
fn agreeing(
    signatures: ArtifactSignatures,
    archive: Option<&TrustedDigest>,
    tree: Option<&TrustedDigest>,
) -> Result<ArtifactSignatures, Rejection> {
    for signed in &signatures.signed {
        let other = match signed.digest.of {
            DigestSubject::Archive => archive,
            DigestSubject::Tree => tree,
        };
        if let Some(other) = other.filter(|other| other.digest != signed.digest.digest) {
            return Err(Rejection::Contradiction {
                first: other.digest,
                first_at: other.voucher().into(),
                second: signed.digest.digest,
                second_at: signed.digest.voucher().into(),
            });
        }
    }
    Ok(signatures)
}

/// The digest of the tree: the locked one or the pin where there is one, which no claim may contradict, else the claim.
fn tree_digest(
    release: &Release,
    claims: &[ClaimedDigest],
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    if let Some(locked) = locked::tree(release, claims.first(), pins)? {
        return Ok(Some(locked));
    }
    match (&pins.tree, claims.first()) {
        (Some(pin), Some(claim)) if pin.digest != claim.digest => Err(Rejection::Differs {
            release: release.to_string().into(),
            claimed: claim.digest,
            pinned: pin.digest,
            origin: pin.origin.to_string().into(),
            now: claim.at.as_str().into(),
        }),
        (Some(pin), _) => Ok(Some(TrustedDigest::pinned(DigestSubject::Tree, pin))),
        (None, Some(claim)) => Ok(Some(TrustedDigest::claimed(DigestSubject::Tree, claim))),
        (None, None) => Ok(None),
    }
}

/// The digest of an artifact: the locked one where the lock file knows the artifact, else what is claimed. All claims must
/// agree, and a pin with the same digest raises its grade.
fn artifact_digest(
    release: &Release,
    claims: &[ClaimedDigest],
    artifact: &Artifact,
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    if let Some(first) = claims.first()
        && let Some(second) = claims.iter().find(|claim| claim.digest != first.digest)
    {
        return Err(Rejection::Contradiction {
            first: first.digest,
            first_at: first.at.as_str().into(),
            second: second.digest,
            second_at: second.at.as_str().into(),
        });
    }
    let of = match artifact.packaging {
        Packaging::Loose { .. } => DigestSubject::Tree,
        Packaging::Archive { .. } | Packaging::Bare => DigestSubject::Archive,
    };
    if of == DigestSubject::Archive
        && let Some(locked) = locked::archive(release, claims.first(), artifact, pins)?
    {
        return Ok(Some(locked));
    }
    let Some(first) = claims.first() else { return Ok(None) };
    let pin = pins.archives.iter().find(|pin| pin.digest == first.digest);
    let claimed = || TrustedDigest::claimed(of, first);
    Ok(Some(pin.map_or_else(claimed, |pin| TrustedDigest::pinned(of, pin))))
}

mod locked;
mod statement;
#[cfg(test)]
mod tests;
