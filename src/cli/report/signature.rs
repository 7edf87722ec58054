//! What to do about signatures that do not count.

use loom_runtime::trust::SignatureProblem;

/// What the user can do about a signature that does not count.
pub(crate) fn signature_hint(problem: &SignatureProblem) -> &'static str {
    match problem {
        SignatureProblem::UnknownKey { .. } => {
            "find out from its owner whether the key is theirs; if it is, add it to trust.keys"
        }
        SignatureProblem::Bad { .. } => {
            "the file or its signature was changed after it was signed; inform the maintainer of the source"
        }
        SignatureProblem::OtherRelease { .. } | SignatureProblem::NotListed { .. } => {
            "the source serves a signature of something else; inform the maintainer of the source"
        }
        SignatureProblem::NamesNoRelease { .. } => {
            "sign SHA256SUMS or the statement, whose lines name the release (minisign names it in its trusted comment), or \
             pin the release with a lock"
        }
        SignatureProblem::Expired { .. } => {
            "the release has to be signed by a key that is valid now; a release that is installed keeps counting"
        }
        SignatureProblem::Revoked { .. } => {
            "do not use it; the release has to be signed again by another key"
        }
        SignatureProblem::Legacy { .. } => {
            "the release has to be signed again with a current version"
        }
        SignatureProblem::Unusable { .. } => "the maintainer of the source has to publish it again",
    }
}
