//! What came of each source that was asked, and the receipt that tells of it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use loom_source::{BuildInfo, Digest, ErrorClass, Offer, Release, SourceError};

use super::{
    Acquirer, describe::describe, observer::Progress, plan::SourceEvent, quarantine::Strike,
};
use crate::sources::Candidate;
use crate::{
    store::{Attempt, Checked, Receipt, receipt::BuildReceipt, receipt::rfc3339_exact},
    trust::{Expectation, Grade, Rejection, SourceClass},
};

/// The log of one acquisition.
pub(super) struct AttemptLog {
    begun: Instant,
    /// When each source was asked, by its name.
    asked: BTreeMap<String, Instant>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) blames: Vec<Strike>,
    /// Whether some source was refused only because nothing proves what it has.
    pub(super) unproven: bool,
    /// Whether some source was refused for another reason: then nothing should be accepted unproven.
    pub(super) wrong: bool,
    /// Whether some source was not asked because we are offline.
    pub(super) offline: bool,
}

impl AttemptLog {
    pub(super) fn new(attempts: Vec<Attempt>) -> Self {
        Self {
            begun: Instant::now(),
            asked: BTreeMap::new(),
            attempts,
            blames: Vec::new(),
            unproven: false,
            wrong: false,
            offline: false,
        }
    }

    /// A source is being asked.
    pub(super) fn ask(&mut self, candidate: &Candidate) {
        self.asked.insert(candidate.name.clone(), Instant::now());
    }

    /// What came of it.
    pub(super) fn note(&mut self, candidate: &Candidate, outcome: impl Into<String>) {
        let asked = self.asked.get(&candidate.name).map(Instant::elapsed).unwrap_or_default();
        self.attempts.push(tried(candidate, outcome.into(), asked));
    }

    /// The total time so far, in milliseconds.
    fn total(&self) -> u64 {
        milliseconds(self.begun.elapsed())
    }
}

/// What came of asking a source, and how long that took.
pub(super) fn tried(candidate: &Candidate, outcome: String, took: Duration) -> Attempt {
    // Cargo builds take as long as they take.
    let bounded = candidate.origin != SourceClass::Workspace && !candidate.timeout.is_zero();
    let timeout_ms = bounded.then(|| milliseconds(candidate.timeout));
    Attempt { source: candidate.name.clone(), outcome, ms: milliseconds(took), timeout_ms }
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Acquirer<'_> {
    /// A source could not answer or broke off.
    pub(super) fn failed(
        &self,
        log: &mut AttemptLog,
        candidate: &Candidate,
        error: &SourceError,
        progress: bool,
    ) -> SourceEvent {
        let why = describe(self.observer, error);
        self.observer.on_event(Progress::Failed { source: &candidate.name, why: &why });
        log.note(candidate, why);
        log.offline |= error.kind.class() == ErrorClass::Offline;
        let (advice, class, file) =
            (error.kind.advice(), error.kind.class(), error.kind.concerns_one_file());
        SourceEvent::Failed { advice, class, progress, file }
    }

    /// The policy refuses what a source offers.
    pub(super) fn distrusted(
        &self,
        log: &mut AttemptLog,
        candidate: &Candidate,
        distrust: &Rejection,
    ) -> SourceEvent {
        let why = format!("{distrust}; {}", distrust.hint());
        if !matches!(distrust, Rejection::NoChecksum { .. }) {
            return self.refused(log, candidate, &why);
        }
        log.unproven = true;
        self.unusable(log, candidate, &why)
    }

    /// What a source brought cannot be used, though it may be what was expected.
    pub(super) fn refused(
        &self,
        log: &mut AttemptLog,
        candidate: &Candidate,
        why: &str,
    ) -> SourceEvent {
        log.wrong = true;
        self.unusable(log, candidate, why)
    }

    fn unusable(&self, log: &mut AttemptLog, candidate: &Candidate, why: &str) -> SourceEvent {
        self.observer.on_event(Progress::Failed { source: &candidate.name, why });
        log.note(candidate, why);
        SourceEvent::Distrusted
    }

    /// A source brought wrong bytes. Nobody is to blame while a part came from an earlier transfer.
    pub(super) fn wrong(
        &self,
        log: &mut AttemptLog,
        candidate: &Candidate,
        why: &str,
        blame: Option<Strike>,
        resumed: bool,
    ) -> SourceEvent {
        if resumed {
            let text =
                format!("the partial download from {} was damaged; starting over", candidate.name);
            self.observer.on_event(Progress::Notice { text: &text });
            log.note(candidate, format!("the partial download was damaged: {why}"));
            return SourceEvent::Wrong { resumed };
        }
        log.wrong = true;
        self.observer.on_event(Progress::Blamed { source: &candidate.name, why });
        log.note(candidate, format!("wrong bytes: {why}"));
        log.blames.extend(blame);
        SourceEvent::Wrong { resumed }
    }

    /// The receipt of what is about to be published.
    pub(super) fn receipt(
        &self,
        log: &AttemptLog,
        candidate: &Candidate,
        offer: &Offer,
        expectation: &Expectation,
        checked: &Checked,
        bytes: u64,
    ) -> Receipt {
        let mut receipt = Receipt::new(&expectation.release);
        receipt.source = candidate.name.clone();
        receipt.origin = origin(candidate.origin).to_owned();
        receipt.grade = checked.grade();
        receipt.waiver = expectation.waiver;
        receipt.unchecked = unchecked(expectation);
        receipt.policy = serde_json::to_value(self.policy).unwrap_or_default();
        receipt.bytes = bytes;
        receipt.ms = BTreeMap::from([("total".to_owned(), log.total())]);
        receipt.attempts.clone_from(&log.attempts);
        receipt.build = offer.build.as_ref().map(build);
        receipt
    }
}

fn origin(origin: SourceClass) -> &'static str {
    match origin {
        SourceClass::Mirror | SourceClass::PlainHttp => "mirror",
        SourceClass::Workspace => "workspace",
    }
}

fn unchecked(expectation: &Expectation) -> Vec<String> {
    let mut unchecked = Vec::new();
    if expectation.release.slot.version().is_none() {
        unchecked.push("a cargo build of this machine is taken as it is".to_owned());
        return unchecked;
    }
    if expectation.archive.is_none() && expectation.tree.is_none() {
        unchecked.push("no digest: nothing says that these are the right bytes".to_owned());
    } else if expectation.tree.is_none() {
        unchecked.push("the tree: its digest was computed here, at first sight".to_owned());
    }
    unchecked.push("signatures".to_owned());
    unchecked
}

pub(super) fn build(build: &BuildInfo) -> BuildReceipt {
    BuildReceipt {
        profile: build.profile.clone(),
        built: rfc3339_exact(build.built),
        commit: build.commit.clone(),
        checkout: build.checkout.display().to_string(),
    }
}

/// Names what was expected of a release at a source and did not come, and who (`grade`) stood behind just that.
pub(super) fn blame(
    candidate: &Candidate,
    release: &Release,
    expected: Digest,
    got: Digest,
    grade: Option<Grade>,
) -> Option<Strike> {
    Some(Strike::new(&candidate.name, release, expected, got, grade?, SystemTime::now()))
}
