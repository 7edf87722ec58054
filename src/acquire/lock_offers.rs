//! What the sources offer of one version for all platforms, as a lock file holds it. Nothing is fetched but documents.

use std::{collections::BTreeMap, time::Instant};

use futures::future::join_all;
use loom_source::{
    ClaimedDigest, Digest, Offer, PinnedImage, Platform, Product, Release, SourceError, Version,
};

use super::{
    AcquireError, Acquirer, AttemptCause, SourceAttempt,
    evidence::{gather, judge_offer},
    failover::plan::FailureReason,
    resolve::failure_reason,
};
use crate::{
    lock::{LockedEvidence, LockedPlatform},
    sources::{Candidate, Reach},
    store::AttemptKind,
    trust::{
        DigestSubject, Expected, Judged, LockedArchive, OfferedEvidence, Policy, TrustedDigest,
    },
};

/// What the sources offer of one version.
#[derive(Debug)]
pub struct LockOffers {
    /// The version.
    pub version: Version,
    /// What is offered, by platform.
    pub releases: BTreeMap<Platform, PlatformOffer>,
    /// The attempts at sources for platforms without an offer that the policy accepts.
    pub(super) attempts: BTreeMap<Platform, Vec<SourceAttempt>>,
}

/// What a source offers of a release, as far as the policy accepts it.
#[derive(Debug)]
pub struct PlatformOffer {
    /// The name of the source.
    pub source: String,
    /// The digests.
    pub locked: LockedPlatform,
    /// The image that holds the release, by its digest, where the source is a registry that has one.
    pub image: Option<PinnedImage>,
}

impl LockOffers {
    /// The platforms that are left out because a source failed or was refused, each with its reasons. A platform that no
    /// source has is not among them.
    pub fn left_out(&self) -> impl Iterator<Item = (Platform, String)> {
        self.attempts.iter().filter_map(|(platform, attempts)| {
            let failed = attempts.iter().filter(|attempt| attempt.cause.is_some());
            let line = |attempt: &SourceAttempt| {
                format!("{}: {}", attempt.record.source, attempt.record.outcome)
            };
            let reasons: Vec<String> = failed.map(line).collect();
            (!reasons.is_empty()).then(|| (*platform, reasons.join("; ")))
        })
    }
}

impl Acquirer<'_> {
    /// Asks the sources for a version, for all platforms at once: the first source in order whose offer is accepted
    /// answers for a platform.
    pub(super) fn offers(
        &self,
        product: &Product,
        version: &Version,
    ) -> Result<LockOffers, AcquireError> {
        let release =
            |platform| Product { platform, ..product.clone() }.at_version(version.clone());
        let mut pending: Vec<Release> = Platform::ALL.map(release).into();
        let (releases, attempts) = (BTreeMap::new(), BTreeMap::new());
        let mut offers = LockOffers { version: version.clone(), releases, attempts };
        for candidate in self.candidates {
            if self.options.offline && candidate.reach == Reach::Network {
                for Release { platform, .. } in &pending {
                    let outcome = "not asked: loom is offline";
                    let kind = AttemptKind::NotAsked;
                    let attempt = SourceAttempt::new(candidate, kind, outcome, Default::default());
                    offers.attempts.entry(*platform).or_default().push(attempt);
                }
                continue;
            }
            let begun = Instant::now();
            let finding = signed_offers(candidate, &pending, &self.policy);
            let answers = self.runtime.block_on(finding)?;
            let asked = std::mem::take(&mut pending);
            for (release, answer) in asked.into_iter().zip(answers) {
                let platform = release.platform;
                let failed = |cause| SourceAttempt::failed(candidate, cause, begun.elapsed());
                let (attempt, stops) = match self.judged(candidate, &release, answer)? {
                    Ok(Some(offered)) => {
                        offers.releases.insert(platform, offered);
                        continue;
                    }
                    Ok(None) => {
                        let kind = AttemptKind::Absent;
                        let outcome = "does not have it";
                        let attempt = SourceAttempt::new(candidate, kind, outcome, begun.elapsed());
                        (attempt, candidate.stop_on_absent)
                    }
                    Err(cause) => (failed(cause), candidate.stop_on_error),
                };
                offers.attempts.entry(platform).or_default().push(attempt);
                if !stops {
                    pending.push(release);
                }
            }
        }
        let releases = &offers.releases;
        offers.attempts.retain(|platform, _| !releases.contains_key(platform));
        Ok(offers)
    }

    /// Judges an answer. The inner error says why the offer is not accepted.
    fn judged(
        &self,
        candidate: &Candidate,
        release: &Release,
        answer: Result<Option<SignedOffer>, SourceError>,
    ) -> Result<Result<Option<PlatformOffer>, AttemptCause>, AcquireError> {
        let (offer, evidence) = match answer {
            Ok(Some(SignedOffer { offer, evidence })) => (offer, evidence),
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error.into())),
        };
        let pins = self.pins(release)?;
        Ok(match judge_offer(candidate, release, &self.policy, &pins, &offer, evidence) {
            Ok(judged) => {
                let (source, locked) = (candidate.name.clone(), locked(release, &offer, &judged));
                Ok(Some(PlatformOffer { source, locked, image: offer.image }))
            }
            Err(rejection) => Err(rejection.into()),
        })
    }

    /// The error where no source offers a version for the platform of this machine.
    pub(super) fn not_offered(
        &self,
        release: &Release,
        attempts: Vec<SourceAttempt>,
    ) -> AcquireError {
        let what = release.to_string();
        if self.candidates.is_empty() {
            return AcquireError::NoSource(what);
        }
        let kind = |attempt: &SourceAttempt| match attempt.record.kind {
            AttemptKind::Rejected => Some(FailureReason::Integrity),
            kind => failure_reason(kind),
        };
        let offline = attempts.iter().any(|attempt| attempt.record.kind == AttemptKind::NotAsked);
        let reason = attempts.iter().filter_map(kind).max().unwrap_or(FailureReason::Absent);
        if offline && reason <= FailureReason::Unreachable {
            return AcquireError::Offline { what, here: None, attempts };
        }
        let lacks = |attempt: &SourceAttempt| {
            attempt.cause.as_ref().is_some_and(AttemptCause::is_missing_checksum)
        };
        let unverified = reason == FailureReason::Integrity
            && attempts.iter().all(|attempt| attempt.cause.is_none() || lacks(attempt));
        AcquireError::Unserved { release: what, reason, attempts, unverified }
    }
}

/// An offer, with the signatures that may count.
struct SignedOffer {
    offer: Offer,
    evidence: OfferedEvidence,
}

/// The offers of a source for releases, with their signatures; `None` where the source does not have one.
async fn signed_offers(
    candidate: &Candidate,
    releases: &[Release],
    policy: &Policy,
) -> Vec<Result<Option<SignedOffer>, SourceError>> {
    let offers = candidate.source.find_all(releases).await;
    join_all(releases.iter().zip(offers).map(|(release, offer)| async move {
        let Some(offer) = offer? else { return Ok(None) };
        let evidence = gather(candidate, release, &offer, policy).await?;
        Ok(Some(SignedOffer { offer, evidence }))
    }))
    .await
}

/// The digests of an accepted offer.
fn locked(release: &Release, offer: &Offer, judged: &Judged) -> LockedPlatform {
    let mut locked = LockedPlatform {
        statement: offer.statement.as_deref().map(Digest::of),
        ..LockedPlatform::default()
    };
    for Expected { artifact, expectation } in std::iter::once(&judged.first).chain(&judged.others) {
        let signed = expectation.signatures.signed.iter().map(|signature| &signature.digest);
        let signed_as = |of| signed.clone().find(|digest| digest.of == of);
        if let Some(tree) = expectation.tree.as_ref().or(signed_as(DigestSubject::Tree)) {
            locked.tree = Some(tree.digest);
            add_evidence(&mut locked, &of_source(tree, offer.tree.as_ref()));
        }
        let archive = expectation.archive.as_ref().or(signed_as(DigestSubject::Archive));
        if let Some(archive) = archive
            && !locked.archives.iter().any(|known| known.sha256 == archive.digest)
        {
            let (file, sha256) = (artifact.file_name(release), archive.digest);
            locked.archives.push(LockedArchive { file, sha256, size: artifact.size });
            add_evidence(&mut locked, &of_source(archive, artifact.claims.first()));
        }
        for digest in signed.clone() {
            add_evidence(&mut locked, digest);
        }
    }
    locked
}

/// What the source states of a digest that this machine knows already; else what vouches for it.
fn of_source(digest: &TrustedDigest, claim: Option<&ClaimedDigest>) -> TrustedDigest {
    match claim.filter(|claim| claim.digest == digest.digest) {
        Some(claim) if digest.signature.is_none() => TrustedDigest::claimed(digest.of, claim),
        _ => digest.clone(),
    }
}

/// Adds what vouches for a digest, once.
pub(super) fn add_evidence(locked: &mut LockedPlatform, digest: &TrustedDigest) {
    if let Some(evidence) = LockedEvidence::of(digest)
        && !locked.evidence.contains(&evidence)
    {
        locked.evidence.push(evidence);
    }
}
