//! Decides what may enter the store: pure functions over values.
//!
//! | file | holds |
//! |---|---|
//! | `age` | [`TooYoung`]: the minimum age of a release that `latest` or a range selects |
//! | `carried` | [`CarriedSignature`]: a signature that a mirror keeps for its readers |
//! | `channel` | [`Channel`]: whether the connection to a source allows the source to vouch for digests |
//! | `evidence` | [`OfferedEvidence`]: the signatures of an offer, with what they are about |
//! | `examine` | [`SignatureScope`]: checks one signature, its key and what it names; [`PendingSignature`]: one that needs the bytes |
//! | `examined_offer` | [`ArtifactSignatures`]: what the signatures of an offer say about an artifact |
//! | `expectation` | [`Expectation`]: what the bytes of one artifact have to meet |
//! | `judge` | [`Policy::judge`]: turns an offer into expectations or a [`Rejection`] |
//! | `keyring` | [`Keyring`]: the keys and identities whose signatures count |
//! | `known_mirrors` | [`KnownMirrors`]: the mirrors whose signed index counts now |
//! | `lock_pins` | [`LockPins`]: what a lock file says of one release |
//! | `lock_verdict` | [`LockedTree`]: what a lock says of bytes |
//! | [`mirror`] | which signed documents of a mirror are accepted |
//! | `pin` | [`Pins`]: digests that this machine already holds for a release |
//! | `pin_signer` | [`PinSigner`]: who signed what a digest was learned from |
//! | `policy` | [`Policy`]: the settings of `[trust]` |
//! | `rejection` | [`Rejection`]: why an offer is not fetched |
//! | `release_names` | whether a signed file name names a release |
//! | `revoked_signers` | [`RevokedSigners`]: the keys and identities that sign nothing any more |
//! | `signature_origin` | [`SignatureOrigin`]: who signed |
//! | `signature_problem` | [`SignatureProblem`]: why a signature does not count |
//! | `signed_documents` | signatures over statements and checksum files, which name the release themselves |
//! | `trusted_digest` | [`TrustedDigest`]: a digest and what vouches for it |
//!
//! No function here reads a file, the clock or the network: equal arguments give equal results. [`KnownMirrors`] calls the
//! function that it was made with, at most once, when a decision depends on it.

mod age;
mod carried;
mod channel;
mod evidence;
mod examine;
mod examined_offer;
mod expectation;
mod judge;
mod keyring;
mod known_mirrors;
mod lock_pins;
mod lock_verdict;
pub mod mirror;
mod pin;
mod pin_signer;
mod policy;
mod rejection;
mod release_names;
mod revoked_signers;
mod signature_origin;
mod signature_problem;
mod signed_documents;
mod trusted_digest;

pub use age::TooYoung;
pub use carried::{CarriedSignature, CarriedSubject};
pub use channel::Channel;
pub use evidence::{OfferedEvidence, OpenedEvidence, OpenedSubject};
pub use examine::{CountedSignature, KeptEvidence, PendingSignature, SignatureScope};
pub use examined_offer::ArtifactSignatures;
pub use expectation::{Expectation, Waiver};
pub use judge::{Expected, Judged, OfferSignatures};
pub use keyring::{Keyring, LostKey, Signer, TrustedKey};
pub use known_mirrors::{KnownMirror, KnownMirrors};
pub use lock_pins::{LockPins, LockedArchive};
pub use lock_verdict::LockedTree;
pub use pin::{Pin, PinOrigin, Pins};
pub use pin_signer::PinSigner;
pub use policy::{Checksum, NotAccepted, Policy, Signature};
pub use rejection::Rejection;
pub use revoked_signers::RevokedSigners;
pub use signature_origin::SignatureOrigin;
pub use signature_problem::SignatureProblem;
pub use signed_documents::SumsLine;
pub use trusted_digest::{DigestSubject, Grade, TrustedDigest, Voucher};
