//! Which hash algorithms are accepted.

use loom_source::EvidenceKind;
use pgp::{crypto::hash::HashAlgorithm, packet::Signature};

use crate::error::SignatureError;

/// Whether signatures with this hash algorithm are accepted. SHA-1, MD5 and RIPEMD are not: other content with the same
/// hash can be made.
pub(super) fn is_accepted(algorithm: HashAlgorithm) -> bool {
    matches!(
        algorithm,
        HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    )
}

/// Whether the signature is of a known version and uses an accepted hash algorithm.
pub(super) fn is_current(signature: &Signature) -> bool {
    signature.config().is_some_and(|config| is_accepted(config.hash_alg))
}

/// The error for a hash algorithm that is not accepted.
pub(super) fn legacy(algorithm: HashAlgorithm) -> SignatureError {
    SignatureError::Legacy { kind: EvidenceKind::Gpg, algorithm: algorithm.to_string() }
}
