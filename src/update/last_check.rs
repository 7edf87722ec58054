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
    /// The day, as `2026-11-22`, on which the user was told last; `None` where that was not done yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
}

impl LastCheck {
    /// A check of now.
    pub fn now(running: &str, newer: Option<String>) -> Self {
        let at = format_rfc3339(SystemTime::now());
        Self { at, running: running.to_owned(), newer, told: None }
    }

    /// The newer version to tell the user of, unless that was done on this `day` already.
    pub fn untold(&self, day: &str) -> Option<&str> {
        if self.told.as_deref() == Some(day) { None } else { self.newer.as_deref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_is_told_once_a_day() {
        let mut check = LastCheck::now("0.2.0", Some("0.2.1".to_owned()));
        assert_eq!(check.untold("2026-11-22"), Some("0.2.1"));
        check.told = Some("2026-11-22".to_owned());
        assert_eq!(check.untold("2026-11-22"), None);
        assert_eq!(check.untold("2026-11-23"), Some("0.2.1"));
        assert_eq!(LastCheck::now("0.2.1", None).untold("2026-11-22"), None);
    }
}
