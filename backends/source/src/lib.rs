//! What sources speak of: the values, the trait, and the contract.
//!
//! | module | holds |
//! |---|---|
//! | [`name`] | names that may become path components: [`Name`], [`Authority`] |
//! | [`platform`] | the five [`Platform`]s |
//! | [`version`] | [`Version`], the [`Slot`] a release stands in, and [`Selector`], how a user asks for one |
//! | [`digest`] | [`Digest`], a SHA-256 |
//! | [`release`] | [`Release`] and [`Line`], what is looked for |
//! | [`offer`] | [`Offer`], [`Carrier`], [`Claim`]: what a source answers |
//! | [`asset`] | the names that a release's assets have |
//! | [`checksum`] | `.sha256` files and `SHA256SUMS` |
//! | [`transfer`] | [`Pointer`], [`Resume`], [`Opened`]: how bytes travel |
//! | [`source`] | the [`Source`] trait and what a source [can do](Capabilities) |
//! | [`error`] | [`SourceError`] and what may be done about it |
//! | [`scheme`] | [`Scheme`], the words that begin the name of a source |
//! | [`json`] | JSON that refuses duplicate keys |
//! | [`record`] | the store's documents that travel: [`Statement`], [`Record`], [`Index`] |
//! | `contract` | the suite that every source passes (feature `contract`) |
//!
//! A source fetches. It never verifies, caches or places: bytes that come out of it are unchecked,
//! and no type in this crate can say otherwise.

pub mod asset;
pub mod checksum;
pub mod digest;
pub mod error;
pub mod json;
pub mod name;
pub mod offer;
pub mod platform;
pub mod record;
pub mod release;
pub mod scheme;
pub mod source;
pub mod transfer;
pub mod version;

#[cfg(feature = "contract")]
pub mod contract;

pub use digest::Digest;
pub use error::{
    AccessDenied, Advice, ErrorClass, RateLimitExceeded, RateLimitedClient, RedirectRefusal,
    RefusedBy, SourceError, SourceErrorKind, TokenState, TransferPhase,
};
pub use name::{Authority, Name};
pub use offer::{
    ArchiveFormat, Artifact, BuildInfo, ClaimedDigest, DigestSource, Evidence, EvidenceKind, Offer,
    Packaging,
};
pub use platform::Platform;
pub use record::{Index, Record, Statement};
pub use release::{Product, Release};
pub use scheme::Scheme;
pub use source::{Capabilities, ListedVersion, ListingScope, Source, VersionListing};
pub use transfer::{AssetRef, Body, Download, RangeRequest, Validator};
pub use version::{Selector, Slot, Version};
