//! The result of an acquisition.

use crate::store::Installed;

/// A release that is installed now.
#[derive(Debug, Clone)]
pub struct Acquired {
    /// The installed release.
    pub installed: Installed,
    /// How it got here.
    pub how: How,
}

/// How a release got here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It was here and accepted.
    Here,
    /// Its link was missing; its tree was hashed and linked again.
    Relinked,
    /// Its verification was missing or damaged; it was verified again by what is kept on this machine.
    Reverified,
    /// Its tree was damaged or missing; it was made again from what is kept on this machine.
    Rebuilt,
    /// It was fetched.
    Fetched {
        /// The name of the source.
        source: String,
    },
}
