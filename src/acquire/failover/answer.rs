//! What a source's answer to a request for a release means.

use loom_source::{Offer, Release, Slot, SourceError};

use super::{race::SourceAnswer, report::StepReport};
use crate::{
    acquire::evidence::judge_offer,
    sources::{Candidate, Reach, SourceClass},
    store::AttemptKind,
    trust::{Channel, Expected, Judged, Pins, Policy},
};

/// An offer that the policy accepts.
pub(super) struct ChosenArtifact {
    pub(super) offer: Offer,
    /// Whether the source was not asked for the offer, which is made from digests.
    pub(super) by_digest: bool,
    /// The artifact that is fetched.
    pub(super) expected: Expected,
    /// Other artifacts that are acceptable.
    pub(super) others: Vec<Expected>,
    /// The largest number of bytes of the artifact that have been here in this run.
    pub(super) reached: u64,
    /// Whether the transfer has begun anew in this run, so that all bytes are from this source.
    pub(super) restarted: bool,
}

/// Why a source is not asked at all; `None` where it is.
pub(super) fn not_asked(
    candidate: &Candidate,
    release: &Release,
    offline: bool,
) -> Option<StepReport> {
    let dev = release.slot == Slot::Dev;
    if offline && candidate.reach == Reach::Network && !dev {
        let outcome = "not asked: loom is offline";
        return Some(StepReport::not_asked(AttemptKind::NotAsked, outcome));
    }
    if dev && !candidate.source.capabilities().dev {
        return Some(StepReport::absent("has no cargo builds"));
    }
    None
}

/// Judges what a source answered: the artifact to fetch, or why there is none.
pub(super) fn judge(
    candidate: &Candidate,
    release: &Release,
    policy: &Policy,
    pins: &Pins,
    answer: Result<SourceAnswer, SourceError>,
) -> Result<ChosenArtifact, Box<StepReport>> {
    let (offer, evidence, by_digest) = match answer {
        Ok(SourceAnswer { offer: Some(offer), evidence, by_digest, .. }) => {
            (offer, evidence, by_digest)
        }
        Ok(SourceAnswer { platforms, .. }) => {
            let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
            return Err(Box::new(absent(candidate, release, &platforms)));
        }
        Err(error) => return Err(Box::new(StepReport::failed(error, false))),
    };
    match judge_offer(candidate, release, policy, pins, &offer, evidence) {
        Ok(Judged { first: expected, others }) => {
            let (reached, restarted) = (0, false);
            Ok(ChosenArtifact { offer, by_digest, expected, others, reached, restarted })
        }
        Err(rejection) => Err(Box::new(StepReport::rejected(rejection))),
    }
}

/// A source answers that it does not have the release. Over an unauthenticated channel anyone can answer that.
fn absent(candidate: &Candidate, release: &Release, platforms: &[String]) -> StepReport {
    if candidate.channel == Channel::Unauthenticated {
        return StepReport::uncounted(
            "http:// is not encrypted: its answer that it does not have the release does not count; use https://",
        );
    }
    if candidate.class == SourceClass::Build {
        return StepReport::absent(match release.slot {
            Slot::Version(_) => "offers builds, which are no version".to_owned(),
            Slot::Dev => format!("no build of {} in {}", release.binary, candidate.source),
        });
    }
    if platforms.is_empty() {
        return StepReport::absent("does not have it");
    }
    StepReport::absent(format!(
        "does not have it for this platform, only for {}",
        platforms.join(", ")
    ))
}
