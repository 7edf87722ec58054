//! Decides what may enter the store: pure functions over values.
//!
//! | file | holds |
//! |---|---|
//! | `age` | [`TooYoung`]: the minimum age of a release that `latest` or a range selects |
//! | `channel` | [`Channel`]: whether the connection to a source allows the source to vouch for digests |
//! | `expectation` | [`Expectation`]: what the bytes of one artifact have to meet |
//! | `judge` | [`Policy::judge`]: turns an offer into expectations or a [`Rejection`] |
//! | [`mirror`] | which signed documents of a mirror are accepted |
//! | `lock_pins` | [`LockPins`]: what a lock file says of one release |
//! | `pin` | [`Pins`]: digests that this machine already holds for a release |
//! | `policy` | [`Policy`]: the settings of `[trust]` |
//! | `rejection` | [`Rejection`]: why an offer is not fetched |
//! | `trusted_digest` | [`TrustedDigest`]: a digest and what vouches for it |
//!
//! No function here reads a file, the clock or the network: equal arguments give equal results.

mod age;
mod channel;
mod expectation;
mod judge;
mod lock_pins;
pub mod mirror;
mod pin;
mod policy;
mod rejection;
mod trusted_digest;

pub use age::TooYoung;
pub use channel::Channel;
pub use expectation::{Expectation, Waiver};
pub use judge::{Expected, Judged};
pub use lock_pins::{LockPins, LockedArchive, LockedTree};
pub use pin::{Pin, PinOrigin, Pins};
pub use policy::{Checksum, Policy, Signature};
pub use rejection::Rejection;
pub use trusted_digest::{DigestSubject, Grade, SignatureOrigin, TrustedDigest, Voucher};
