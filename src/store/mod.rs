//! The store on this machine: trees named by their digests. `store-format.md` says what lies where and why.
//!
//! | module | holds |
//! |---|---|
//! | [`path`] | [`TreePath`], a path that is valid inside a tree on every platform |
//! | [`listing`] | [`Listing`], whose SHA-256 names a tree |
//! | `layout` | where things lie below the root |
//! | `format` | opening, refusing what is newer, the first write |
//! | `durable` | aside, fsync, rename, fsync of the folder |
//! | [`locks`] | one lock per release, per name, and the collection lock |
//! | [`partial`] | [`Partial`]: bytes on their way here; [`Received`]: all of them, hashed |
//! | `stale` | partial transfers that nobody takes up |
//! | `staging` | where trees are made, and sweeping |
//! | [`staged`] | [`Staged`]: a tree in the making |
//! | [`limits`] | [`Limits`]: how much a tree may hold |
//! | [`refusal`] | [`UnpackError`], [`AdmitError`]: why something may not enter |
//! | `unpack_tar`, `unpack_zip` | archives into a staged tree |
//! | [`admit`] | the only way from [`Staged`] to [`Checked`] |
//! | [`publish`] | from [`Checked`] to [`Installed`], in batches |
//! | `links` | `bin/`, the view for people |
//! | [`installed`] | [`Installed`], and finding it by reading one link |
//! | [`recover`] | a missing link is doubt |
//! | `damaged` | trees set aside, and how many of them stay |
//! | `rehash` | whether a tree's files are what its listing says |
//! | [`fingerprint`] | whether a tree was touched since it was hashed |
//! | [`receipt`] | [`Receipt`]: how a tree got here |
//! | [`failures`] | [`Failed`]: the last attempts that brought nothing |
//! | [`lease`] | [`Lease`]: keeps a tree while a process runs from it |
//! | [`retention`] | the last three development trees |
//! | [`list`] · [`remove`] · [`du`] · [`verify`] | looking after it |
//! | [`error`] | [`StoreError`] |
//!
//! Everything here blocks, and nothing here knows a network.

pub mod admit;
mod damaged;
pub mod du;
mod durable;
pub mod error;
pub mod failures;
pub mod fingerprint;
mod format;
pub mod installed;
mod layout;
pub mod lease;
pub mod limits;
mod links;
pub mod list;
pub mod listing;
pub mod locks;
pub mod partial;
pub mod path;
pub mod publish;
pub mod receipt;
pub mod recover;
pub mod refusal;
mod rehash;
pub mod remove;
pub mod retention;
pub mod staged;
mod staging;
mod stale;
mod unpack_tar;
mod unpack_zip;
pub mod verify;

pub use admit::Checked;
pub use error::StoreError;
pub use failures::Failed;
pub use format::{Store, StoreNotice};
pub use installed::Installed;
pub use lease::Lease;
pub use limits::TreeLimits;
pub use list::ListedRelease;
pub use listing::{EntryKind, TreeEntry, TreeListing};
pub use locks::Lock;
pub use partial::{Begun, Partial, Received};
pub use path::TreePath;
pub use receipt::{Attempt, Receipt, ReceiptCheck};
pub use recover::Recovery;
pub use refusal::{AdmitError, UnpackError};
pub use staged::Staged;
pub use verify::{Damage, VerifyReport};

#[cfg(test)]
mod tests;
