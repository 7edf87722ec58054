//! Why an offer is not even fetched.

use loom_source::Digest;

/// Why an offer is not even fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nobody says what the bytes have to be.
    #[error("no checksum for {release} at {source_name}")]
    NoChecksum {
        /// The release.
        release: Box<str>,
        /// The source.
        source_name: Box<str>,
    },
    /// The source contradicts what we hold.
    #[error("{source_name} offers {release} as {claimed}, but {pinned} is what we hold ({origin})")]
    Differs {
        /// The release.
        release: Box<str>,
        /// The source.
        source_name: Box<str>,
        /// What the source claims.
        claimed: Digest,
        /// What we hold.
        pinned: Digest,
        /// Where that comes from.
        origin: Box<str>,
    },
    /// The source contradicts itself.
    #[error(
        "{source_name} names two digests for one file: {first} ({first_at}) and {second} ({second_at})"
    )]
    Contradiction {
        /// The source.
        source_name: Box<str>,
        /// One digest.
        first: Digest,
        /// Where it was read.
        first_at: Box<str>,
        /// The other one.
        second: Digest,
        /// Where that was read.
        second_at: Box<str>,
    },
    /// The source has the release, and no way to get it that we understand.
    #[error("{source_name} has {release}, but in no form that this loom can read")]
    NoCarrier {
        /// The release.
        release: Box<str>,
        /// The source.
        source_name: Box<str>,
    },
    /// A demand that this version cannot meet.
    #[error("trust.signature is \"required\", and this loom cannot check signatures")]
    Signature,
}

impl Rejection {
    /// What to do about a release that is not what it was.
    pub(crate) const CHANGED: &str = "a release never changes: find out which one is right; if it is the new one, \
        forget the old one with `loom remove VERSION --forget`";

    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::NoChecksum { .. } => {
                "publish a .sha256 file beside the archive, or accept it once with \
                --allow-unverified (trust.checksum = \"if-available\" accepts it always)"
                    .to_owned()
            }
            Self::Differs { .. } => Self::CHANGED.to_owned(),
            Self::Contradiction { .. } => {
                "whoever keeps this source has to publish it again".to_owned()
            }
            Self::NoCarrier { .. } => "this loom reads .tar.gz, .tar.zst, .zip and bare programs; \
                a newer loom may read more"
                .to_owned(),
            Self::Signature => "set trust.signature = \"optional\"".to_owned(),
        }
    }
}
