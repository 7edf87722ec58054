//! Turns an offer into expectations, or into a rejection.

use loom_source::{Artifact, ClaimedDigest, Offer, Packaging, Release};

use super::{
    Channel, DigestSubject, Expectation, Pins, Policy, Rejection, Signature, TrustedDigest,
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
    ) -> Result<Judged, Rejection> {
        if self.signature == Signature::Required && channel != Channel::LocalBuild {
            return Err(Rejection::Signature);
        }
        let vouched = statement::vouched(release, offer, pins)?;
        let pins = vouched.as_ref().unwrap_or(pins);
        let counting = |claims: &[ClaimedDigest]| {
            if channel.may_vouch() { claims.to_vec() } else { Vec::new() }
        };
        let tree = tree_digest(release, &counting(offer.tree.as_slice()), pins)?;
        let mut refused = None;
        let mut good: Vec<Expected> = Vec::new();
        for artifact in &offer.artifacts {
            let digest = match artifact_digest(&counting(&artifact.claims), artifact, pins) {
                Ok(digest) => digest,
                Err(rejection) if good.is_empty() => return Err(rejection),
                Err(_) => continue,
            };
            let expectation = self.expectation(release, channel, artifact, digest, tree.clone());
            if expectation.grade().is_some() || expectation.waiver.is_some() {
                good.push(Expected { artifact: artifact.clone(), expectation });
            } else {
                refused.get_or_insert_with(|| Rejection::NoChecksum {
                    file: artifact.asset.as_str().rsplit('/').next().unwrap_or_default().into(),
                });
            }
        }
        statement::check_expiry(release, pins, &mut good)?;
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
    ) -> Expectation {
        // The digest of loose files is the digest of their listing, which is the tree's.
        let (archive, tree) = match artifact.packaging {
            Packaging::Loose { .. } => (None, tree.or(digest)),
            Packaging::Archive { .. } | Packaging::Bare => (digest, tree),
        };
        let unverified = archive.is_none() && tree.is_none();
        Expectation {
            release: release.clone(),
            waiver: if unverified { self.waiver(channel) } else { None },
            archive,
            tree,
            size: artifact.size,
        }
    }
}

/// The digest of the tree: the pin where there is one, which no claim may contradict, else the claim.
fn tree_digest(
    release: &Release,
    claims: &[ClaimedDigest],
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    match (&pins.tree, claims.first()) {
        (Some(pin), Some(claim)) if pin.digest != claim.digest => Err(Rejection::Differs {
            release: release.to_string().into(),
            claimed: claim.digest,
            pinned: pin.digest,
            origin: pin.origin.to_string().into(),
        }),
        (Some(pin), _) => Ok(Some(TrustedDigest::pinned(DigestSubject::Tree, pin))),
        (None, Some(claim)) => Ok(Some(TrustedDigest::claimed(DigestSubject::Tree, claim))),
        (None, None) => Ok(None),
    }
}

/// The digest of an artifact: all claims must agree, and a pin with the same digest raises its grade.
fn artifact_digest(
    claims: &[ClaimedDigest],
    artifact: &Artifact,
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    let Some(first) = claims.first() else { return Ok(None) };
    if let Some(second) = claims.iter().find(|claim| claim.digest != first.digest) {
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
    let pin = pins.archives.iter().find(|pin| pin.digest == first.digest);
    let claimed = || TrustedDigest::claimed(of, first);
    Ok(Some(pin.map_or_else(claimed, |pin| TrustedDigest::pinned(of, pin))))
}

mod statement;
#[cfg(test)]
mod tests;
