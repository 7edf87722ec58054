//! [`UpdateNotes`]: writes what happens into the files that remember updates.

use crate::{
    launch::start_request::StartRequest,
    state::StateDir,
    update::{RolledBackVersion, UpdateEntry, UpdateEvent, UpdateMemory},
};

/// The paths of two logs: that of the newer version, and that of the one before.
pub(in crate::launch) type LogPaths = (Option<String>, Option<String>);

/// Notes what happens to the runtime of one request. Nothing depends on the notes but what users read, and that a version
/// is not tried twice: one that cannot be written is lost.
pub(in crate::launch) struct UpdateNotes {
    memory: UpdateMemory,
    project: String,
}

impl UpdateNotes {
    /// `None` where the runtime is not updated.
    pub(in crate::launch) fn of(request: &StartRequest) -> Option<Self> {
        let memory = UpdateMemory::named(&request.state(), &request.update.as_ref()?.product);
        Some(Self { memory, project: request.project().display().to_string() })
    }

    /// The notes about the product with this key and the project in this folder.
    pub(in crate::launch) fn named(state: &StateDir, product: &str, project: String) -> Self {
        Self { memory: UpdateMemory::named(state, product), project }
    }

    /// Adds a step to the journal.
    pub(in crate::launch) fn note(
        &self,
        event: UpdateEvent,
        (from, to): (&str, Option<&str>),
        detail: Option<String>,
    ) {
        let entry = UpdateEntry::new(event, &self.project, from, to);
        let _ = self.memory.note(UpdateEntry { detail, ..entry });
    }

    /// Notes that a version did not become ready and that `from` runs. Where that is because of the release and not of this
    /// machine, the version is not tried again.
    pub(in crate::launch) fn rolled_back(
        &self,
        (from, version): (&str, &str),
        why: String,
        logs: LogPaths,
        is_of_release: bool,
    ) {
        let entry = UpdateEntry::new(UpdateEvent::RolledBack, &self.project, from, Some(version));
        let paths = [&logs.0, &logs.1].into_iter().flatten().cloned().collect();
        let _ = self.memory.note(UpdateEntry { detail: Some(why.clone()), logs: paths, ..entry });
        if is_of_release && let Ok(version) = version.parse() {
            let rolled_back = RolledBackVersion::now(version, why, logs.0, logs.1);
            let _ = self.memory.keep_rolled_back(rolled_back);
        }
    }
}
