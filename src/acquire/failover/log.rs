//! The attempts of one acquisition.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    plan::SourceEvent,
    report::{StepEnd, StepReport},
};
use crate::{
    acquire::{AttemptCause, SourceAttempt, state::quarantine::Strike},
    sources::Candidate,
    store::AttemptKind,
};

/// The attempts of one acquisition, and the strikes that they led to.
pub(in crate::acquire) struct AttemptLog {
    begun: Instant,
    /// When each source was asked, by its identity.
    asked: BTreeMap<String, Instant>,
    attempts: Vec<SourceAttempt>,
    strikes: Vec<Strike>,
}

impl AttemptLog {
    /// A log that begins with the attempts of an earlier step.
    pub(in crate::acquire) fn new(attempts: Vec<SourceAttempt>) -> Self {
        Self { begun: Instant::now(), asked: BTreeMap::new(), attempts, strikes: Vec::new() }
    }

    /// Notes that a source is being asked.
    pub(super) fn ask(&mut self, candidate: &Candidate) {
        self.asked.insert(candidate.identity.clone(), Instant::now());
    }

    /// Adds what happened at a source; returns the event for the plan.
    pub(super) fn add(&mut self, candidate: &Candidate, report: StepReport) -> SourceEvent {
        let StepReport { event, ended, strike } = report;
        match ended {
            StepEnd::Plain(kind, outcome) => self.note(candidate, kind, outcome),
            StepEnd::Failed(cause) => {
                let attempt = SourceAttempt::failed(candidate, cause, self.took(candidate));
                self.attempts.push(attempt);
            }
        }
        self.strikes.extend(strike);
        event
    }

    /// Adds an attempt that ended without an error.
    pub(in crate::acquire) fn note(
        &mut self,
        candidate: &Candidate,
        kind: AttemptKind,
        outcome: impl Into<String>,
    ) {
        self.attempts.push(SourceAttempt::new(candidate, kind, outcome, self.took(candidate)));
    }

    fn took(&self, candidate: &Candidate) -> Duration {
        self.asked.get(&candidate.identity).map(Instant::elapsed).unwrap_or_default()
    }

    /// The last attempt.
    pub(super) fn last(&self) -> Option<&SourceAttempt> {
        self.attempts.last()
    }

    /// All attempts, in order.
    pub(in crate::acquire) fn attempts(&self) -> &[SourceAttempt] {
        &self.attempts
    }

    /// Takes all attempts.
    pub(super) fn take_attempts(&mut self) -> Vec<SourceAttempt> {
        std::mem::take(&mut self.attempts)
    }

    /// Takes all strikes.
    pub(in crate::acquire) fn take_strikes(&mut self) -> Vec<Strike> {
        std::mem::take(&mut self.strikes)
    }

    /// The time since the log was made.
    pub(in crate::acquire) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Whether a source was not asked because the run is offline.
    pub(super) fn is_offline(&self) -> bool {
        let offline = [AttemptKind::NotAsked, AttemptKind::Offline];
        self.attempts.iter().any(|attempt| offline.contains(&attempt.record.kind))
    }

    /// Whether the only obstacle was a missing checksum: after any other refusal nothing is accepted
    /// without one.
    pub(super) fn lacks_only_a_checksum(&self) -> bool {
        let causes = || self.attempts.iter().filter_map(|attempt| attempt.cause.as_ref());
        let refusals = || causes().filter(|cause| !matches!(cause, AttemptCause::Source(_)));
        refusals().next().is_some() && refusals().all(AttemptCause::is_missing_checksum)
    }
}
