//! What happened at a source: the event for the plan, and what the log keeps.

use std::time::SystemTime;

use loom_source::{Advice, ErrorClass, Release, SourceError};

use super::plan::SourceEvent;
use crate::{
    acquire::{AttemptCause, state::quarantine::Strike},
    sources::Candidate,
    store::AttemptKind,
    trust::Rejection,
};

/// What happened at a source.
pub(super) struct StepReport {
    /// The event for the plan.
    pub(super) event: SourceEvent,
    /// The error, or what happened without one.
    pub(super) ended: StepEnd,
    /// The strike against the source, where it delivered wrong bytes.
    pub(super) strike: Option<Strike>,
}

/// How an attempt ended.
pub(super) enum StepEnd {
    /// Without an error: the kind, and the same in words.
    Plain(AttemptKind, String),
    /// With an error.
    Failed(AttemptCause),
}

impl StepReport {
    /// The source does not have the release.
    pub(super) fn absent(outcome: impl Into<String>) -> Self {
        let ended = StepEnd::Plain(AttemptKind::Absent, outcome.into());
        Self { event: SourceEvent::Absent, ended, strike: None }
    }

    /// The source was not asked.
    pub(super) fn not_asked(kind: AttemptKind, outcome: impl Into<String>) -> Self {
        Self {
            event: SourceEvent::Absent,
            ended: StepEnd::Plain(kind, outcome.into()),
            strike: None,
        }
    }

    /// The source answered over a channel on which its answer does not count.
    pub(super) fn uncounted(outcome: impl Into<String>) -> Self {
        let ended = StepEnd::Plain(AttemptKind::Unreachable, outcome.into());
        Self { event: SourceEvent::unanswered(), ended, strike: None }
    }

    /// The source failed; `progress` says whether new bytes arrived before.
    pub(super) fn failed(error: SourceError, progress: bool) -> Self {
        let advice = error.kind.advice();
        let class = error.kind.class();
        let file = error.kind.concerns_one_file();
        let event = SourceEvent::Failed { advice, class, progress, file };
        Self { event, ended: StepEnd::Failed(error.into()), strike: None }
    }

    /// A cargo build changed while it was copied; it is copied again after `after`.
    pub(super) fn changed(outcome: String, after: std::time::Duration) -> Self {
        let event = SourceEvent::Failed {
            advice: Advice::Retry { after: Some(after) },
            class: ErrorClass::Unreachable,
            progress: false,
            file: false,
        };
        Self { event, ended: StepEnd::Plain(AttemptKind::Changed, outcome), strike: None }
    }

    /// The policy refuses the offer.
    pub(super) fn rejected(rejection: Rejection) -> Self {
        Self::unusable(rejection.into())
    }

    /// What the source delivered cannot be used.
    pub(super) fn unusable(cause: AttemptCause) -> Self {
        Self { event: SourceEvent::Rejected, ended: StepEnd::Failed(cause), strike: None }
    }

    /// The source delivered wrong bytes, of which none came from an earlier transfer.
    pub(super) fn mismatch(cause: AttemptCause, strike: Option<Strike>) -> Self {
        let event = SourceEvent::Mismatch { resumed: false };
        Self { event, ended: StepEnd::Failed(cause), strike }
    }

    /// The bytes are wrong, and some came from an earlier transfer: the source may not be at fault.
    pub(super) fn damaged_partial(cause: &AttemptCause) -> Self {
        let outcome = format!("the partial download was damaged: {cause}");
        Self {
            event: SourceEvent::Mismatch { resumed: true },
            ended: StepEnd::Plain(AttemptKind::DamagedPartial, outcome),
            strike: None,
        }
    }

    /// The same report for an error of a request that was repeated already: the code that opens a file repeats the request,
    /// and the plan resumes only what had begun to arrive.
    pub(super) fn for_good(mut self) -> Self {
        self.event = self.event.for_good();
        self
    }
}

/// A strike for wrong bytes; `None` where nothing vouched for the expected digest.
pub(super) fn strike(
    candidate: &Candidate,
    release: &Release,
    cause: &AttemptCause,
) -> Option<Strike> {
    let AttemptCause::Mismatch { expected, got, grade, .. } = cause else { return None };
    let source = &candidate.identity;
    Some(Strike::new(source, release, *expected, *got, (*grade)?, SystemTime::now()))
}
