//! The policy: an offer goes in, an expectation or distrust comes out.

use loom_source::{Artifact, ClaimedDigest, Offer, Packaging, Release};
use serde::{Deserialize, Serialize};

use super::{Expectation, Grade, Pin, Pins, Rejection, TrustedDigest, Waiver};

/// Whether a digest has to be known before a release may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// Without one a release is refused.
    #[default]
    Required,
    /// Without one it is accepted with a warning.
    IfAvailable,
}

/// Whether a signature has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// No.
    #[default]
    Optional,
    /// Yes. No signature is understood yet, so every release is refused: a demand that cannot be met fails closed.
    Required,
}

/// What a source is to us; set by us, never by the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceClass {
    /// A mirror reached over a file system, an authenticated connection or loopback.
    Mirror,
    /// A mirror over plain HTTP beyond this machine: its bytes may come in, its word counts for nothing.
    PlainHttp,
    /// A checkout on this machine.
    Workspace,
}

/// What may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Policy {
    /// Whether a digest has to be known.
    pub checksum: Checksum,
    /// Whether a signature has to be there.
    pub signature: Signature,
    /// `--allow-unverified`: for this run a missing digest is accepted.
    #[serde(default)]
    pub allow_unverified: bool,
    /// `trust.minimum_release_age`, in seconds: nothing younger is chosen by `latest` or a range.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minimum_release_age: u64,
}

fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

/// A carrier of an offer, and what has to be proven of it.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The carrier to fetch.
    pub carrier: Artifact,
    /// What has to be proven.
    pub expectation: Expectation,
}

/// What an offer came to.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The first carrier that will do, in the source's order.
    pub first: Expected,
    /// Others that would do as well, in the same order.
    pub others: Vec<Expected>,
}

impl Policy {
    /// Judges an offer: the carriers that can be proven, and what has to be proven of them.
    pub fn judge(
        &self,
        release: &Release,
        source: &str,
        origin: SourceClass,
        offer: &Offer,
        pins: &Pins,
    ) -> Result<Judged, Rejection> {
        if self.signature == Signature::Required && origin != SourceClass::Workspace {
            return Err(Rejection::Signature);
        }
        let heard = |claims: &[ClaimedDigest]| {
            if origin == SourceClass::PlainHttp { Vec::new() } else { claims.to_vec() }
        };
        let tree_claims = heard(offer.tree.as_slice());
        let tree = tree_proof(release, source, &tree_claims, pins)?;
        let no_carrier = || Rejection::NoCarrier {
            release: release.to_string().into(),
            source_name: source.into(),
        };
        let mut refusal = None;
        let mut good: Vec<Expected> = Vec::new();
        for carrier in &offer.artifacts {
            let proof = match carrier_proof(source, &heard(&carrier.claims), pins) {
                Ok(proof) => proof,
                Err(distrust) if good.is_empty() => return Err(distrust),
                Err(_) => continue,
            };
            // What is claimed of loose files is claimed of their listing: its digest is the tree's.
            let (archive, tree) = match carrier.packaging {
                Packaging::Loose { .. } => (None, tree.clone().or(proof)),
                Packaging::Archive { .. } | Packaging::Bare => (proof, tree.clone()),
            };
            let expectation = Expectation {
                release: release.clone(),
                waiver: match (&archive, &tree) {
                    (None, None) => self.waiver(origin),
                    _ => None,
                },
                archive,
                tree,
                size: carrier.size,
            };
            if expectation.grade().is_some() || expectation.waiver.is_some() {
                good.push(Expected { carrier: carrier.clone(), expectation });
                continue;
            }
            refusal.get_or_insert_with(|| Rejection::NoChecksum {
                release: release.to_string().into(),
                source_name: source.into(),
            });
        }
        let mut good = good.into_iter();
        let Some(first) = good.next() else { return Err(refusal.unwrap_or_else(no_carrier)) };
        // What fails must not be replaced by what proves less.
        let proven = first.expectation.waiver.is_none();
        let others = good.filter(|other| !proven || other.expectation.waiver.is_none()).collect();
        Ok(Judged { first, others })
    }

    /// Whether this policy accepts what was proven when a release entered, under this policy or another one.
    pub fn accepts(&self, grade: Option<Grade>, waiver: Option<Waiver>) -> bool {
        if waiver == Some(Waiver::Workspace) {
            return true;
        }
        self.signature == Signature::Optional
            && (grade.is_some() || self.waiver(SourceClass::Mirror).is_some())
    }

    /// Why nothing would have to be proven of bytes from such a source, where that is so.
    pub fn waiver(&self, origin: SourceClass) -> Option<Waiver> {
        if origin == SourceClass::Workspace {
            Some(Waiver::Workspace)
        } else if self.allow_unverified {
            Some(Waiver::AllowUnverified)
        } else {
            (self.checksum == Checksum::IfAvailable).then_some(Waiver::IfAvailable)
        }
    }
}

/// The tree's proof: the pin if we hold one, which no claim may contradict, else the claim.
fn tree_proof(
    release: &Release,
    source: &str,
    claims: &[ClaimedDigest],
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    let claim = claims.first();
    match (&pins.tree, claim) {
        (Some(pin), Some(claim)) if pin.digest != claim.digest => Err(Rejection::Differs {
            release: release.to_string().into(),
            source_name: source.into(),
            claimed: claim.digest,
            pinned: pin.digest,
            origin: pin.origin.to_string().into(),
        }),
        (Some(pin), _) => Ok(Some(pinned(pin))),
        (None, Some(claim)) => Ok(Some(claimed(claim))),
        (None, None) => Ok(None),
    }
}

/// A carrier's proof: its claims must agree; a digest we hold ourselves counts for more.
fn carrier_proof(
    source: &str,
    claims: &[ClaimedDigest],
    pins: &Pins,
) -> Result<Option<TrustedDigest>, Rejection> {
    let Some(first) = claims.first() else { return Ok(None) };
    if let Some(second) = claims.iter().find(|claim| claim.digest != first.digest) {
        return Err(Rejection::Contradiction {
            source_name: source.into(),
            first: first.digest,
            first_at: first.at.as_str().into(),
            second: second.digest,
            second_at: second.at.as_str().into(),
        });
    }
    let held = pins.archives.iter().find(|pin| pin.digest == first.digest);
    Ok(Some(held.map_or_else(|| claimed(first), pinned)))
}

fn pinned(pin: &Pin) -> TrustedDigest {
    TrustedDigest { digest: pin.digest, grade: Grade::Identity, by: pin.origin.to_string() }
}

fn claimed(claim: &ClaimedDigest) -> TrustedDigest {
    TrustedDigest {
        digest: claim.digest,
        grade: Grade::Transfer,
        by: format!("{} at {}", claim.by, claim.at),
    }
}

#[cfg(test)]
mod tests;
