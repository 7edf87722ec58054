//! Values that the tests share.

use std::time::SystemTime;

use loom_signatures::{
    Content, EvidenceKind, SignatureError, ValidSignature, Verifiers, VerifyingKey, verify,
};

/// Verifies with keys, now.
pub(crate) fn check(
    kind: EvidenceKind,
    signature: &[u8],
    mut content: &[u8],
    keys: &[VerifyingKey],
) -> Result<ValidSignature, SignatureError> {
    let verifiers = Verifiers { keys, ..Verifiers::none(SystemTime::now()) };
    verify(kind, signature, Content::of(&mut content), &verifiers)
}

/// `bytes` with one bit changed, once for each bit in `range`.
pub(crate) fn flips(
    bytes: &[u8],
    range: std::ops::Range<usize>,
) -> impl Iterator<Item = (usize, Vec<u8>)> {
    range.flat_map(|at| (0..8).map(move |bit| (at, bit))).map(|(at, bit)| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << bit;
        (at, flipped)
    })
}
