//! [`Untrusted`]: what an untrusted project has no effect on.

use std::fmt;

use super::{TrustChange, TrustScope, Withheld};

/// The settings of an untrusted project that have no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted {
    /// Everything that trusting the project would cover.
    pub scope: TrustScope,
    /// The settings that have no effect.
    pub withheld: Vec<Withheld>,
    /// What differs from what the user trusted before; `None` where nothing was.
    pub changes: Option<Vec<TrustChange>>,
    /// Why the folder is not trusted although its user trusted it whatever it sets.
    pub unsafe_folder: Option<String>,
}

impl fmt::Display for Untrusted {
    /// The file and the keys, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.withheld.iter().map(|item| item.key.as_str()).collect();
        write!(f, "{} is not trusted to set {}", self.scope.file.display(), keys.join(", "))?;
        if let Some(why) = &self.unsafe_folder {
            write!(f, "; `loom trust --always` has no effect: {why}")?;
        }
        Ok(())
    }
}
