//! [`Verifiers`]: who may have signed.

use std::time::SystemTime;

use loom_source::Version;

use crate::{identity::SigstoreIdentity, key::VerifyingKey};

/// Who may have signed, and at which time that must hold.
#[derive(Debug, Clone, Copy)]
pub struct Verifiers<'a> {
    /// The keys, of all schemes.
    pub keys: &'a [VerifyingKey],
    /// The identities that may sign without a key.
    pub identities: &'a [SigstoreIdentity],
    /// The version that `{version}` in an identity stands for.
    pub version: Option<&'a Version>,
    /// The time at which a key must be valid: now, or the time of the acquisition whose evidence is verified again.
    pub at: SystemTime,
}

impl Verifiers<'static> {
    /// Nobody: every signature is refused.
    pub fn none(at: SystemTime) -> Self {
        Self { keys: &[], identities: &[], version: None, at }
    }
}
