//! [`UpdateEntry`]: one step of an update.

use std::{fmt, time::SystemTime};

use loom_base::time::format_rfc3339;
use serde::{Deserialize, Serialize};

/// The number of entries that are kept; older ones are dropped.
pub(super) const MAX_ENTRIES: usize = 100;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateEvent {
    /// The sources were asked.
    Checked,
    /// The newer version was installed.
    Acquired,
    /// The newer version became ready on free ports.
    Proved,
    /// The runtime was switched to the newer version.
    Switched,
    /// The newer version did not become ready, and the previous one runs.
    RolledBack,
    /// The supervisor was killed before the switch was complete.
    Interrupted,
    /// The runtime was stopped before the switch was complete.
    Stopped,
    /// Something failed before the runtime was touched, or a start.
    Failed,
    /// Written by a newer `loom`.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for UpdateEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Checked => "checked",
            Self::Acquired => "acquired",
            Self::Proved => "proved",
            Self::Switched => "switched",
            Self::RolledBack => "rollback",
            Self::Interrupted => "killed",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        })
    }
}

/// One step of an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateEntry {
    /// When: RFC 3339, UTC.
    pub at: String,
    /// What happened.
    pub event: UpdateEvent,
    /// The version that ran; for a start that failed, the one that was started.
    pub from: String,
    /// The newer version; `None` where none was found.
    pub to: Option<String>,
    /// The reason, or what else matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The path of the project's folder.
    pub project: String,
    /// The paths of the logs that explain it: that of the newer version first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

impl UpdateEntry {
    /// An entry of now, without detail and logs.
    pub fn new(event: UpdateEvent, project: &str, from: &str, to: Option<&str>) -> Self {
        Self {
            at: format_rfc3339(SystemTime::now()),
            event,
            from: from.to_owned(),
            to: to.map(str::to_owned),
            detail: None,
            project: project.to_owned(),
            logs: Vec::new(),
        }
    }

    /// The same entry with a detail.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Whether it says the same as `other`, at whatever time.
    fn repeats(&self, other: &Self) -> bool {
        let at = self.at.clone();
        *self == Self { at, ..other.clone() }
    }
}

/// `journal.json`
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct UpdateJournal {
    pub(super) entries: Vec<UpdateEntry>,
}

impl UpdateJournal {
    /// Adds an entry. One that repeats the last entry of its project takes its place.
    pub(super) fn add(&mut self, entry: UpdateEntry) {
        let last = self.entries.iter().rposition(|known| known.project == entry.project);
        if let Some(last) = last
            && self.entries[last].repeats(&entry)
        {
            self.entries.remove(last);
        }
        self.entries.push(entry);
        let surplus = self.entries.len().saturating_sub(MAX_ENTRIES);
        self.entries.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(project: &str, to: Option<&str>) -> UpdateEntry {
        UpdateEntry::new(UpdateEvent::Checked, project, "0.2.0", to)
    }

    #[test]
    fn an_entry_that_repeats_the_last_one_of_its_project_takes_its_place() {
        let mut journal = UpdateJournal::default();
        for (project, to, count) in [
            ("a", None, 1),
            ("a", None, 1),
            ("b", None, 2),
            ("a", None, 2),
            ("a", Some("0.2.1"), 3),
            ("a", None, 4),
        ] {
            journal.add(entry(project, to));
            assert_eq!(journal.entries.len(), count, "{project} {to:?}");
        }
        for number in 0..2 * MAX_ENTRIES {
            journal.add(entry("a", Some(&number.to_string())));
        }
        assert_eq!(journal.entries.len(), MAX_ENTRIES);
        let last = (2 * MAX_ENTRIES - 1).to_string();
        assert_eq!(journal.entries.last().unwrap().to.as_deref(), Some(last.as_str()));
    }

    #[test]
    fn events_of_a_newer_version_are_read() {
        let text = r#"{"at":"x","event":"painted","from":"1.0.0","to":null,"project":"p"}"#;
        let entry: UpdateEntry = serde_json::from_str(text).unwrap();
        assert_eq!(entry.event, UpdateEvent::Unknown);
    }
}
