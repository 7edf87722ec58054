//! Drives the plan: asks source after source.

use std::time::{Duration, SystemTime};

use loom_source::{Offer, Platform, Release, Slot};

use super::{
    AcquireError, Acquired, Acquirer, How, first_seen,
    observer::Progress,
    outcome::AttemptLog,
    plan::{FailureReason, Plan, PlanAction, SourceEvent, Turn},
    quarantine::Quarantine,
    race::Race,
};
use crate::sources::{Candidate, Reach};
use crate::{
    store::{Attempt, Installed},
    trust::{Expected, SourceClass},
};

/// How long a partial transfer waits to be taken up.
const STALE: Duration = Duration::from_secs(7 * 24 * 3600);

/// How many files of partial transfers are looked at, so that a run is not held up.
const SWEPT: usize = 64;

/// An offer that the policy has an expectation of.
pub(super) struct ChosenArtifact<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) offer: Offer,
    /// The carrier that is fetched.
    pub(super) expected: Expected,
    /// Other carriers that would do.
    pub(super) others: Vec<Expected>,
}

/// What a step came to: the next event, or the release.
pub(super) enum StepOutcome {
    Event(SourceEvent),
    Here(Installed, How),
}

impl Acquirer<'_> {
    /// Asks source after source for `release`, which is locked by us.
    pub(super) fn run(
        &self,
        release: &Release,
        attempts: Vec<Attempt>,
        silent: &[usize],
    ) -> Result<Acquired, AcquireError> {
        if release.slot != Slot::Dev && self.only_builds() {
            return Err(AcquireError::OnlyBuilds { release: release.to_string() });
        }
        // What could not be swept is swept another time.
        let _ = self.store.sweep_partials(STALE, SWEPT);
        let mut log = AttemptLog::new(attempts);
        let result = self.drive(release, silent, &mut log);
        let blames = std::mem::take(&mut log.blames);
        self.memory(Quarantine::add(self.state, blames, SystemTime::now()));
        result
    }

    fn only_builds(&self) -> bool {
        let releases = |candidate: &Candidate| candidate.source.capabilities().releases;
        !self.candidates.is_empty() && !self.candidates.iter().any(releases)
    }

    fn drive(
        &self,
        release: &Release,
        silent: &[usize],
        log: &mut AttemptLog,
    ) -> Result<Acquired, AcquireError> {
        let pins = first_seen::load(self.state, release)?;
        let mut plan = Plan::new(self.order(release, silent)?, self.retry);
        let mut race = Race::new(self, release, pins);
        let mut action = plan.start();
        loop {
            let (place, event) = match action {
                PlanAction::GiveUp(reason) => return Err(self.unserved(release, reason, log)),
                PlanAction::Take(place) => match race.take(place, log)? {
                    StepOutcome::Here(installed, how) => return Ok(Acquired { installed, how }),
                    StepOutcome::Event(event) => (place, event),
                },
                PlanAction::Ask(place) => match self.unasked(release, place, log) {
                    Some(event) => (place, event),
                    None => {
                        race.ask(place, log);
                        race.next(log)?
                    }
                },
                PlanAction::Fetch { place, after } => {
                    race.fetch(place, after, false);
                    race.next(log)?
                }
                PlanAction::FetchOther(place) => {
                    race.fetch_other(place);
                    race.next(log)?
                }
                PlanAction::FetchWhole(place) => {
                    race.fetch(place, Duration::ZERO, true);
                    race.next(log)?
                }
                PlanAction::Wait => race.next(log)?,
            };
            action = plan.next(place, event);
            if let (SourceEvent::Late, PlanAction::Ask(next)) = (event, action) {
                self.tell_late(&self.candidates[place], &self.candidates[next]);
            }
        }
    }

    fn tell_late(&self, late: &Candidate, next: &Candidate) {
        let patience = late.patience().unwrap_or_default();
        let text = format!(
            "{} has sent nothing for {}; asking {} as well",
            late.name,
            humantime::format_duration(patience),
            next.name
        );
        self.observer.on_event(Progress::Notice { text: &text });
    }

    /// The order in which sources are asked: as configured, those last that lied lately, and last of all those that
    /// did not answer a moment ago: each costs its budget once.
    fn order(&self, release: &Release, silent: &[usize]) -> Result<Vec<Turn>, AcquireError> {
        let sources: Vec<(&str, bool)> = self
            .candidates
            .iter()
            .map(|c| (c.name.as_str(), c.stop_on_absent || c.stop_on_error))
            .collect();
        let mut places = if self.quarantine {
            Quarantine::load(self.state, SystemTime::now())?.order(&sources, release)
        } else {
            (0..sources.len()).collect()
        };
        for group in places.split_mut(|place| sources[*place].1) {
            group.sort_by_key(|place| silent.contains(place));
        }
        let turn = |place: usize| {
            let Candidate { stop_on_error, stop_on_absent, race, .. } = self.candidates[place];
            Turn { place, stop_on_error, stop_on_absent, race }
        };
        Ok(places.into_iter().map(turn).collect())
    }

    fn unserved(
        &self,
        release: &Release,
        reason: FailureReason,
        log: &mut AttemptLog,
    ) -> AcquireError {
        let what = release.to_string();
        if self.candidates.is_empty() {
            return AcquireError::NoSource(what);
        }
        let attempts = std::mem::take(&mut log.attempts);
        if log.offline && reason <= FailureReason::Unreachable {
            return AcquireError::Offline { what, attempts };
        }
        let unproven = log.unproven && !log.wrong;
        AcquireError::Unserved { release: what, reason, attempts, unproven }
    }

    /// Why a source is not even asked.
    fn unasked(
        &self,
        release: &Release,
        place: usize,
        log: &mut AttemptLog,
    ) -> Option<SourceEvent> {
        let candidate = &self.candidates[place];
        log.ask(candidate);
        if self.offline && candidate.reach == Reach::Network && release.slot != Slot::Dev {
            log.offline = true;
            log.note(candidate, "not asked: loom is offline");
            return Some(SourceEvent::Absent);
        }
        if release.slot == Slot::Dev && !candidate.source.capabilities().dev {
            log.note(candidate, "carries no cargo builds");
            return Some(SourceEvent::Absent);
        }
        None
    }

    /// A source says that it has nothing. Over plain HTTP anybody can say so for it.
    pub(super) fn absent(
        &self,
        candidate: &Candidate,
        platforms: &[Platform],
        log: &mut AttemptLog,
    ) -> SourceEvent {
        if candidate.origin == SourceClass::PlainHttp {
            let why = "says over plain http that it does not carry it, which proves nothing";
            self.observer.on_event(Progress::Failed { source: &candidate.name, why });
            log.note(candidate, why);
            return SourceEvent::unanswered();
        }
        let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        log.note(
            candidate,
            match names.is_empty() {
                true => "does not carry it".to_owned(),
                false => {
                    format!("does not carry it for this platform, only for {}", names.join(", "))
                }
            },
        );
        SourceEvent::Absent
    }
}
