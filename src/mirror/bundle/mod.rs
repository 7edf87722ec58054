//! Bundles: a mirror, or a part of one, in one file.
//!
//! | file | holds |
//! |---|---|
//! | `selection` | [`BundleSelection`]: the releases that a bundle is to hold |
//! | `collect` | [`collect`]: reads these releases from a mirror, and verifies every object |
//! | `spool` | keeps objects of remote mirrors until the bundle is written |
//! | `metadata` | [`MirrorMetadata`]: the index, the roots and the timestamp, which travel as they are |
//! | `write` | [`write_bundle`] |
//! | `contents` | [`verify_contents`]: whether the mirror in a bundle is complete |
//! | `import` | [`import()`]: puts what a bundle holds into a mirror |
//! | `error` | [`BundleTaskError`] |

mod collect;
mod contents;
mod error;
mod import;
mod metadata;
mod selection;
mod spool;
mod write;

pub use collect::{Collected, collect};
pub use contents::{BundleContents, verify_contents};
pub use error::BundleTaskError;
pub use import::{ImportReport, import};
pub use metadata::MirrorMetadata;
pub use selection::BundleSelection;
pub use write::{WrittenBundle, write_bundle};

/// The path of the lock file in a bundle.
pub const LOCK: &str = "loom.lock";
