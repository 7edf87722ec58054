//! The store on this machine: trees of files named by their digests. `store-format.md` in the repository specifies the
//! files and the order in which they are written.
//!
//! | module | holds |
//! |---|---|
//! | [`path`] | [`TreePath`]: a path inside a tree that is valid on every platform |
//! | [`listing`] | [`TreeListing`]: the list of a tree's files, whose SHA-256 names the tree |
//! | `layout` | the paths of all files below the root |
//! | `format` · `founding` | [`Store`]: opens a store, refuses a newer format, creates a store at the first write |
//! | `foreign_folder` | refuses a folder that belongs to something else |
//! | `sharing` · [`writers`] | [`StoreWriters`]: who may write a store |
//! | `durable` | temporary file, fsync, rename, fsync of the folder |
//! | [`locks`] · `lock_wait` | locks per release, per name, and for collection; [`LockWait`]: a wait that is reported |
//! | [`partial`] · `stale` · [`interrupted`] | [`Partial`]: bytes that arrive; [`Received`]: all of them, hashed |
//! | [`earlier_bytes`] · `partial_header` | what an interrupted transfer has left, and whether an answer continues it |
//! | `staging` · [`staged`] · `staged_limits` | [`Staged`]: a tree that is being made, within limits |
//! | [`limits`] | [`TreeLimits`]: what a tree may hold |
//! | `unpack_tar` · `unpack_zip` · `zip_spans` | archives into a staged tree |
//! | [`file_kind`] | [`FileKind`]: what a file is, by its first bytes |
//! | [`admission_error`] | [`UnpackError`], [`AdmitError`] |
//! | [`admit`] · `entry` · `link_end` · `build_tree` | compares a staged tree with its expectation |
//! | `signed_files` | checks signatures over what arrived |
//! | [`checked`] | [`Checked`]: a tree that met its expectation |
//! | [`publish`] · `batch` · `documents` | from [`Checked`] to [`Installed`] |
//! | `document_file` | reads files of limited size |
//! | [`verification`] · [`evidence`] · [`kept_signatures`] | [`Verification`]: what a version was verified by, and the kept evidence |
//! | [`presence`] | [`Presence`]: whether a release is here and accepted |
//! | `links` · [`installed`] | `bin/`, and [`Installed`]: a release found by its link |
//! | [`recover`] | links a release again whose link is missing |
//! | `damage` · `damaged` · `rehash` · [`fingerprint`] · `fingerprint_file` · [`changed`] | damaged trees, hashing, and detecting touched files |
//! | [`dedup`] | lets identical files of different trees share their blocks |
//! | [`repair`] | makes documents of a damaged store again |
//! | `survey` | one look at all folders: documents, links, and what is in the place of something else |
//! | `own_place` | refuses paths that lead over a link, out of the store |
//! | `misplaced` | what is in the place of something else, and how it is set aside |
//! | `cores` | does something to many items on all cores |
//! | `copies` · `rebuild` | makes a damaged tree again from identical files of this store |
//! | `leftovers` | what killed processes and repairs have left |
//! | `trash` · `move_folder` · `emptied` · `half_removed` | takes trees and folders away, also where folders cannot be renamed |
//! | [`receipt`] · [`attempt`] · [`failures`] | the history: how a release got here, or why not |
//! | [`lease`] | [`Lease`]: keeps a tree while a process runs from it |
//! | [`roots`] | what keeps trees from being collected: projects, generations, development builds, the user |
//! | [`last_use`] | when a version was last used |
//! | `unreadable` · `tolerant` | what a verification cannot read, and goes on |
//! | `unrecorded` | releases whose records were removed by hand |
//! | [`list`] · `folder_entries` · [`remove`] · [`du`] · [`verify`] · `hash_jobs` · [`verify_evidence`] · [`collect`] | maintenance |
//! | [`error`] | [`StoreError`] |
//!
//! All functions block, and none uses a network.

pub mod admission_error;
pub mod admit;
pub mod attempt;
mod batch;
mod build_tree;
pub mod changed;
pub mod checked;
pub mod collect;
mod copies;
mod cores;
mod damage;
mod damaged;
pub mod dedup;
mod document_file;
mod documents;
pub mod du;
mod durable;
pub mod earlier_bytes;
#[cfg(unix)]
mod emptied;
mod entry;
pub mod error;
pub mod evidence;
pub mod failures;
pub mod file_kind;
pub mod fingerprint;
mod fingerprint_file;
mod folder_entries;
mod foreign_folder;
mod format;
mod founding;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod half_removed;
mod hash_jobs;
pub mod installed;
pub mod interrupted;
pub mod kept_signatures;
pub mod last_use;
mod layout;
pub mod lease;
mod leftovers;
pub mod limits;
mod link_end;
mod links;
pub mod list;
pub mod listing;
mod lock_wait;
pub mod locks;
mod misplaced;
mod move_folder;
mod own_place;
pub mod partial;
mod partial_header;
pub mod path;
pub mod presence;
pub mod publish;
mod rebuild;
pub mod receipt;
pub mod recover;
mod rehash;
pub mod remove;
pub mod repair;
pub mod roots;
mod sharing;
mod signed_files;
pub mod staged;
mod staged_limits;
mod staging;
mod stale;
mod survey;
mod tolerant;
mod trash;
mod unpack_tar;
mod unpack_zip;
mod unreadable;
mod unrecorded;
pub mod verification;
pub mod verify;
pub mod verify_evidence;
mod verify_releases;
pub mod writers;
mod zip_spans;

pub use admission_error::{AdmitError, UnpackError};
pub use attempt::{Attempt, AttemptKind};
pub use checked::Checked;
pub use collect::{
    DefaultVersion, FetchableSources, GcReport, GcRules, GcRun, KeepReason, RemoveReason,
};
pub use damage::Damage;
pub use dedup::Deduplicated;
pub use du::{ReleaseUsage, StoreUsage};
pub use earlier_bytes::{ResumeOutcome, TransferSubject};
pub use error::StoreError;
pub use failures::FailureRecord;
pub use file_kind::FileKind;
pub use fingerprint::InstalledCheck;
pub use format::{Store, StoreNotice};
pub use installed::{Installed, TreeRef};
pub use interrupted::InterruptedTransfer;
pub use kept_signatures::{KeptProblem, KeptSignature};
pub use last_use::NotedUse;
pub use lease::Lease;
pub use limits::TreeLimits;
pub use list::ListedRelease;
pub use listing::{EntryKind, TreeEntry, TreeListing};
pub use lock_wait::LockWait;
pub use locks::Lock;
pub use partial::{Partial, Received};
pub use path::TreePath;
pub use presence::{Presence, Unverified};
pub use receipt::{BuildReceipt, Receipt, ReceiptCheck, ReceivedArchive};
pub use recover::Recovery;
pub(crate) use remove::objects_of;
pub use repair::{RepairScope, Repaired};
pub use roots::{Generations, ReleaseGeneration};
pub use staged::Staged;
pub use verification::Verification;
pub use verify::{QuickReport, VerifyReport};
pub use verify_evidence::{EvidenceCheck, EvidenceReport, EvidenceResult};
pub use writers::StoreWriters;

#[cfg(test)]
mod tests;
