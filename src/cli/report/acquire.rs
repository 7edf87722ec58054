//! Exit codes and hints of the errors of an acquisition.

use loom_base::error_chain;
use loom_runtime::{
    acquire::{AcquireError, AttemptCause, FailureReason, SourceAttempt},
    store::Unverified,
    trust::{DigestSubject, Grade, Rejection},
};
use loom_source::{Digest, Slot, SourceError, SourceErrorKind};

use super::{signature::signature_hint, source_error, state, store};
use crate::cli::{CommandError, Exit};

/// For a release whose digest differs from the one that it had before.
const CHANGED: &str = "a release never changes: find out from its publisher which digest is right";

/// For a release whose digest differs from the locked one.
const OTHER_THAN_LOCKED: &str = "a release never changes: find out which digest is right; if the lock file is wrong, remove \
                                 the entry from it and run `loom lock`";

/// For releases without a checksum.
const NO_CHECKSUM: &str = "publish a .sha256 file beside the archive, or accept the release once with \
                           --allow-unverified (trust.checksum = \"if-available\" accepts it always)";

/// Where no key could have signed.
const NO_KEY: &str = "add the key of the publisher to trust.keys in your config.toml, such as keys = \
                      [\"minisign:RWQ…\"], or the root of a signed mirror with `loom trust add-root`; trust.signature = \
                      \"optional\" accepts releases by their checksums alone";

/// For releases without a signature.
const NO_SIGNATURE: &str = "publish a signature beside the archive or beside SHA256SUMS (.minisig, .sig, .asc or \
                            .sigstore.json), or name a source that has one";

/// The exit code of a failed acquisition.
pub(crate) fn exit(error: &AcquireError) -> Exit {
    match error {
        AcquireError::Store(error) => store::exit(error),
        AcquireError::State(error) => state::exit(error),
        AcquireError::FirstSeen { .. } => Exit::Failure,
        AcquireError::NoSource(_) | AcquireError::Unreadable { .. } => Exit::Usage,
        AcquireError::Unserved { reason, .. } => match reason {
            FailureReason::Absent => Exit::Absent,
            FailureReason::Unreachable => Exit::Unreachable,
            FailureReason::Credentials => Exit::Credentials,
            FailureReason::Integrity => Exit::Integrity,
        },
        AcquireError::OnlyBuilds { .. }
        | AcquireError::Unlistable { .. }
        | AcquireError::Withdrawn { .. } => Exit::Absent,
        AcquireError::Mismatch { .. }
        | AcquireError::Downgrade { .. }
        | AcquireError::Older { .. }
        | AcquireError::OtherThanLocked { .. }
        | AcquireError::NoChecksum { .. }
        | AcquireError::TooYoung { .. }
        | AcquireError::Damaged { .. }
        | AcquireError::OtherTree { .. }
        | AcquireError::Offline { here: Some(Unverified::TreeDamaged(_)), .. } => Exit::Integrity,
        AcquireError::Offline { .. } => Exit::Offline,
        AcquireError::Prepare(_) => Exit::Failure,
    }
}

/// What the user can do about a failed acquisition: for the failure of each source, then in general.
pub(crate) fn hint(error: &AcquireError) -> Option<String> {
    let attempts = error.attempts();
    let mut hints: Vec<String> = Vec::new();
    for SourceAttempt { record, cause } in attempts {
        let Some(hint) = cause.as_ref().and_then(cause_hint) else { continue };
        let several = attempts.len() > 1 && hint != NO_CHECKSUM;
        let hint = if several { format!("{}: {hint}", record.source) } else { hint };
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    let general = general(error).filter(|general| {
        // Advice for a source's credentials is enough.
        // What is missing is the user's key: no source has done anything wrong.
        let lacks_key = |it: &SourceAttempt| {
            matches!(it.cause, Some(AttemptCause::Rejected(Rejection::NoKey { .. })))
        };
        let vague = !hints.is_empty()
            && (general == reason_hint(FailureReason::Credentials)
                || general == reason_hint(FailureReason::Integrity)
                    && attempts.iter().all(lacks_key));
        !vague && !hints.contains(general)
    });
    hints.extend(general);
    (!hints.is_empty()).then(|| hints.join("\n"))
}

fn general(error: &AcquireError) -> Option<String> {
    let hint = match error {
        AcquireError::Store(error) => return store::hint(error),
        AcquireError::State(error) => state::hint(error),
        AcquireError::FirstSeen { release, .. } => {
            return Some(format!(
                "`loom remove {} --forget` removes the file with the release; the next `loom get` trusts what the source \
                 states, as at the first time",
                release.slot
            ));
        }
        AcquireError::NoSource(_) => {
            "build it in a checkout of Loom with `loom up --build`, or name a source: --source file:///FOLDER or --source \
             https://HOST/PATH"
        }
        AcquireError::Unserved { unverified: true, .. } => NO_CHECKSUM,
        AcquireError::Unserved { attempts, .. } if failed_build(attempts).is_some() => return None,
        AcquireError::Unserved { reason, .. } => reason_hint(*reason),
        AcquireError::OtherTree { .. } => CHANGED,
        AcquireError::Mismatch { .. } => reason_hint(FailureReason::Integrity),
        AcquireError::Unreadable { .. } => "give the path of an archive, or of the program itself",
        AcquireError::NoChecksum { .. } => {
            "give its digest with --sha256, or accept it without one with --allow-unverified"
        }
        AcquireError::OnlyBuilds { .. } => {
            "add a source that has releases (--source …), or use --version dev"
        }
        AcquireError::Unlistable { .. } => {
            "name a version with --version, or publish an index with `loom mirror index`"
        }
        AcquireError::TooYoung { .. } => {
            "name a version with --version, or lower trust.minimum_release_age"
        }
        AcquireError::Withdrawn { release, .. } => return Some(withdrawn_hint(&release.slot)),
        AcquireError::Downgrade { offered, .. } => {
            return Some(format!(
                "a mirror that goes back may be stale or hostile; accept it with --allow-downgrade, or name the version \
                 with --version {offered}"
            ));
        }
        AcquireError::Older { version, .. } => {
            return Some(format!(
                "read its loom.toml, then run `loom trust`, or name the version with --version {version}"
            ));
        }
        AcquireError::Offline { here: Some(_), .. } => {
            "run it once without --offline (or LOOM_OFFLINE) to fetch and verify it again"
        }
        AcquireError::Offline { .. } => {
            "run it once without --offline (or LOOM_OFFLINE), or name a local source: --source file:///FOLDER"
        }
        AcquireError::OtherThanLocked { .. } => {
            "`loom why` shows where the installed one is from; `loom remove VERSION --forget` removes it, and the next \
             `loom get` fetches the locked one"
        }
        AcquireError::Damaged { source, .. } => return general(source),
        AcquireError::Prepare(_) => return None,
    };
    Some(hint.to_owned())
}

/// What the user can do where the only version that is meant is withdrawn.
pub(crate) fn withdrawn_hint(slot: &Slot) -> String {
    format!("use another range; a version that is named is used all the same: `loom get {slot}`")
}

fn reason_hint(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::Absent => {
            "check the version (`loom list` lists the installed ones), name another source with --source, or build it in \
             a checkout of Loom with `loom up --build`"
        }
        FailureReason::Unreachable => {
            "check the address of each source named above, and the connection to it, or name another one with --source"
        }
        FailureReason::Credentials => "check the credentials for the sources named above",
        FailureReason::Integrity => {
            "nothing of it was kept; inform the maintainer of the source, or name another one with --source"
        }
    }
}

/// What the user can do about the failure of one source.
pub(crate) fn cause_hint(cause: &AttemptCause) -> Option<String> {
    match cause {
        AttemptCause::Source(error) => source_error::hint(error),
        AttemptCause::Rejected(rejection) => Some(rejection_hint(rejection)),
        AttemptCause::Mismatch {
            of: DigestSubject::Tree,
            grade: Some(Grade::Identity),
            by,
            ..
        } if by.starts_with("the lock file") => Some(OTHER_THAN_LOCKED.to_owned()),
        AttemptCause::Mismatch {
            of: DigestSubject::Tree,
            grade: Some(Grade::Identity),
            file,
            got,
            ..
        } => Some(changed(file.trim_start_matches("the files of "), got)),
        AttemptCause::Mismatch { .. } | AttemptCause::TooLong { .. } => None,
        AttemptCause::Unpack(error) => store::unpack_hint(error),
        AttemptCause::Admit(error) => store::admit_hint(error),
        AttemptCause::Statement(error) => store::hint(error),
    }
}

/// Why a source failed and what the user can do about it, in one line.
pub(crate) fn cause_line(cause: &AttemptCause) -> String {
    let text = error_chain(cause);
    match cause_hint(cause) {
        Some(hint) => format!("{text}; {hint}"),
        None => text,
    }
}

/// The error where no source listed its versions, with one line for each.
pub(crate) fn unlistable(exit: Exit, causes: Vec<String>) -> CommandError {
    let error = CommandError::new(exit, "no source could list its versions");
    let hint = match exit {
        Exit::Offline => "run it once without --offline (or LOOM_OFFLINE)",
        Exit::Absent => "name the version: `loom get VERSION` needs no list",
        Exit::Credentials => reason_hint(FailureReason::Credentials),
        _ => "check the address of each source named above, and the connection to it",
    };
    CommandError { causes, ..error }.hint(hint)
}

/// How a release that changed is accepted.
fn changed(release: &str, digest: &Digest) -> String {
    format!(
        "{CHANGED}; if it is the new one, accept it with `loom trust accept {release} --digest {digest}`"
    )
}

/// What the user can do about an offer that the policy refuses.
fn rejection_hint(rejection: &Rejection) -> String {
    let hint = match rejection {
        Rejection::Differs { release, claimed, .. } => return changed(release, claimed),
        Rejection::NoChecksum { .. } => NO_CHECKSUM,
        Rejection::LockDiffers { .. } | Rejection::OtherThanLocked { .. } => OTHER_THAN_LOCKED,
        Rejection::NotLocked { .. } => "`loom lock` adds what the sources offer",
        Rejection::Contradiction { .. } => "the maintainer of the source has to publish it again",
        Rejection::Statement { .. } => {
            "nothing of it was kept; inform the maintainer of the source, or name another one with --source"
        }
        Rejection::Expired { .. } => {
            "the maintainer of the mirror has to publish a new index: `loom mirror index`"
        }
        Rejection::NoArtifact { .. } => {
            "this version reads .tar.gz, .tar.zst, .zip and bare programs; a newer one may read more"
        }
        Rejection::NoKey { .. } => NO_KEY,
        Rejection::NoSignature { .. } => NO_SIGNATURE,
        Rejection::Signature(problem) => signature_hint(problem),
    };
    hint.to_owned()
}

/// The failed cargo build among the attempts, if there is one. No other source can replace it.
fn failed_build(attempts: &[SourceAttempt]) -> Option<&SourceError> {
    attempts.iter().find_map(|attempt| match &attempt.cause {
        Some(AttemptCause::Source(error))
            if matches!(error.kind, SourceErrorKind::Build { .. }) =>
        {
            Some(error)
        }
        _ => None,
    })
}

impl From<Rejection> for CommandError {
    fn from(rejection: Rejection) -> Self {
        Self::of(Exit::Integrity, &rejection).hint(rejection_hint(&rejection))
    }
}

impl From<AcquireError> for CommandError {
    fn from(error: AcquireError) -> Self {
        let exit = exit(&error);
        let mut command_error = match &error {
            AcquireError::Store(error) => Self::of(exit, error),
            AcquireError::State(error) => Self::of(exit, error),
            error => match failed_build(error.attempts()) {
                Some(build) => return Self::of(exit, build).maybe_hint(hint(error)),
                None => Self::of(exit, error),
            },
        };
        command_error.causes.extend(chain(&error));
        command_error.maybe_hint(hint(&error))
    }
}

/// The causes of a failed acquisition: one line for each attempt.
fn chain(error: &AcquireError) -> Vec<String> {
    if let AcquireError::Mismatch { attempts, .. } = error {
        let by = attempts.iter().filter_map(|attempt| match &attempt.cause {
            Some(AttemptCause::Mismatch { by, .. }) => Some(format!("expected by {by}")),
            _ => None,
        });
        return by.collect();
    }
    let line =
        |attempt: &SourceAttempt| format!("{}: {}", attempt.record.source, attempt.record.outcome);
    error.attempts().iter().map(line).collect()
}
