//! The values and the trait of sources: the places that releases of Loom are fetched from.
//!
//! | module | holds |
//! |---|---|
//! | [`source`] | the [`Source`] trait and the [`Capabilities`] of a source |
//! | [`release`] | [`Product`] and [`Release`], what a source is asked for |
//! | [`offer`] | [`Offer`], [`Artifact`] and [`ClaimedDigest`], what a source has of a release |
//! | [`transfer`] | [`AssetRef`], [`RangeRequest`] and [`Download`], how bytes are requested and arrive |
//! | [`file_body`](mod@file_body) | [`file_body()`]: the bytes of a file of this machine, in pieces |
//! | [`error`] | [`SourceError`], its [kinds](SourceErrorKind), and what a caller can do |
//! | [`name`] | [`Name`] and [`Authority`], names that are safe as path components |
//! | `pinned_image`, [`repository_name`] | images by their digests, and the names of repositories |
//! | [`platform`] | the five [`Platform`]s of releases |
//! | [`version`] | [`Version`], the [`Slot`] of a release, and [`Selector`], a request for a version |
//! | [`digest`] | [`Digest`], a SHA-256 digest |
//! | [`asset`] | the file names of release assets |
//! | [`asset_names`] | [`AssetNames`]: the file names of a source's assets, which may be a pattern |
//! | [`checksum`] | reads `.sha256` files and `SHA256SUMS` |
//! | [`scheme`] | [`Scheme`], the word that begins the name of a source |
//! | [`skipped`] | [`SkippedEntries`], what a source left out of its listings |
//! | [`json`] | reads JSON, refuses duplicate keys, and limits lists |
//! | [`record`] | [`Statement`], [`Record`] and [`Index`], the documents of a store that travel |
//! | [`process_clock`] | the clock of timeouts, which stands still while the process is stopped |
//! | `contract` | the test suite that every source passes (feature `contract`) |
//!
//! A source fetches. It never verifies, caches or chooses versions: what it returns is unverified, and no type of this
//! crate can express anything else.
//!
//! # A complete source
//!
//! A source over files in memory, with the test that runs the contract suite against it:
//!
//! ```
//! use std::{collections::BTreeMap, fmt};
//!
//! use async_trait::async_trait;
//! use futures::{StreamExt as _, stream};
//! use loom_source::{
//!     Artifact, AssetRef, Capabilities, Download, ListingScope, Offer, Packaging, Product,
//!     RangeRequest, Release, Source, SourceError, SourceErrorKind, VersionListing, asset,
//! };
//!
//! /// Releases by the file names of their assets.
//! #[derive(Debug)]
//! struct MemorySource(BTreeMap<String, Vec<u8>>);
//!
//! impl fmt::Display for MemorySource {
//!     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
//!         f.write_str("memory:")
//!     }
//! }
//!
//! #[async_trait]
//! impl Source for MemorySource {
//!     fn capabilities(&self) -> Capabilities {
//!         Capabilities { releases: true, list: true, ..Capabilities::default() }
//!     }
//!
//!     async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
//!         let files = asset::names(release).into_iter().filter(|file| self.0.contains_key(&file.name));
//!         let artifacts: Vec<Artifact> = files
//!             .map(|file| Artifact {
//!                 packaging: file.packaging,
//!                 size: self.0.get(&file.name).map(|bytes| bytes.len() as u64),
//!                 asset: AssetRef::new(file.name),
//!                 claims: Vec::new(),
//!             })
//!             .collect();
//!         Ok((!artifacts.is_empty()).then(|| Offer { artifacts, ..Offer::default() }))
//!     }
//!
//!     async fn list(&self, product: &Product, _: ListingScope) -> Result<VersionListing, SourceError> {
//!         Ok(VersionListing::of(self.0.keys().filter_map(|name| asset::version(product, name))))
//!     }
//!
//!     async fn open(&self, asset: &AssetRef, _: &RangeRequest) -> Result<Download, SourceError> {
//!         let gone = || SourceError::new(format!("memory:{asset}"), SourceErrorKind::Gone);
//!         let bytes = self.0.get(asset.as_str()).ok_or_else(gone)?;
//!         let pieces: Vec<_> = bytes.chunks(1 << 18).map(|piece| Ok(piece.to_vec().into())).collect();
//!         let (total, body) = (Some(bytes.len() as u64), stream::iter(pieces).boxed());
//!         Ok(Download { start: 0, total, validator: None, body })
//!     }
//! }
//!
//! # #[cfg(feature = "contract")]
//! use loom_source::contract::{self, Failure, PublishedAsset, PublishedRelease, RunningFixture, SourceFixture};
//!
//! /// Publishes releases in memory.
//! # #[cfg(feature = "contract")]
//! struct MemoryFixture;
//!
//! # #[cfg(feature = "contract")]
//! #[async_trait]
//! impl SourceFixture for MemoryFixture {
//!     fn name(&self) -> String {
//!         "memory".to_owned()
//!     }
//!
//!     fn capabilities(&self) -> Capabilities {
//!         MemorySource(BTreeMap::new()).capabilities()
//!     }
//!
//!     async fn start(&self, releases: &[PublishedRelease]) -> Result<Box<dyn RunningFixture>, Failure> {
//!         let file = |published: &PublishedRelease| {
//!             let extension = match published.asset {
//!                 PublishedAsset::Archive(format) => format!(".{}", format.extension()),
//!                 PublishedAsset::Bare => published.release.platform.executable_extension().to_owned(),
//!             };
//!             let stem = published.release.asset_stem().unwrap_or_default();
//!             (format!("{stem}{extension}"), published.bytes.to_vec())
//!         };
//!         Ok(Box::new(RunningMemory(MemorySource(releases.iter().map(file).collect()))))
//!     }
//! }
//!
//! # #[cfg(feature = "contract")]
//! struct RunningMemory(MemorySource);
//!
//! # #[cfg(feature = "contract")]
//! #[async_trait]
//! impl RunningFixture for RunningMemory {
//!     fn source(&self) -> &dyn Source {
//!         &self.0
//!     }
//!
//!     async fn replace(&mut self, _: &[PublishedRelease]) -> Result<(), Failure> {
//!         Err("only called for sources that resume transfers".into())
//!     }
//! }
//!
//! # #[cfg(feature = "contract")]
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! contract::run(&MemoryFixture).await.assert();
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod asset;
pub mod asset_names;
pub mod checksum;
pub mod digest;
pub mod error;
pub mod file_body;
pub mod json;
pub mod name;
pub mod offer;
pub mod pinned_image;
pub mod platform;
pub mod process_clock;
pub mod record;
pub mod release;
pub mod repository_name;
pub mod scheme;
pub mod skipped;
pub mod source;
pub mod transfer;
pub mod version;

#[cfg(feature = "contract")]
pub mod contract;

pub use asset_names::{AssetNames, AssetPatternError};
pub use digest::Digest;
pub use error::{
    AccessDenied, Advice, ErrorClass, RateLimitExceeded, RateLimitedClient, RedirectRefusal,
    RefusedBy, SourceError, SourceErrorKind, TokenState, TransferPhase,
};
pub use file_body::file_body;
pub use name::{Authority, Name};
pub use offer::{
    ArchiveFormat, Artifact, BuildInfo, ClaimedDigest, DigestSource, Evidence, EvidenceKind,
    EvidenceSubject, KnownFile, Offer, Packaging,
};
pub use pinned_image::{PinnedImage, PinnedImageError, image_repository};
pub use platform::Platform;
pub use record::{Index, IndexTimestamp, MirrorRoot, Record, SignedDocument, Statement};
pub use release::{Product, Release};
pub use repository_name::RepositoryNameError;
pub use scheme::Scheme;
pub use skipped::SkippedEntries;
pub use source::{Capabilities, ListedVersion, ListingScope, Source, VersionListing};
pub use transfer::{AssetRef, Body, Download, RangeRequest, Validator};
pub use version::{Selector, Slot, Version};
