//! Whether the connection to a source allows the source to vouch for digests.

/// The way to a source, as far as it decides what the source's statements are worth.
///
/// The caller that opens a source sets it; a source never declares its own channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A file system, loopback, or a connection whose other end is authenticated (https): the digests, listings and
    /// absences that the source states count.
    Authenticated,
    /// Plain http beyond loopback: anyone on the way can change an answer. The bytes may be used if a digest from
    /// elsewhere vouches for them; digests, listings and absences from this channel are ignored.
    Unauthenticated,
    /// A cargo build of a checkout on this machine: needs no digest and is published as `dev` only.
    LocalBuild,
}

impl Channel {
    /// Whether digests, listings and absences from this channel count.
    pub fn may_vouch(self) -> bool {
        self != Self::Unauthenticated
    }
}
