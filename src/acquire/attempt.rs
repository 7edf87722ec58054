//! One attempt at one source: what was fetched is held to the expectation, and what went wrong gets its meaning.

use loom_source::{Release, SourceError, Statement};

use super::{
    AcquireError, Acquirer,
    describe::error_chain,
    fetch::{FetchError, Fetched, Transfer},
    outcome::{AttemptLog, blame},
    plan::SourceEvent,
    run::{ChosenArtifact, StepOutcome},
};
use crate::{
    store::{AdmitError, Received, UnpackError},
    trust::{Grade, Rejection, TrustedDigest},
};

impl Acquirer<'_> {
    /// Receives what was chosen and publishes it, or says what went wrong.
    pub(super) fn attempt(
        &self,
        release: &Release,
        chosen: &ChosenArtifact<'_>,
        transfer: Transfer,
        log: &mut AttemptLog,
    ) -> Result<StepOutcome, AcquireError> {
        let (name, expected) = (chosen.candidate.name.as_str(), &chosen.expected);
        let fetched = match transfer {
            Transfer::Build => return self.build(release, chosen, log),
            Transfer::Stream(partial, opened) => self.receive(name, expected, partial, opened),
            Transfer::Listing(opened) => {
                self.loose(name, chosen.candidate.source.as_ref(), expected, opened)
            }
        };
        match fetched {
            Ok(fetched) => self.admit(release, chosen, fetched, log),
            Err(error) => self.unfetched(release, chosen, error, log).map(StepOutcome::Event),
        }
    }

    /// What a fetch that brought nothing usable says of the source.
    pub(super) fn unfetched(
        &self,
        release: &Release,
        chosen: &ChosenArtifact<'_>,
        error: FetchError,
        log: &mut AttemptLog,
    ) -> Result<SourceEvent, AcquireError> {
        let (candidate, expectation) = (chosen.candidate, &chosen.expected.expectation);
        Ok(match error {
            FetchError::Fatal(error) => return Err(error),
            FetchError::Source(error, progress) => self.failed(log, candidate, &error, progress),
            FetchError::Unopened(error) => self.failed(log, candidate, &error, false).for_good(),
            FetchError::TooLong { announced, resumed } => {
                let why = format!("more bytes than the {announced} announced");
                self.wrong(log, candidate, &why, None, resumed)
            }
            FetchError::Wrong { what, expected, got } => {
                let why = format!("{what} has the digest {got}, and {expected} was expected");
                let grade = grade(expectation.tree.as_ref());
                let blame = blame(candidate, release, expected, got, grade);
                self.wrong(log, candidate, &why, blame, false)
            }
            FetchError::Unpack(UnpackError::Store(error), _) => return Err(error.into()),
            FetchError::Unpack(error, received) => {
                let resumed = received.as_ref().is_some_and(Received::resumed);
                match (&expectation.archive, &received) {
                    (Some(proof), Some(received)) if proof.digest != received.digest() => {
                        let (expected, got) = (proof.digest, received.digest());
                        let why = format!("its digest is {got}, but {} says {expected}", proof.by);
                        let blame = blame(candidate, release, expected, got, Some(proof.grade));
                        self.wrong(log, candidate, &why, blame, resumed)
                    }
                    (None, _) if resumed => {
                        self.wrong(log, candidate, &error_chain(&error), None, true)
                    }
                    _ => self.refused(log, candidate, &error_chain(&error)),
                }
            }
        })
    }

    /// Holds what arrived to the expectation, and publishes it.
    pub(super) fn admit(
        &self,
        release: &Release,
        chosen: &ChosenArtifact<'_>,
        fetched: Fetched,
        log: &mut AttemptLog,
    ) -> Result<StepOutcome, AcquireError> {
        let Fetched { mut staged, received } = fetched;
        let (candidate, expectation) = (chosen.candidate, &chosen.expected.expectation);
        let resumed = received.as_ref().is_some_and(Received::resumed);
        let statement = chosen.offer.statement.as_deref();
        // One that cannot be read is refused below, with its reason.
        let entry = statement.and_then(|bytes| Statement::parse(bytes).ok()?.entry.parse().ok());
        if let Some(entry) = entry {
            staged.set_entry(entry);
        }
        let checked = match self.store.admit(staged, expectation, received.as_ref()) {
            Ok(checked) => checked,
            Err(AdmitError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let mut why = error_chain(&error);
                return Ok(StepOutcome::Event(match error {
                    AdmitError::Mismatch { what, expected, got, .. } => {
                        let archive = what == "archive";
                        let proof = if archive { &expectation.archive } else { &expectation.tree };
                        let grade = grade(proof.as_ref());
                        if !archive && grade == Some(Grade::Identity) {
                            why = format!("{why}; {}", Rejection::CHANGED);
                        }
                        let blame = blame(candidate, release, expected, got, grade);
                        self.wrong(log, candidate, &why, blame, resumed)
                    }
                    AdmitError::Size { .. } => self.wrong(log, candidate, &why, None, resumed),
                    _ => self.refused(log, candidate, &why),
                }));
            }
        };
        let checked = match statement {
            None => checked,
            Some(statement) => match checked.with_statement(statement.to_vec()) {
                Ok(checked) => checked,
                Err(error) => {
                    return Ok(StepOutcome::Event(self.refused(
                        log,
                        candidate,
                        &error_chain(&error),
                    )));
                }
            },
        };
        self.publish(chosen, checked, received, log)
    }

    /// A source could not read one of its own files.
    pub(super) fn unread(at: impl Into<String>, source: std::io::Error) -> FetchError {
        FetchError::Source(SourceError::read(at, source), false)
    }
}

fn grade(proof: Option<&TrustedDigest>) -> Option<Grade> {
    proof.map(|proof| proof.grade)
}
