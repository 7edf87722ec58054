//! Why an offer is not fetched.

use loom_base::time::format_rfc3339;
use loom_source::Digest;

use super::{SignatureProblem, SignatureScope};

/// Why the policy refuses an offer before anything of it is fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No digest is offered, and the policy requires one.
    #[error("no checksum given for {file}")]
    NoChecksum {
        /// The file name of the first artifact.
        file: Box<str>,
    },
    /// The source offers another digest than the one this machine holds.
    #[error("checksum of {release} changed: expected {pinned} ({origin}), got {claimed} ({now})")]
    Differs {
        /// The release.
        release: Box<str>,
        /// The digest that the source states.
        claimed: Digest,
        /// The digest that this machine holds.
        pinned: Digest,
        /// Where the held digest comes from.
        origin: Box<str>,
        /// Where the source states its digest.
        now: Box<str>,
    },
    /// The lock file has another digest than the one that this machine holds.
    #[error("{release} is locked as {locked} by {lock}, but it is {pinned} here ({origin})")]
    LockDiffers {
        /// The release.
        release: Box<str>,
        /// The digest in the lock file.
        locked: Digest,
        /// The lock file.
        lock: Box<str>,
        /// The digest that this machine holds.
        pinned: Digest,
        /// Where the held digest comes from.
        origin: Box<str>,
    },
    /// The source states another digest than the lock file.
    #[error(
        "checksum of {release} differs from the lock: expected {locked} ({lock}), got {claimed}"
    )]
    OtherThanLocked {
        /// The release.
        release: Box<str>,
        /// The digest in the lock file.
        locked: Digest,
        /// The lock file.
        lock: Box<str>,
        /// The digest that the source states.
        claimed: Digest,
    },
    /// The lock file has no digest for what the source offers.
    #[error("{lock} has no digest for {file}")]
    NotLocked {
        /// The file name of the first artifact.
        file: Box<str>,
        /// The lock file.
        lock: Box<str>,
    },
    /// The source states two digests for one file.
    #[error("contradicting checksums: {first} in {first_at}, {second} in {second_at}")]
    Contradiction {
        /// One digest.
        first: Digest,
        /// Where it was read.
        first_at: Box<str>,
        /// The other digest.
        second: Digest,
        /// Where that was read.
        second_at: Box<str>,
    },
    /// The source has the release, in formats that this version cannot read.
    #[error("no artifact of {release} has a format that this version reads")]
    NoArtifact {
        /// The release.
        release: Box<str>,
    },
    /// The source serves another statement than the one that this machine expects.
    #[error("the statement of {release} is another one: expected {expected} ({origin}), got {got}")]
    Statement {
        /// The release.
        release: Box<str>,
        /// The expected digest.
        expected: Digest,
        /// What expects it.
        origin: Box<str>,
        /// The digest of the statement that the source serves, or why there is none.
        got: Box<str>,
    },
    /// The index of the mirror has expired, and nothing else vouches for the release.
    #[error("{why}, and nothing else vouches for {release}")]
    Expired {
        /// The release.
        release: Box<str>,
        /// What expired, and when.
        why: Box<str>,
    },
    /// The policy requires a signature, and the configuration names no key for the source.
    #[error(
        "trust.signature is \"required\", but trust.keys names no key for {authority} at this source"
    )]
    NoKey {
        /// The authority of the release.
        authority: Box<str>,
    },
    /// The policy requires a signature, and the source has none that a configured key could have made.
    #[error("no signature of {release} is offered{}, and trust.signature is \"required\"", while_reading(.unread))]
    NoSignature {
        /// The release.
        release: Box<str>,
        /// The signatures that could not be read, each with the reason.
        unread: Vec<String>,
    },
    /// A signature contradicts the offer, or none counts and the policy requires one.
    #[error(transparent)]
    Signature(Box<SignatureProblem>),
}

impl Rejection {
    /// The same rejection, which says when and from which source the other digest came.
    pub(super) fn seen(self, scope: &SignatureScope) -> Self {
        match self {
            Self::Differs { release, claimed, pinned, origin, now } => {
                let at = format_rfc3339(scope.at);
                let source = scope.source.as_deref().unwrap_or_default();
                let now = format!("{at} from {source}, {now}").into();
                Self::Differs { release, claimed, pinned, origin, now }
            }
            other => other,
        }
    }
}

fn while_reading(unread: &[String]) -> String {
    if unread.is_empty() { String::new() } else { format!(" ({})", unread.join("; ")) }
}
