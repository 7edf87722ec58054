//! [`Content`] and [`Verifiers`]: what was signed, and who may have signed it.

use std::{fmt, io::Read, time::SystemTime};

use loom_source::{Digest, Version};

use crate::{identity::SigstoreIdentity, key::VerifyingKey};

/// What was signed.
pub struct Content<'a> {
    /// The SHA-256 of the bytes.
    pub sha256: Digest,
    /// The bytes, where the scheme [needs them](crate::evidence::needs_bytes).
    pub bytes: Option<&'a mut dyn Read>,
}

impl<'a> Content<'a> {
    /// Content whose bytes are in memory.
    pub fn of<'b: 'a>(bytes: &'a mut &'b [u8]) -> Self {
        Self { sha256: Digest::of(bytes), bytes: Some(bytes) }
    }

    /// Content that is read from a file or a stream.
    pub fn read(sha256: Digest, bytes: &'a mut dyn Read) -> Self {
        Self { sha256, bytes: Some(bytes) }
    }

    /// Content of which only the SHA-256 is given.
    pub fn digest(sha256: Digest) -> Self {
        Self { sha256, bytes: None }
    }
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

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
