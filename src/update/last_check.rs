//! [`LastCheck`]: what the last check found.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use serde::{Deserialize, Serialize};

/// What the last check of a runtime's supervisor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCheck {
    /// When: RFC 3339, UTC.
    pub at: String,
    /// The version that ran.
    pub running: String,
    /// The newest version that is selected and newer; `None` where there is none.
    pub newer: Option<String>,
}

impl LastCheck {
    /// A check of now.
    pub fn now(running: &str, newer: Option<String>) -> Self {
        let at = format_rfc3339(SystemTime::now());
        Self { at, running: running.to_owned(), newer }
    }
}
