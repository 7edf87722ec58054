//! [`Content`]: what was signed.

use std::{fmt, io::Read};

use loom_source::Digest;

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
