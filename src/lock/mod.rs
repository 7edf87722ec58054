//! Lock files: which version of each binary a project uses, and the digests of its files for every platform.
//!
//! | file | holds |
//! |---|---|
//! | `document` | [`LockDocument`]: the values of a lock file |
//! | `read` | from text to a [`LockDocument`] |
//! | `edit` | from a [`LockDocument`] to text: comments stay, and what has not changed keeps its bytes |
//! | `lock_file` | [`LockFile`]: reads and writes the file |
//! | `active` | [`ActiveLock`]: the entry that a command goes by |
//! | `agreement` | [`LockConflict`]: whether a lock and the configuration agree |
//! | `update` | [`LockedBinary::updated`]: what a new run knows, added to what is locked |
//! | `error` | [`LockError`] |

mod active;
mod agreement;
mod document;
mod edit;
mod error;
mod lock_file;
mod read;
mod update;

pub use active::ActiveLock;
pub use agreement::LockConflict;
pub use document::{LockDocument, LockedBinary, LockedEvidence, LockedPlatform};
pub use error::LockError;
pub use lock_file::LockFile;
