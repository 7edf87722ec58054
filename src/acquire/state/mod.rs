//! What acquiring keeps in the state folder.
//!
//! | file | keeps |
//! |---|---|
//! | [`chosen`] | the version that `loom use` or `loom rollback` chose |
//! | [`first_seen`] | the digests that a release had when it was first acquired |
//! | `highest` | the newest version that `latest` led to |
//! | [`quarantine`] | the sources that delivered wrong bytes recently |
//! | `timestamp` | times in these documents |

pub mod chosen;
pub mod first_seen;
pub(super) mod highest;
pub mod quarantine;
pub(super) mod timestamp;
