//! Drives the plan: asks source after source, and the policy about what each offers.

use std::{thread, time::SystemTime};

use loom_source::{Offer, Release, Slot, Source};

use super::{
    AcquireError, Acquired, Acquirer, Backend, Candidate, How, Reach, first_seen,
    observer::Progress,
    outcome::Log,
    plan::{Action, Event, Plan, Reason, Turn},
    quarantine::Quarantine,
};
use crate::{
    store::{Attempt, Installed},
    trust::{Expected, Origin, Pins},
};

/// An offer that the policy has an expectation of.
pub(super) struct Chosen<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) offer: Offer,
    pub(super) expected: Expected,
}

/// What a step came to: the next event, or the release.
pub(super) enum Step {
    Event(Event),
    Here(Installed, How),
}

impl Acquirer<'_> {
    /// Asks source after source for `release`, which is locked by us.
    pub(super) fn run(
        &self,
        release: &Release,
        attempts: Vec<Attempt>,
    ) -> Result<Acquired, AcquireError> {
        if release.slot != Slot::Dev && self.only_builds() {
            return Err(AcquireError::OnlyBuilds { release: release.to_string() });
        }
        let mut log = Log::new(attempts);
        let result = self.drive(release, &mut log);
        let blames = std::mem::take(&mut log.blames);
        self.memory(Quarantine::add(self.state, blames, SystemTime::now()));
        result
    }

    fn only_builds(&self) -> bool {
        let releases = |candidate: &Candidate| {
            candidate.source().is_none_or(|source| source.capabilities().releases)
        };
        !self.candidates.is_empty() && !self.candidates.iter().any(releases)
    }

    fn drive(&self, release: &Release, log: &mut Log) -> Result<Acquired, AcquireError> {
        let pins = first_seen::load(self.state, release)?;
        let mut plan = Plan::new(self.order(release)?, self.retry);
        let mut action = plan.start();
        let mut chosen: Option<Chosen<'_>> = None;
        loop {
            let step = match (action, &chosen) {
                (Action::Ask(place), _) => {
                    log.ask();
                    match self.ask(release, &self.candidates[place], &pins, log)? {
                        Ok(found) => {
                            chosen = Some(found);
                            Step::Event(Event::Offered)
                        }
                        Err(event) => Step::Event(event),
                    }
                }
                (Action::Fetch { after }, Some(chosen)) => {
                    thread::sleep(after);
                    self.attempt(release, chosen, false, log)?
                }
                (Action::FetchWhole, Some(chosen)) => self.attempt(release, chosen, true, log)?,
                (Action::GiveUp(reason), _) => return Err(self.unserved(release, reason, log)),
                // The plan fetches only what was offered, and ends here only after an arrival.
                (Action::Fetch { .. } | Action::FetchWhole | Action::Done, _) => {
                    Step::Event(Event::Absent)
                }
            };
            match step {
                Step::Here(installed, how) => return Ok(Acquired { installed, how }),
                Step::Event(event) => action = plan.next(event),
            }
        }
    }

    /// The order in which sources are asked: as configured, those that lied lately last.
    fn order(&self, release: &Release) -> Result<Vec<Turn>, AcquireError> {
        let sources: Vec<(&str, bool)> = self
            .candidates
            .iter()
            .map(|c| (c.name.as_str(), c.stop_on_absent || c.stop_on_error))
            .collect();
        let places = if self.quarantine {
            Quarantine::load(self.state, SystemTime::now())?.order(&sources, release)
        } else {
            (0..sources.len()).collect()
        };
        let turn = |place: usize| {
            let Candidate { stop_on_error, stop_on_absent, .. } = self.candidates[place];
            Turn { place, stop_on_error, stop_on_absent }
        };
        Ok(places.into_iter().map(turn).collect())
    }

    fn unserved(&self, release: &Release, reason: Reason, log: &mut Log) -> AcquireError {
        let what = release.to_string();
        if self.candidates.is_empty() {
            return AcquireError::NoSource(what);
        }
        let attempts = std::mem::take(&mut log.attempts);
        if log.offline && reason <= Reason::Unreachable {
            return AcquireError::Offline { what, attempts };
        }
        match log.missing.take() {
            Some(what) if reason == Reason::Missing => {
                // Alone it would only say the same again.
                let attempts = if attempts.len() > 1 { attempts } else { Vec::new() };
                AcquireError::Missing { what, attempts }
            }
            _ => {
                let unproven = log.unproven && !log.wrong;
                AcquireError::Unserved { release: what, reason, attempts, unproven }
            }
        }
    }

    /// Asks one source, and the policy about its offer.
    fn ask<'a>(
        &self,
        release: &Release,
        candidate: &'a Candidate,
        pins: &Pins,
        log: &mut Log,
    ) -> Result<Result<Chosen<'a>, Event>, AcquireError> {
        let source = match &candidate.backend {
            Backend::Missing(what) => return Ok(Err(self.missing(release, candidate, what, log))),
            Backend::Ready(source) => source,
        };
        if release.slot == Slot::Dev && !source.capabilities().dev {
            log.note(candidate, "carries no cargo builds");
            return Ok(Err(Event::Absent));
        }
        if self.offline && candidate.reach == Reach::Network {
            log.offline = true;
            log.note(candidate, "not asked: loom is offline");
            return Ok(Err(Event::Absent));
        }
        let offer = match self.network.block_on(source.find(release))? {
            Ok(Some(offer)) => offer,
            Ok(None) => return self.absent(release, candidate, source.as_ref(), log).map(Err),
            Err(error) => return Ok(Err(self.failed(log, candidate, &error, false))),
        };
        Ok(match self.policy.judge(release, &candidate.name, candidate.origin, &offer, pins) {
            Ok(expected) => Ok(Chosen { candidate, offer, expected }),
            Err(distrust) => Err(self.distrusted(log, candidate, &distrust)),
        })
    }

    /// A kind of source that this build cannot ask; none of those carries cargo builds.
    fn missing(
        &self,
        release: &Release,
        candidate: &Candidate,
        what: &str,
        log: &mut Log,
    ) -> Event {
        if release.slot == Slot::Dev {
            log.note(candidate, "carries no cargo builds");
            return Event::Absent;
        }
        log.missing.get_or_insert_with(|| what.to_owned());
        log.note(candidate, "cannot be asked by this version of loom");
        Event::Missing
    }

    /// A source says that it has nothing. Over plain HTTP anybody can say so for it.
    fn absent(
        &self,
        release: &Release,
        candidate: &Candidate,
        source: &dyn Source,
        log: &mut Log,
    ) -> Result<Event, AcquireError> {
        if candidate.origin == Origin::PlainHttp {
            let why = "says over plain http that it does not carry it, which proves nothing";
            self.observer.tell(Progress::Failed { source: &candidate.name, why });
            log.note(candidate, why);
            return Ok(Event::unanswered());
        }
        let platforms = match release.slot.version() {
            Some(version) => self.network.block_on(source.platforms(&release.binary, version))?,
            None => Vec::new(),
        };
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
        Ok(Event::Absent)
    }
}
