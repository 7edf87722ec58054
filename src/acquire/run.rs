//! Drives the plan: asks, judges, fetches, publishes.

use std::{path::Path, thread, time::SystemTime};

use loom_source::{Offer, Release, Slot};

use super::{
    AcquireError, Acquired, Acquirer, Backend, Candidate, How, Reach,
    describe::whole,
    fetch::{FetchError, Fetched},
    first_seen,
    observer::Progress,
    outcome::{Log, blame},
    plan::{Action, Event, Plan, Reason},
    quarantine::{self, Quarantine},
};
use crate::{
    store::{AdmitError, Attempt, Checked, Installed, Received, Recovery},
    trust::{Expected, Origin, Pin, PinOrigin, Pins, Waiver},
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
    Here(Installed),
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
        let blames = quarantine::just(std::mem::take(&mut log.blames));
        Quarantine::add(self.state, blames, SystemTime::now())?;
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
                    let candidate = &self.candidates[place];
                    log.ask();
                    match self.ask(release, candidate, &pins, log)? {
                        Ok(found) => {
                            chosen = Some(found);
                            Step::Event(Event::Offered)
                        }
                        Err(Event::Absent) if candidate.stop_on_absent => {
                            return Err(self.unserved(release, Reason::Absent, log));
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
            match (step, &chosen) {
                (Step::Here(installed), Some(chosen)) => {
                    let source = chosen.candidate.name.clone();
                    return Ok(Acquired { installed, how: How::Fetched { source } });
                }
                (Step::Here(installed), None) => return Ok(Acquired { installed, how: How::Here }),
                (Step::Event(event), _) => action = plan.next(event),
            }
        }
    }

    /// The order in which sources are asked: as configured, those that lied lately last.
    fn order(&self, release: &Release) -> Result<Vec<(usize, bool)>, AcquireError> {
        let names: Vec<String> =
            self.candidates.iter().map(|candidate| candidate.name.clone()).collect();
        let places = if self.quarantine {
            Quarantine::load(self.state, SystemTime::now())?.order(&names, release)
        } else {
            (0..names.len()).collect()
        };
        Ok(places.into_iter().map(|place| (place, self.candidates[place].stop_on_error)).collect())
    }

    fn unserved(&self, release: &Release, reason: Reason, log: &mut Log) -> AcquireError {
        let what = release.to_string();
        if self.candidates.is_empty() {
            return AcquireError::NoSource(what);
        }
        if log.offline && reason <= Reason::Unreachable {
            return AcquireError::Offline { what };
        }
        let attempts = std::mem::take(&mut log.attempts);
        AcquireError::Unserved { release: what, reason, attempts, unproven: log.unproven }
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
            Backend::Missing(what) => return Err(AcquireError::Missing(what.clone())),
            Backend::Ready(source) => source,
        };
        if self.offline && candidate.reach == Reach::Network {
            log.offline = true;
            log.note(candidate, "not asked: loom is offline");
            return Ok(Err(Event::Absent));
        }
        let offer = match self.network.block_on(source.find(release))? {
            Ok(Some(offer)) => offer,
            Ok(None) => {
                log.note(candidate, "does not carry it");
                return Ok(Err(Event::Absent));
            }
            Err(error) => return Ok(Err(self.failed(log, candidate, &error, false))),
        };
        Ok(match self.policy.judge(release, &candidate.name, candidate.origin, &offer, pins) {
            Ok(expected) => Ok(Chosen { candidate, offer, expected }),
            Err(distrust) => Err(self.distrusted(log, candidate, &distrust)),
        })
    }

    /// Fetches what was chosen and publishes it, or says what went wrong.
    pub(super) fn attempt(
        &self,
        release: &Release,
        chosen: &Chosen<'_>,
        whole: bool,
        log: &mut Log,
    ) -> Result<Step, AcquireError> {
        if chosen.candidate.origin == Origin::Workspace {
            return self.build(release, chosen, log);
        }
        let Backend::Ready(source) = &chosen.candidate.backend else {
            return Ok(Step::Event(Event::Absent));
        };
        match self.fetch(&chosen.candidate.name, source.as_ref(), &chosen.expected, whole) {
            Ok(fetched) => self.admit(release, chosen, fetched, log),
            Err(error) => self.unfetched(release, chosen, error, log).map(Step::Event),
        }
    }

    /// What a fetch that brought nothing usable says of the source.
    fn unfetched(
        &self,
        release: &Release,
        chosen: &Chosen<'_>,
        error: FetchError,
        log: &mut Log,
    ) -> Result<Event, AcquireError> {
        let (candidate, expectation) = (chosen.candidate, &chosen.expected.expectation);
        Ok(match error {
            FetchError::Fatal(error) => return Err(error),
            FetchError::Source(error, progress) => self.failed(log, candidate, &error, progress),
            FetchError::TooLong { announced, resumed } => {
                let why = format!("more bytes than the {announced} announced");
                self.wrong(log, candidate, &why, None, resumed)
            }
            FetchError::Wrong { what, expected, got } => {
                let why = format!("{what} has the digest {got}, and {expected} was expected");
                self.wrong(
                    log,
                    candidate,
                    &why,
                    blame(candidate, release, expected, got, expectation),
                    false,
                )
            }
            FetchError::Unpack(crate::store::UnpackError::Store(error), _) => {
                return Err(error.into());
            }
            FetchError::Unpack(error, received) => {
                let resumed = received.as_ref().is_some_and(Received::resumed);
                match (&expectation.archive, &received) {
                    (Some(proof), Some(received)) if proof.digest != received.digest() => {
                        let (expected, got) = (proof.digest, received.digest());
                        let why = format!("its digest is {got}, but {} says {expected}", proof.by);
                        self.wrong(
                            log,
                            candidate,
                            &why,
                            blame(candidate, release, expected, got, expectation),
                            resumed,
                        )
                    }
                    (None, _) if resumed => self.wrong(log, candidate, &whole(&error), None, true),
                    _ => self.refused(log, candidate, &whole(&error)),
                }
            }
        })
    }

    /// Holds what arrived to the expectation, and publishes it.
    fn admit(
        &self,
        release: &Release,
        chosen: &Chosen<'_>,
        fetched: Fetched,
        log: &mut Log,
    ) -> Result<Step, AcquireError> {
        let Fetched { staged, received } = fetched;
        let (candidate, expectation) = (chosen.candidate, &chosen.expected.expectation);
        let resumed = received.as_ref().is_some_and(Received::resumed);
        let checked = match self.store.admit(staged, expectation, received.as_ref()) {
            Ok(checked) => checked,
            Err(AdmitError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let why = whole(&error);
                return Ok(Step::Event(match error {
                    AdmitError::Mismatch { expected, got, .. } => self.wrong(
                        log,
                        candidate,
                        &why,
                        blame(candidate, release, expected, got, expectation),
                        resumed,
                    ),
                    AdmitError::Size { .. } => self.wrong(log, candidate, &why, None, resumed),
                    _ => self.refused(log, candidate, &why),
                }));
            }
        };
        let checked = match &chosen.offer.statement {
            None => checked,
            Some(statement) => match checked.with_statement(statement.to_vec()) {
                Ok(checked) => checked,
                Err(error) => return Ok(Step::Event(self.refused(log, candidate, &whole(&error)))),
            },
        };
        self.publish(chosen, checked, received, log).map(Step::Here)
    }

    fn publish(
        &self,
        chosen: &Chosen<'_>,
        checked: Checked,
        received: Option<Received>,
        log: &mut Log,
    ) -> Result<Installed, AcquireError> {
        let Chosen { candidate, offer, expected } = chosen;
        let expectation = &expected.expectation;
        let bytes = received.as_ref().map_or(0, Received::size);
        let archive = received.as_ref().map(Received::digest);
        log.note(candidate, "delivered");
        if let Some(waiver @ (Waiver::AllowUnverified | Waiver::IfAvailable)) = expectation.waiver {
            self.warn_unverified(expectation.release.to_string(), candidate, waiver);
        }
        let receipt = self.receipt(log, candidate, offer, expectation, &checked, bytes);
        let (grade, tree) = (checked.grade(), checked.tree());
        let checked = match received {
            Some(received) if self.keep_archives => checked.keep_archive(received),
            _ => checked,
        };
        let mut published = self.store.publish(vec![(checked, receipt)])?;
        // What nobody vouched for is not remembered as the truth.
        if grade.is_some() {
            let pin = |digest| Pin { digest, origin: seen(candidate) };
            let seen =
                Pins { tree: Some(pin(tree)), archives: archive.map(pin).into_iter().collect() };
            first_seen::remember(self.state, &expectation.release, seen)?;
        }
        published.pop().ok_or_else(|| {
            crate::store::StoreError::Gone {
                release: Box::new(expectation.release.clone()),
                root: self.store.root().to_owned(),
            }
            .into()
        })
    }

    fn warn_unverified(&self, release: String, candidate: &Candidate, waiver: Waiver) {
        let by = match waiver {
            Waiver::AllowUnverified => "--allow-unverified",
            _ => "trust.checksum = \"if-available\"",
        };
        let text = format!(
            "{release} from {} was not verified: no checksum, accepted by {by}",
            candidate.name
        );
        self.observer.tell(Progress::Notice { text: &text });
    }

    /// A cargo build: what is in the slot counts if it is the same build, else it is copied.
    fn build(
        &self,
        release: &Release,
        chosen: &Chosen<'_>,
        log: &mut Log,
    ) -> Result<Step, AcquireError> {
        let program = Path::new(chosen.expected.carrier.at.as_str());
        if let Some(installed) = self.same_build(release, chosen)? {
            return Ok(Step::Here(installed));
        }
        let staged = match self.copy_build(program, &release.executable()) {
            Ok(Some(staged)) => staged,
            Ok(None) => {
                let why = format!(
                    "{} changed while it was copied: is cargo building?",
                    program.display()
                );
                return Ok(Step::Event(self.refused(log, chosen.candidate, &why)));
            }
            Err(error) => return self.unfetched(release, chosen, error, log).map(Step::Event),
        };
        self.admit(release, chosen, Fetched { staged, received: None }, log)
    }

    fn same_build(
        &self,
        release: &Release,
        chosen: &Chosen<'_>,
    ) -> Result<Option<Installed>, AcquireError> {
        if self.force {
            return Ok(None);
        }
        let Some(build) = &chosen.offer.build else { return Ok(None) };
        let Some(receipt) = self.store.receipt(release)? else { return Ok(None) };
        if receipt.build.as_ref() != Some(&super::outcome::build(build)) {
            return Ok(None);
        }
        match self.store.find(release)? {
            Some(installed) => Ok(Some(installed)),
            None => Ok(match self.store.recover(release)? {
                Recovery::Linked(installed) => Some(installed),
                _ => None,
            }),
        }
    }

    /// Whether the source of this name lies on a disk of this machine.
    pub(super) fn is_on_disk(&self, name: &str) -> bool {
        self.candidates
            .iter()
            .any(|candidate| candidate.name == name && candidate.reach == Reach::Disk)
    }

    /// Links `bin/latest` to what was acquired, for people.
    pub fn show_as_latest(&self, installed: &Installed) -> Result<(), AcquireError> {
        Ok(self.store.link_latest(installed)?)
    }
}

fn seen(candidate: &Candidate) -> PinOrigin {
    let at = crate::store::receipt::rfc3339(SystemTime::now());
    PinOrigin::FirstSeen { source: candidate.name.clone(), at }
}
