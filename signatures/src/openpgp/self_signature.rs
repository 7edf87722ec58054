//! What a certificate's own signatures say about its keys.

use std::time::SystemTime;

use pgp::{
    packet::{RevocationCode, Signature, SubpacketData},
    types::{Duration, KeyDetails},
};

use super::algorithms::is_current;

/// What the newest signature about a key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    /// When the key was made.
    pub(super) from: SystemTime,
    /// When it expires.
    pub(super) until: Option<SystemTime>,
    /// Whether it may sign files.
    pub(super) signs: bool,
}

impl Binding {
    /// What `signature` says about `key`.
    pub(super) fn of(key: &impl KeyDetails, signature: &Signature) -> Self {
        let from = SystemTime::from(key.created_at());
        let lifetime = signature.key_expiration_time().filter(|time| time.as_secs() != 0);
        let until = lifetime.map(|time: Duration| from + std::time::Duration::from(time));
        // Without flags, a primary key may do everything.
        let has_flags = signature.config().is_some_and(|config| {
            config.hashed_subpackets().any(|part| matches!(part.data, SubpacketData::KeyFlags(_)))
        });
        Self { from, until, signs: !has_flags || signature.key_flags().sign() }
    }
}

/// The newest of those `signatures` that are current, were made by `at`, and verify.
pub(super) fn newest<'a>(
    signatures: impl Iterator<Item = &'a Signature>,
    at: SystemTime,
    verifies: impl Fn(&Signature) -> bool,
) -> Option<&'a Signature> {
    let mut usable: Vec<(SystemTime, &Signature)> = signatures
        .filter(|signature| is_current(signature))
        .filter_map(|signature| Some((SystemTime::from(signature.created()?), signature)))
        .filter(|(made, _)| *made <= at)
        .collect();
    usable.sort_by_key(|(made, _)| std::cmp::Reverse(*made));
    usable.into_iter().map(|(_, signature)| signature).find(|signature| verifies(signature))
}

/// Why a key is revoked; `None` where no revocation counts for a signature that was made at this time.
///
/// A key that is only superseded or retired was good before; any other reason makes all of its signatures worthless, since
/// whoever has the key can date them back. Revocations count with any hash algorithm: refusing is the safe side.
pub(super) fn revocation<'a>(
    signatures: impl Iterator<Item = &'a Signature>,
    made_at: SystemTime,
    verifies: impl Fn(&Signature) -> bool,
) -> Option<Revoked> {
    let mut signatures = signatures.filter(|signature| {
        let soft = matches!(
            signature.revocation_reason_code(),
            Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired)
        );
        let made = signature.created().map(SystemTime::from);
        !soft || made.is_none_or(|made| made <= made_at)
    });
    let signature = signatures.find(|signature| verifies(signature))?;
    let why = signature.revocation_reason_string();
    let why = why.map(|why| String::from_utf8_lossy(why).into_owned());
    Some(Revoked { why: why.filter(|why| !why.is_empty()) })
}

/// A revocation that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Revoked {
    /// The reason that the owner wrote.
    pub(super) why: Option<String>,
}
