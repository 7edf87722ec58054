//! Samples of the errors of acquisitions.

use std::time::Duration;

use loom_base::error_chain;
use loom_runtime::{
    acquire::{AcquireError, AttemptCause, ChecksumMismatch, FailureReason, SourceAttempt},
    store::{AdmitError, Attempt, AttemptKind, StoreError, UnpackError, Unverified},
    trust::{DigestSubject, Grade, Rejection, SignatureProblem},
};
use loom_source::{Digest, EvidenceKind, Selector, SourceError, SourceErrorKind};

use super::{
    ErrorVariants,
    samples::{digest, io_error, release, signature_problem, state_error, version},
};

variants!(AcquireError {
    Store,
    State,
    FirstSeen,
    NoSource,
    Unserved,
    Mismatch,
    Unreadable,
    NoChecksum,
    OnlyBuilds,
    Unlistable,
    TooYoung,
    Withdrawn,
    Downgrade,
    Older,
    OtherThanLocked,
    Offline,
    Damaged,
    OtherTree,
    Prepare
});
variants!(FailureReason { Absent, Unreachable, Credentials, Integrity });
variants!(AttemptCause { Source, Rejected, Mismatch, TooLong, Unpack, Admit, Statement });
variants!(AttemptKind {
    Delivered,
    Selected,
    Absent,
    Unlistable,
    TooYoung,
    NotAsked,
    Late,
    Superseded,
    Unreachable,
    Credentials,
    Offline,
    ChecksumMismatch,
    DamagedPartial,
    Rejected,
    Unusable,
    Changed,
    Unknown
});
variants!(Rejection {
    NoChecksum,
    Differs,
    LockDiffers,
    OtherThanLocked,
    NotLocked,
    Contradiction,
    NoArtifact,
    NoKey,
    NoSignature,
    Statement,
    Expired,
    Signature
});
variants!(SignatureProblem {
    UnknownKey,
    Bad,
    OtherRelease,
    NotListed,
    NamesNoRelease,
    Expired,
    Revoked,
    Legacy,
    Unusable
});
variants!(Unverified {
    Missing,
    Damaged,
    OtherTree,
    OtherStatement,
    NoChecksum,
    Policy,
    Unsigned,
    UnknownKey,
    RevokedKey,
    UnknownMirror,
    NotLocked,
    TreeDamaged
});

fn gone() -> SourceError {
    SourceError::new("https://host/a", SourceErrorKind::Gone)
}

/// The attempt that `cause` ended.
pub(super) fn attempt(cause: AttemptCause) -> SourceAttempt {
    let record = Attempt {
        source: "corp".to_owned(),
        kind: cause.kind(),
        outcome: error_chain(&cause),
        ms: 1,
        timeout_ms: None,
    };
    SourceAttempt { record, cause: Some(cause) }
}

pub(super) fn unserved(reason: FailureReason, attempts: Vec<SourceAttempt>) -> AcquireError {
    let causes = || attempts.iter().filter_map(|attempt| attempt.cause.as_ref());
    let unverified = causes().next().is_some() && causes().all(AttemptCause::is_missing_checksum);
    AcquireError::Unserved { release: release().to_string(), reason, attempts, unverified }
}

/// The error of an acquisition whose only source failed for `cause`.
pub(super) fn caused_by(cause: AttemptCause) -> AcquireError {
    let reason = match cause.kind() {
        AttemptKind::Credentials => FailureReason::Credentials,
        AttemptKind::Unreachable | AttemptKind::Offline => FailureReason::Unreachable,
        _ => FailureReason::Integrity,
    };
    unserved(reason, vec![attempt(cause)])
}

pub(super) fn errors() -> Vec<AcquireError> {
    let attempts = || vec![attempt(gone().into())];
    let file = || "/tmp/loom.tar.gz".into();
    let mismatch = ChecksumMismatch {
        file: "loom.tar.gz".to_owned(),
        source_name: "corp".to_owned(),
        expected: digest("a"),
        got: digest("b"),
    };
    let build = SourceErrorKind::Build {
        command: "cargo build".to_owned(),
        reason: "exit status 101".to_owned(),
    };
    let offline =
        |here| AcquireError::Offline { what: release().to_string(), here, attempts: Vec::new() };
    vec![
        AcquireError::Store(super::store::busy()),
        AcquireError::State(state_error()),
        AcquireError::FirstSeen { release: Box::new(release()), source: state_error() },
        AcquireError::NoSource(release().to_string()),
        unserved(FailureReason::Unreachable, attempts()),
        caused_by(SourceError::new("/checkout", build).into()),
        AcquireError::Mismatch {
            mismatch: Box::new(mismatch),
            attempts: vec![attempt(archive_mismatch())],
        },
        AcquireError::Unreadable { file: file(), source: io_error() },
        AcquireError::NoChecksum { file: file() },
        AcquireError::OnlyBuilds { release: release().to_string() },
        AcquireError::Unlistable { selector: Selector::Latest, attempts: attempts() },
        AcquireError::TooYoung {
            selector: Selector::Latest,
            minimum: Duration::from_secs(86_400),
            attempts: attempts(),
        },
        AcquireError::Withdrawn {
            selector: "0.2".parse().expect("a range"),
            release: Box::new(release()),
            source_name: "corp".to_owned(),
            attempts: Vec::new(),
        },
        AcquireError::Older { version: version("0.1.0"), newest: version("0.2.0") },
        AcquireError::OtherThanLocked {
            release: release().to_string(),
            locked: Digest::of(b"locked"),
            installed: Digest::of(b"installed"),
            lock: "/p/loom.lock".to_owned(),
        },
        AcquireError::OtherTree {
            release: release().to_string(),
            source_name: "corp".to_owned(),
            expected: Digest::of(b"expected"),
            got: Digest::of(b"got"),
        },
        AcquireError::Damaged {
            what: release().to_string(),
            damage: "/cache/store/1/bin/x: it is missing".to_owned(),
            source: Box::new(AcquireError::NoSource(release().to_string())),
        },
        offline(Some(Unverified::TreeDamaged("/cache/store/1/bin/x: it is missing".to_owned()))),
        AcquireError::Downgrade {
            source_name: "corp".to_owned(),
            offered: version("0.1.0"),
            before: version("0.2.0"),
        },
        offline(None),
        offline(Some(Unverified::Missing)),
        offline(Some(Unverified::TreeDamaged("/cache/x: it is missing".to_owned()))),
        AcquireError::Prepare(io_error()),
    ]
}

pub(super) fn reasons() -> Vec<FailureReason> {
    use FailureReason::{Absent, Credentials, Integrity, Unreachable};
    vec![Absent, Unreachable, Credentials, Integrity]
}

fn archive_mismatch() -> AttemptCause {
    mismatch_of(DigestSubject::Archive, Some(Grade::Transfer))
}

fn mismatch_of(of: DigestSubject, grade: Option<Grade>) -> AttemptCause {
    let by = "its .sha256 file".to_owned();
    let file = "loom.tar.gz".to_owned();
    AttemptCause::Mismatch { file, expected: digest("a"), got: digest("b"), by, of, grade }
}

pub(super) fn causes() -> Vec<AttemptCause> {
    vec![
        AttemptCause::Source(gone()),
        AttemptCause::Rejected(Rejection::NoChecksum { file: "loom.tar.gz".into() }),
        archive_mismatch(),
        mismatch_of(DigestSubject::Tree, Some(Grade::Identity)),
        AttemptCause::TooLong { file: "loom.tar.gz".to_owned(), expected: 7 },
        AttemptCause::Unpack(UnpackError::Truncated),
        AttemptCause::Admit(AdmitError::Unverified(Box::new(release()))),
        AttemptCause::Statement(StoreError::Statement {
            release: Box::new(release()),
            why: "names another tree".to_owned(),
        }),
    ]
}

pub(super) fn rejections() -> Vec<Rejection> {
    vec![
        Rejection::NoChecksum { file: "loom.tar.gz".into() },
        Rejection::Differs {
            release: release().to_string().into(),
            claimed: digest("a"),
            pinned: digest("b"),
            origin: "first seen 2026-01-02T03:04:05Z from corp".into(),
            now: "2026-01-03T00:00:00Z from other, https://other/objects/x".into(),
        },
        Rejection::LockDiffers {
            release: release().to_string().into(),
            locked: Digest::of(b"locked"),
            lock: "/p/loom.lock".into(),
            pinned: Digest::of(b"pinned"),
            origin: "first seen 2026-01-03T00:00:00Z from corp".into(),
        },
        Rejection::OtherThanLocked {
            release: release().to_string().into(),
            locked: Digest::of(b"locked"),
            lock: "/p/loom.lock".into(),
            claimed: Digest::of(b"claimed"),
        },
        Rejection::NotLocked { file: "loom.tar.zst".into(), lock: "/p/loom.lock".into() },
        Rejection::Contradiction {
            first: digest("a"),
            first_at: "SHA256SUMS".into(),
            second: digest("b"),
            second_at: "loom.tar.gz.sha256".into(),
        },
        Rejection::NoArtifact { release: release().to_string().into() },
        Rejection::Statement {
            release: release().to_string().into(),
            expected: digest("a"),
            origin: "signed index".into(),
            got: digest("b").to_string().into(),
        },
        Rejection::Expired {
            release: release().to_string().into(),
            why: "the index expired at 2026-01-01T00:00:00Z".into(),
        },
        Rejection::NoKey { authority: "loom-os".into() },
        Rejection::NoSignature { release: release().to_string().into(), unread: vec![] },
        Rejection::NoSignature {
            release: release().to_string().into(),
            unread: vec!["v0.2.0/x.minisig: access denied".to_owned()],
        },
        Rejection::Signature(Box::new(signature_problem("v0.2.0/x.minisig"))),
    ]
}

pub(super) fn signature_problems() -> Vec<SignatureProblem> {
    let at = || "https://mirror.example/v0.2.0/x.tar.gz.minisig".to_owned();
    let key = || "minisign E7620F1842B4E81F".to_owned();
    vec![
        SignatureProblem::UnknownKey {
            at: at(),
            expected: vec!["E7620F1842B4E81F".to_owned()],
            got: "0000000000000001".to_owned(),
        },
        signature_problem(&at()),
        SignatureProblem::OtherRelease {
            at: at(),
            expected: "loom-0.2.0-linux-x86_64.tar.gz".to_owned(),
            got: "loom-0.1.0-linux-x86_64.tar.gz".to_owned(),
        },
        SignatureProblem::NotListed {
            at: at(),
            expected: "loom-0.2.0-linux-x86_64.tar.gz".to_owned(),
            got: "loom-0.1.0-linux-x86_64.tar.gz".to_owned(),
        },
        SignatureProblem::NamesNoRelease {
            at: at(),
            kind: EvidenceKind::Gpg,
            expected: "loom-0.2.0-linux-x86_64.tar.gz".to_owned(),
            key: key(),
        },
        SignatureProblem::Expired {
            at: at(),
            why: "E7620F1842B4E81F counts until 2026-01-01T00:00:00Z (expires in trust.keys)"
                .to_owned(),
        },
        SignatureProblem::Revoked { at: at(), key: key(), by: "trust.revoked".to_owned() },
        SignatureProblem::Legacy { at: at(), why: "it is not prehashed".to_owned() },
        SignatureProblem::Unusable { at: at(), why: "not a minisign signature".to_owned() },
    ]
}

pub(super) fn unverified() -> Vec<Unverified> {
    vec![
        Unverified::Missing,
        Unverified::Damaged("its bytes do not match the digest at its end".to_owned()),
        Unverified::OtherTree,
        Unverified::OtherStatement,
        Unverified::NoChecksum,
        Unverified::Policy,
        Unverified::Unsigned,
        Unverified::UnknownKey("E7620F1842B4E81F".to_owned()),
        Unverified::RevokedKey("E7620F1842B4E81F".to_owned()),
        Unverified::UnknownMirror("00112233445566778899aabbccddeeff".to_owned()),
        Unverified::NotLocked,
        Unverified::TreeDamaged("/cache/x: it is missing".to_owned()),
    ]
}

/// Every kind of attempt.
pub(super) fn attempt_kinds() -> Vec<AttemptKind> {
    let kinds = AttemptKind::NAMES.iter().map(|name| {
        let kind: AttemptKind = serde_json::from_value(super::snake_case(name).into()).unwrap();
        assert_eq!(kind.name(), *name, "the kind in receipts is the variant in snake case");
        kind
    });
    kinds.collect()
}
