//! Keeps mirrors: compares them, fills them, publishes their indexes.
//!
//! | file | holds |
//! |---|---|
//! | `mirror_files` | [`MirrorFiles`]: reads the files of a mirror by their paths |
//! | `diff` | [`diff`]: in what two mirrors differ |
//! | `error` | [`MirrorTaskError`] |

mod diff;
mod error;
mod mirror_files;

pub use diff::{ChangedRelease, MirrorDiff, diff};
pub use error::MirrorTaskError;
pub use mirror_files::MirrorFiles;
