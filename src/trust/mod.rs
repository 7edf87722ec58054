//! What may enter: pure functions over values.
//!
//! | file | holds |
//! |---|---|
//! | `age` | [`TooYoung`]: how old a release must be before it is chosen |
//! | `distrust` | [`Distrust`]: why an offer is not even fetched |
//! | `expectation` | [`Expectation`]: what has to be proven before bytes become a release |
//! | `pin` | [`Pins`]: digests we already hold for a release |
//! | `policy` | [`Policy`], which turns an offer into an expectation, or into [`Distrust`] |
//!
//! Nothing here reads a file or asks a source; the same values always get the same judgement.

mod age;
mod distrust;
mod expectation;
mod pin;
mod policy;

pub use age::TooYoung;
pub use distrust::Rejection;
pub use expectation::{Expectation, Grade, TrustedDigest, Waiver};
pub use pin::{Pin, PinOrigin, Pins};
pub use policy::{Checksum, Expected, Judged, Policy, Signature, SourceClass};
