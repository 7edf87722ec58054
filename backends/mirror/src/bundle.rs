//! Bundles: a mirror in one file, an uncompressed tar archive. `store-format.md` specifies it.
//!
//! | module | holds |
//! |---|---|
//! | [`manifest`] | [`BundleManifest`]: the first file of a bundle, which lists all others |
//! | [`mod@file`] | [`BundleFile`] |
//! | `tar_header` | the headers of the archive, which the manifest determines |
//! | `plan` | the offsets of all files, which the manifest determines |
//! | `signature` | the signature of the manifest |
//! | [`opened`] | [`OpenBundle`]: the bytes of an open bundle, checked as they are read |
//! | `body` | the bytes of one file in pieces |
//! | [`check`] | [`BundleCheck`]: compares every byte of a bundle |
//! | [`mod@write`] | [`BundleWriter`] |
//! | `transport` | a bundle as the location of a mirror |
//!
//! Nothing in a bundle can vary that its manifest does not state: the bytes of the headers, the padding and the end
//! follow from the manifest. So a reader finds a changed byte wherever it is.

mod body;
pub mod check;
pub mod file;
pub mod manifest;
pub mod opened;
mod plan;
mod signature;
mod tar_header;
#[cfg(test)]
mod tests;
mod transport;
pub mod write;

pub(crate) use transport::BundleTransport;

pub use check::{BundleCheck, BundleDamage};
pub use file::BundleFile;
pub use manifest::{BundleManifest, ManifestError};
pub use opened::{BundleError, BundleStamp, OpenBundle};
pub use signature::{ManifestSignatureError, signer_key};
pub use write::{BundleContent, BundleWriteError, BundleWriter};

use std::path::Path;

/// The ending of the file name of a bundle, without the dot.
pub const EXTENSION: &str = "loombundle";

/// Whether the path names a bundle, by its ending.
pub fn is_bundle(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == EXTENSION)
}
