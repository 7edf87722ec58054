//! Compares what a source delivered with the expectation, and gives a failed transfer its meaning.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use loom_source::{Offer, Release, Statement};

use super::{
    answer::ChosenArtifact,
    report::{StepReport, strike},
};
use crate::{
    acquire::{
        AcquireError, AttemptCause, ProgramRule,
        fetch::{FetchError, Fetched, MismatchedPart},
    },
    sources::Candidate,
    store::{AdmitError, Checked, Received, Store, StoreError, UnpackError},
    trust::{DigestSubject, Expected, Pins, TrustedDigest, Voucher, Waiver},
};

/// A release that a source delivered, and that met its expectation.
pub(in crate::acquire) struct AdmittedRelease<'a> {
    /// The source.
    pub(in crate::acquire) candidate: &'a Candidate,
    /// What the source offered.
    pub(in crate::acquire) offer: Offer,
    /// The artifact, and what it had to meet.
    pub(in crate::acquire) expected: Expected,
    /// The tree.
    pub(in crate::acquire) checked: Checked,
    /// The transfer, where the artifact came in one piece.
    pub(in crate::acquire) received: Option<Received>,
}

/// Compares what arrived with the expectation, and with the statement that the source served.
///
/// The outer error is fatal for the whole acquisition, the inner one concerns this source.
pub(super) fn admit(
    store: &Store,
    candidate: &Candidate,
    chosen: &ChosenArtifact,
    pins: &Pins,
    fetched: Fetched,
    rule: ProgramRule,
) -> Result<Result<(Checked, Option<Received>), StepReport>, AcquireError> {
    let Fetched { mut staged, received } = fetched;
    let expectation = &chosen.expected.expectation;
    let statement = chosen.offer.statement.as_deref();
    // A statement that cannot be read is refused below, with its reason.
    let entry = statement.and_then(|bytes| Statement::parse(bytes).ok()?.entry.parse().ok());
    if let Some(entry) = entry {
        staged.set_entry(entry);
    }
    let checked = match store.admit(staged, expectation, received.as_ref()) {
        Ok(checked) => checked,
        Err(AdmitError::Store(error)) => return Err(error.into()),
        Err(error) => {
            let resumed = is_mixed(chosen.restarted, received.as_ref());
            return Ok(Err(refused(candidate, &chosen.expected, error, resumed)));
        }
    };
    if let Some(report) = refused_by_lock(&checked, &chosen.expected, received.as_ref(), pins) {
        return Ok(Err(report));
    }
    if let Some(error) = not_a_program(&checked, rule)? {
        return Ok(Err(StepReport::unusable(AttemptCause::Admit(error))));
    }
    let checked = match statement {
        None => Ok(checked),
        Some(statement) => checked.with_statement(statement.to_vec()),
    };
    Ok(match checked {
        Ok(checked) => Ok((checked, received)),
        Err(error) => Err(StepReport::unusable(AttemptCause::Statement(error))),
    })
}

/// What a lock says of a tree that is verified otherwise: a lock that is not trusted vouches for nothing, and refuses.
fn refused_by_lock(
    checked: &Checked,
    expected: &Expected,
    received: Option<&Received>,
    pins: &Pins,
) -> Option<StepReport> {
    let lock = pins.lock.as_ref()?;
    let file = file_name(expected);
    let archive = received.map(Received::digest);
    let (of, locked) = lock.refused(&checked.tree(), &file, archive.as_ref())?;
    let got = match of {
        DigestSubject::Archive => archive.unwrap_or_else(|| checked.tree()),
        DigestSubject::Tree => checked.tree(),
    };
    let by = format!("the lock file {}", lock.file);
    let cause = AttemptCause::Mismatch { file, expected: locked, got, by, of, grade: None };
    Some(StepReport::mismatch(cause, None))
}

/// The error for a release whose program is something else.
fn not_a_program(checked: &Checked, rule: ProgramRule) -> Result<Option<AdmitError>, StoreError> {
    let Some(found) = checked.program_kind()? else { return Ok(None) };
    let unverified =
        matches!(checked.waiver(), Some(Waiver::AllowUnverified | Waiver::IfAvailable));
    let release = checked.release();
    Ok((!rule.accepts(&found, release.platform, unverified)).then(|| AdmitError::NotAProgram {
        release: Box::new(release.clone()),
        path: checked.entry().to_string(),
        found,
    }))
}

/// What a refused tree says about its source.
fn refused(
    candidate: &Candidate,
    expected: &Expected,
    error: AdmitError,
    resumed: bool,
) -> StepReport {
    match error {
        AdmitError::Mismatch { of, expected: digest, got, by, .. } => {
            let (file, trusted) = match of {
                DigestSubject::Archive => (file_name(expected), &expected.expectation.archive),
                DigestSubject::Tree => {
                    let release = &expected.expectation.release;
                    (format!("the files of {release}"), &expected.expectation.tree)
                }
            };
            let grade = trusted.as_ref().map(|digest| digest.grade);
            // A release that changed: when and where each digest was seen decides which one is right.
            let is_changed = trusted.as_ref().is_some_and(|digest| digest.by == Voucher::FirstSeen);
            let by = if is_changed {
                let now = format_rfc3339(SystemTime::now());
                format!("{by}; the other one was seen {now} from {}", candidate.name)
            } else {
                by
            };
            let cause = AttemptCause::Mismatch { file, expected: digest, got, by, of, grade };
            mismatch(candidate, expected, cause, resumed)
        }
        AdmitError::Signature(_) if resumed => {
            StepReport::damaged_partial(&AttemptCause::Admit(error))
        }
        AdmitError::Size { .. } if resumed => {
            StepReport::damaged_partial(&AttemptCause::Admit(error))
        }
        AdmitError::Size { .. } => StepReport::mismatch(AttemptCause::Admit(error), None),
        error => StepReport::unusable(AttemptCause::Admit(error)),
    }
}

fn mismatch(
    candidate: &Candidate,
    expected: &Expected,
    cause: AttemptCause,
    resumed: bool,
) -> StepReport {
    if resumed {
        return StepReport::damaged_partial(&cause);
    }
    let release: &Release = &expected.expectation.release;
    let strike = strike(candidate, release, &cause);
    StepReport::mismatch(cause, strike)
}

/// What a failed fetch says about its source. An error that no other source can avoid is returned as an error.
pub(super) fn unfetched(
    candidate: &Candidate,
    chosen: &mut ChosenArtifact,
    error: FetchError,
) -> Result<StepReport, AcquireError> {
    let ChosenArtifact { expected, reached, restarted, .. } = chosen;
    let file = file_name(expected);
    Ok(match error {
        FetchError::Fatal(error) => return Err(error),
        FetchError::Source(error, bytes) => {
            // A source that always begins at the first byte, and always breaks off at the same one, makes no progress.
            let progress = bytes > *reached;
            *reached = bytes.max(*reached);
            StepReport::failed(error, progress)
        }
        FetchError::Unopened(error) => StepReport::failed(error, false).for_good(),
        FetchError::TooLong { expected, resumed } => {
            let cause = AttemptCause::TooLong { file, expected };
            if resumed && !*restarted {
                StepReport::damaged_partial(&cause)
            } else {
                StepReport::mismatch(cause, None)
            }
        }
        FetchError::Mismatch(MismatchedPart { file, expected: digest, got }) => {
            let trusted = expected.expectation.tree.as_ref();
            let by = trusted.map(TrustedDigest::voucher).unwrap_or_default();
            let (of, grade) = (DigestSubject::Tree, trusted.map(|digest| digest.grade));
            let cause = AttemptCause::Mismatch { file, expected: digest, got, by, of, grade };
            mismatch(candidate, expected, cause, false)
        }
        FetchError::Unpack(UnpackError::Store(error), _) => return Err(error.into()),
        FetchError::Unpack(error, received) => {
            let resumed = is_mixed(*restarted, received.as_ref());
            match (&expected.expectation.archive, &received) {
                // The archive could not be unpacked because it is another one.
                (Some(archive), Some(received)) if archive.digest != received.digest() => {
                    let cause = AttemptCause::Mismatch {
                        file,
                        expected: archive.digest,
                        got: received.digest(),
                        by: archive.voucher(),
                        of: DigestSubject::Archive,
                        grade: Some(archive.grade),
                    };
                    mismatch(candidate, expected, cause, resumed)
                }
                (None, _) if resumed => StepReport::damaged_partial(&AttemptCause::Unpack(error)),
                _ => StepReport::unusable(AttemptCause::Unpack(error)),
            }
        }
    })
}

/// Whether some bytes may be from an earlier run or another source, so that this source may not be at fault.
fn is_mixed(restarted: bool, received: Option<&Received>) -> bool {
    !restarted && received.is_some_and(Received::resumed)
}

/// The file name of the artifact.
fn file_name(expected: &Expected) -> String {
    expected.artifact.file_name(&expected.expectation.release)
}
