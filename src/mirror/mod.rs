//! Keeps mirrors: compares them, fills them, publishes their indexes.
//!
//! | file | holds |
//! |---|---|
//! | `mirror_files` | [`MirrorFiles`]: reads the files of a mirror by their paths |
//! | `diff` | [`diff`]: in what two mirrors differ |
//! | [`bundle`] | a mirror, or a part of one, in one file |
//! | [`serve`] | serves the folder of a mirror over HTTP |
//! | `error` | [`MirrorTaskError`] |

pub mod bundle;
mod diff;
mod error;
mod mirror_files;
pub mod serve;

pub use diff::{ChangedRelease, MirrorDiff, diff};
pub use error::MirrorTaskError;
pub use mirror_files::MirrorFiles;
