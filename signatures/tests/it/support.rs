//! Values that the tests share.

use std::{collections::BTreeSet, time::SystemTime};

use loom_signatures::{
    Content, EvidenceKind, SignatureError, ValidSignature, Verifiers, VerifyingKey, verify,
};

use serde_json::Value;

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

/// A file of `tests/data`.
pub(crate) fn data(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    std::fs::read(std::path::Path::new(&folder).join("tests/data").join(name)).unwrap()
}

/// `bytes` with one bit of one byte changed, for each byte.
pub(crate) fn flip_each_byte(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len()).map(|at| {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 7);
        (at, flipped)
    })
}

/// The paths of the fields that differ between two JSON documents; the positions in lists are left out.
pub(crate) fn changed_fields(one: &[u8], other: &[u8]) -> BTreeSet<String> {
    let parse = |bytes| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    let mut changed = BTreeSet::new();
    compare("", &parse(one), &parse(other), &mut changed);
    changed
}

fn compare(path: &str, one: &Value, other: &Value, changed: &mut BTreeSet<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            // A field whose name changed is one that is missing.
            for (name, value) in one {
                let field = format!("{path}.{name}");
                match other.get(name) {
                    Some(other) => compare(&field, value, other, changed),
                    None => drop(changed.insert(field)),
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (one, other) in one.iter().zip(other) {
                compare(&format!("{path}[]"), one, other, changed);
            }
        }
        _ if one == other => {}
        _ => drop(changed.insert(path.to_owned())),
    }
}
