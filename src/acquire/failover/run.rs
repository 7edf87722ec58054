//! Drives the plan: asks source after source until one delivers.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use loom_source::{Offer, Release, SourceErrorKind};

use super::{
    admitted::{self, AdmittedRelease},
    answer::{self, ChosenArtifact},
    by_digest,
    log::AttemptLog,
    plan::{FailureReason, Plan, PlanAction, SourceEvent, Turn},
    race::{Race, RaceResult},
    report::StepReport,
};
use crate::{
    acquire::{
        AcquireError, AcquireEvent, AttemptCause, ChecksumMismatch, How, SourceAttempt,
        build_receipt::build_receipt,
        fetch::{FetchError, Fetcher, StartedTransfer},
        near_misses::name_near_misses,
    },
    sources::Candidate,
    store::{AttemptKind, Installed, Recovery, Store},
    trust::{Pins, Policy},
};

/// How long cargo is given to finish writing a program that changed while it was copied.
const LINKING: Duration = Duration::from_millis(500);

/// Asks sources for a release until one delivers.
pub(in crate::acquire) struct Failover<'a> {
    /// The sources, in the configured order.
    pub(in crate::acquire) candidates: &'a [Candidate],
    /// What may enter.
    pub(in crate::acquire) policy: Policy,
    /// Fetches artifacts.
    pub(in crate::acquire) fetcher: Fetcher<'a>,
}

/// The release, from a source or as it was here.
pub(in crate::acquire) enum Served<'a> {
    /// A source delivered it; it is not published yet.
    Delivered(Box<AdmittedRelease<'a>>),
    /// The source's cargo build is the one that is installed.
    Here(Installed, How),
}

/// The state of one run over the sources.
struct FailoverRun<'r, 'a> {
    failover: &'r Failover<'a>,
    release: &'r Release,
    pins: &'r Pins,
    race: Race<'r>,
    /// The positions of the sources that were asked before.
    asked: BTreeSet<usize>,
    /// The acceptable offers by the positions of their sources.
    chosen: BTreeMap<usize, ChosenArtifact>,
    /// The transfer whose first bytes are here.
    started: Option<StartedTransfer>,
    log: &'r mut AttemptLog,
}

/// What a step led to: the next event, or the release.
enum StepOutcome<'a> {
    Event(SourceEvent),
    Served(Served<'a>),
}

impl<'a> Failover<'a> {
    /// Asks sources in the order of `turns` for `release`, whose lock the caller holds.
    ///
    /// `pins` are the digests that this machine holds for the release. Each attempt is added to `log`.
    pub(in crate::acquire) fn run(
        &self,
        release: &Release,
        pins: &Pins,
        turns: Vec<Turn>,
        log: &mut AttemptLog,
    ) -> Result<Served<'a>, AcquireError> {
        let mut plan = Plan::new(turns, self.fetcher.options.retry);
        let mut run = FailoverRun {
            failover: self,
            release,
            pins,
            race: Race::new(self.candidates, self.fetcher.runtime),
            asked: BTreeSet::new(),
            chosen: BTreeMap::new(),
            started: None,
            log,
        };
        let mut action = plan.start();
        loop {
            let (place, event) = match action {
                PlanAction::GiveUp(reason) => return Err(run.unserved(reason)),
                PlanAction::Take(place) => match run.take(place)? {
                    StepOutcome::Served(served) => return Ok(served),
                    StepOutcome::Event(event) => (place, event),
                },
                PlanAction::Ask(place) => run.ask(place)?,
                PlanAction::Fetch { place, after } => run.start(place, after, false)?,
                PlanAction::FetchOther(place) => run.start_other(place)?,
                PlanAction::FetchWhole(place) => run.start(place, Duration::ZERO, true)?,
                PlanAction::Wait => run.wait()?,
            };
            action = plan.next(place, event);
            if let (SourceEvent::Late, PlanAction::Ask(next)) = (event, action) {
                self.report_late(&self.candidates[place], &self.candidates[next]);
            }
        }
    }

    /// Reports a version that the mirror withdrew: it is served because it was named.
    fn report_withdrawn(&self, candidate: &Candidate, release: &Release) {
        let vouch = candidate.signed.as_ref().and_then(|signed| signed.vouch(release));
        if vouch.is_some_and(|vouch| vouch.yanked) {
            let text = format!(
                "{} has withdrawn {release}; it is used because it was named",
                candidate.name
            );
            self.fetcher.observer.on_event(AcquireEvent::Notice { text: &text });
        }
    }

    fn report_late(&self, late: &Candidate, next: &Candidate) {
        let patience = humantime::format_duration(late.patience().unwrap_or_default());
        let text =
            format!("{} has sent nothing for {patience}; asking {} as well", late.name, next.name);
        self.fetcher.observer.on_event(AcquireEvent::Notice { text: &text });
    }
}

impl<'r, 'a> FailoverRun<'r, 'a> {
    /// Adds what happened to the log and reports it.
    fn report(&mut self, place: usize, report: StepReport) -> SourceEvent {
        let event = self.log.add(&self.failover.candidates[place], report);
        if let Some(attempt) = self.log.last() {
            self.failover.fetcher.observer.on_event(AcquireEvent::Attempted { attempt });
        }
        event
    }

    /// Asks a source for the release, and waits until something happens at any source.
    fn ask(&mut self, place: usize) -> Result<(usize, SourceEvent), AcquireError> {
        let candidate = &self.failover.candidates[place];
        self.log.ask(candidate);
        let offline = self.failover.fetcher.options.offline;
        if let Some(report) = answer::not_asked(candidate, self.release, offline) {
            return Ok((place, self.report(place, report)));
        }
        let policy = &self.failover.policy;
        let offer = if self.asked.insert(place) {
            by_digest::offer(candidate, self.release, policy, self.pins)
        } else {
            None
        };
        self.race.ask(place, self.release, policy, offer);
        self.wait()
    }

    /// Starts the transfer of the chosen artifact after this long, and waits until something happens.
    fn start(
        &mut self,
        place: usize,
        after: Duration,
        whole: bool,
    ) -> Result<(usize, SourceEvent), AcquireError> {
        if let Some(chosen) = self.chosen.get_mut(&place) {
            chosen.restarted |= whole;
            let failover = self.failover;
            let expected = chosen.expected.clone();
            let candidate = &failover.candidates[place];
            self.race.start(place, after, async move {
                failover.fetcher.start(candidate, &expected, whole).await
            });
        }
        self.wait()
    }

    /// Starts the transfer of the next acceptable artifact of the same offer.
    fn start_other(&mut self, place: usize) -> Result<(usize, SourceEvent), AcquireError> {
        if let Some(chosen) = self.chosen.get_mut(&place)
            && !chosen.others.is_empty()
        {
            chosen.expected = chosen.others.remove(0);
            (chosen.reached, chosen.restarted) = (0, false);
        }
        self.start(place, Duration::ZERO, false)
    }

    /// Waits until something happens at one of the sources.
    fn wait(&mut self) -> Result<(usize, SourceEvent), AcquireError> {
        let (place, result) = self.race.next()?;
        let candidate = &self.failover.candidates[place];
        let event = match result {
            RaceResult::Late => SourceEvent::Late,
            RaceResult::Found(answer) => {
                let policy = &self.failover.policy;
                match answer::judge(candidate, self.release, policy, self.pins, answer) {
                    Ok(chosen) => {
                        self.failover.report_withdrawn(candidate, self.release);
                        let artifacts = 1 + chosen.others.len();
                        self.chosen.insert(place, chosen);
                        SourceEvent::Offered { artifacts }
                    }
                    Err(report) => {
                        self.race.stop_watching(place);
                        self.report(place, *report)
                    }
                }
            }
            RaceResult::Started(Ok(transfer)) => {
                self.started = Some(transfer);
                SourceEvent::Delivers
            }
            RaceResult::Started(Err(error)) => match self.chosen.get_mut(&place) {
                Some(chosen) if chosen.by_digest && is_gone(&error) => SourceEvent::NotByDigest,
                Some(chosen) => {
                    let report = admitted::unfetched(candidate, chosen, error)?;
                    self.report(place, report)
                }
                None => SourceEvent::Absent,
            },
        };
        Ok((place, event))
    }

    /// Receives from the source that delivers; all other requests are dropped.
    fn take(&mut self, place: usize) -> Result<StepOutcome<'a>, AcquireError> {
        let winner = &self.failover.candidates[place];
        for loser in self.race.give_up() {
            let outcome = format!("given up: {} delivered first", winner.name);
            let loser = &self.failover.candidates[loser];
            self.log.note(loser, AttemptKind::Superseded, outcome);
        }
        let (Some(chosen), Some(transfer)) = (self.chosen.remove(&place), self.started.take())
        else {
            return Ok(StepOutcome::Event(SourceEvent::Absent));
        };
        match self.receive(place, chosen, transfer)? {
            Ok(served) => Ok(StepOutcome::Served(served)),
            Err(refused) => {
                let Refused { chosen, report } = *refused;
                // The plan may fetch the same artifact again, or another one of the same offer.
                self.chosen.insert(place, chosen);
                Ok(StepOutcome::Event(self.report(place, report)))
            }
        }
    }

    /// Receives an artifact and compares it with its expectation.
    ///
    /// The outer error is fatal for the whole acquisition, the inner one concerns this source.
    fn receive(
        &self,
        place: usize,
        mut chosen: ChosenArtifact,
        transfer: StartedTransfer,
    ) -> Result<Result<Served<'a>, Box<Refused>>, AcquireError> {
        let candidate: &'a Candidate = &self.failover.candidates[place];
        let fetcher = &self.failover.fetcher;
        let refused = |chosen, report| Ok(Err(Box::new(Refused { chosen, report })));
        if matches!(transfer, StartedTransfer::Build) && !fetcher.options.force {
            let policy = &self.failover.policy;
            if let Some(served) = same_build(fetcher.store, self.release, &chosen.offer, policy)? {
                return Ok(Ok(served));
            }
        }
        let fetched = match fetcher.fetch(candidate, &chosen.expected, transfer) {
            Ok(Some(fetched)) => fetched,
            Ok(None) => {
                let program = chosen.expected.artifact.asset.to_string();
                let outcome = format!("{program} changed while it was copied: is cargo building?");
                return refused(chosen, StepReport::changed(outcome, LINKING));
            }
            Err(error) => {
                let report = admitted::unfetched(candidate, &mut chosen, error)?;
                return refused(chosen, report);
            }
        };
        let rule = fetcher.options.program;
        match admitted::admit(fetcher.store, candidate, &chosen, self.pins, fetched, rule)? {
            Err(report) => refused(chosen, report),
            Ok((checked, received)) => {
                fetcher.observer.on_event(AcquireEvent::Verified);
                let ChosenArtifact { offer, expected, .. } = chosen;
                let release = AdmittedRelease { candidate, offer, expected, checked, received };
                Ok(Ok(Served::Delivered(Box::new(release))))
            }
        }
    }

    fn name_near_misses(&self, attempts: &mut [SourceAttempt]) -> Result<(), AcquireError> {
        let Failover { candidates, fetcher, .. } = self.failover;
        let (product, version) = (self.release.product(), self.release.slot.version());
        name_near_misses(candidates, fetcher.runtime, &product, version, attempts)
    }

    /// Why no source could serve.
    fn unserved(&mut self, reason: FailureReason) -> AcquireError {
        let release = self.release.to_string();
        if self.failover.candidates.is_empty() {
            return AcquireError::NoSource(release);
        }
        let offline = self.log.is_offline();
        let unverified = self.log.lacks_only_a_checksum();
        let mut attempts = self.log.take_attempts();
        if offline && reason <= FailureReason::Unreachable {
            return AcquireError::Offline { what: release, here: None, attempts };
        }
        if reason == FailureReason::Absent
            && let Err(error) = self.name_near_misses(&mut attempts)
        {
            return error;
        }
        match &attempts[..] {
            [
                SourceAttempt {
                    record,
                    cause: Some(AttemptCause::Mismatch { file, expected, got, .. }),
                },
            ] => {
                let mismatch = Box::new(ChecksumMismatch {
                    file: file.clone(),
                    source_name: record.source.clone(),
                    expected: *expected,
                    got: *got,
                });
                AcquireError::Mismatch { mismatch, attempts }
            }
            _ => AcquireError::Unserved { release, reason, attempts, unverified },
        }
    }
}

/// Whether the source does not have the artifact.
fn is_gone(error: &FetchError) -> bool {
    matches!(error, FetchError::Unopened(error) if matches!(error.kind, SourceErrorKind::Gone))
}

/// An artifact that was received and refused.
struct Refused {
    chosen: ChosenArtifact,
    report: StepReport,
}

/// The installed development build, if the offered build is the same one. Its receipt must be of the tree that the link
/// leads to: a run that was killed in between leaves a new receipt beside an old link.
fn same_build<'a>(
    store: &Store,
    release: &Release,
    offer: &Offer,
    policy: &Policy,
) -> Result<Option<Served<'a>>, AcquireError> {
    let Some(build) = &offer.build else { return Ok(None) };
    let Some(receipt) = store.receipt(release)? else { return Ok(None) };
    if receipt.build.as_ref() != Some(&build_receipt(build)) {
        return Ok(None);
    }
    let (installed, how) = match store.find(release)? {
        Some(installed) if store.damage(&installed)?.is_some() => return Ok(None),
        Some(installed) => (installed, How::Here),
        None => match store.recover(release, policy)? {
            Recovery::Linked(installed) => (installed, How::Relinked),
            _ => return Ok(None),
        },
    };
    let same = receipt.tree == Some(installed.tree);
    Ok(same.then_some(Served::Here(installed, how)))
}
