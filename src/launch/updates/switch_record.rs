//! [`SwitchRecord`]: the switch of one instance to another release, `switch.json` in its folder.
//!
//! It is there from before a release is tried until the release is noted as a generation, so that a supervisor or a helper
//! process that is killed in between leaves what is needed to note it later, and to explain what happened.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use serde::{Deserialize, Serialize};

use super::{notes::UpdateNotes, protocol::ReleaseProgram};
use crate::{
    launch::{
        RuntimeState,
        document::{Instance, InstanceRecord},
        instance_folder::InstanceFolder,
        start_request::StartRequest,
    },
    state::StateError,
    update::UpdateEvent,
};

/// How far a switch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::launch) enum SwitchPhase {
    /// The release is tried on free ports; the runtime is not touched.
    Trying,
    /// The server is stopped, and the release is started in its place.
    Switching,
    /// The supervisor was killed while the release started in its place, which is noted; the server runs and was not ready
    /// yet.
    Interrupted,
    /// The release was ready in place.
    Done,
}

/// A switch to another release.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::launch) struct SwitchRecord {
    pub(in crate::launch) phase: SwitchPhase,
    /// The key of the product, by which updates are remembered.
    pub(in crate::launch) product: String,
    /// The version before.
    from: String,
    /// The version of the release.
    pub(in crate::launch) version: String,
    /// The digest of its tree.
    pub(in crate::launch) tree: Option<String>,
    /// Whether the release becomes the default one of the user.
    is_default: bool,
    /// When it reached the phase: RFC 3339, UTC.
    pub(in crate::launch) at: String,
}

impl SwitchRecord {
    /// The switch of the runtime of `request`, of which the version `running` runs, to `release`; `None` where the runtime
    /// is not updated.
    pub(in crate::launch) fn of(
        request: &StartRequest,
        running: &str,
        release: &ReleaseProgram,
        is_default: bool,
    ) -> Option<Self> {
        Some(Self {
            phase: SwitchPhase::Trying,
            product: request.update.as_ref()?.product.clone(),
            from: running.to_owned(),
            version: release.version.clone(),
            tree: release.tree.clone(),
            is_default,
            at: String::new(),
        })
    }

    /// Writes that it has come this far.
    pub(in crate::launch) fn write(
        &mut self,
        folder: &InstanceFolder,
        phase: SwitchPhase,
    ) -> Result<(), StateError> {
        (self.phase, self.at) = (phase, format_rfc3339(SystemTime::now()));
        if phase == SwitchPhase::Done && !self.is_default {
            return folder.switch_file().remove().map(drop);
        }
        folder.switch_file().write_json(self)
    }

    /// The record in the folder; `None` where there is none.
    pub(in crate::launch) fn read(folder: &InstanceFolder) -> Option<Self> {
        folder.switch_file().read_json().ok().flatten()
    }

    /// What the journal says of a switch that a killed supervisor did not complete.
    fn interrupted(&self, instance: Option<&Instance>, is_alive: bool) -> String {
        let version = &self.version;
        let is_new = instance.is_some_and(|instance| instance.document.tree == self.tree);
        let (when, runs) = match self.phase {
            SwitchPhase::Trying => (format!("while {version} was tried on free ports"), &self.from),
            _ if is_new => (format!("while {version} started"), version),
            _ => ("during the switch".to_owned(), &self.from),
        };
        let now = match is_alive {
            true => format!("{runs} runs without it, `loom restart` replaces it"),
            false => "nothing runs, `loom up` starts the runtime".to_owned(),
        };
        format!("the supervisor was killed {when}; {now}")
    }
}

/// Forgets a switch that is not done: the supervisor is still there, and has told what happened.
pub(in crate::launch) fn forget_unfinished(folder: &InstanceFolder) {
    if SwitchRecord::read(folder).is_some_and(|switch| switch.phase != SwitchPhase::Done) {
        // One that stays is taken for one that was interrupted.
        let _ = folder.switch_file().remove();
    }
}

/// Notes that the runtime of `request` was stopped, or replaced by another one, before a switch was done.
pub(in crate::launch) fn note_stopped(
    folder: &InstanceFolder,
    request: &StartRequest,
    is_replaced: bool,
) {
    let Some(switch) = SwitchRecord::read(folder) else { return };
    let (Some(notes), version) = (UpdateNotes::of(request), &switch.version) else { return };
    let when = match switch.phase {
        SwitchPhase::Trying => format!("before it was switched to {version}"),
        SwitchPhase::Switching | SwitchPhase::Interrupted => format!("while {version} started"),
        SwitchPhase::Done => return,
    };
    let what = if is_replaced { "replaced by `loom restart`" } else { "stopped" };
    let detail = Some(format!("the runtime was {what} {when}"));
    let versions = (switch.from.as_str(), Some(version.as_str()));
    notes.note(UpdateEvent::Stopped, versions, detail);
}

/// Decides what became of a switch whose supervisor is gone, by the record that it has left, and notes it. While the
/// release runs and is not ready yet, that is decided by a later call.
pub(in crate::launch) fn settle(
    folder: &InstanceFolder,
    record: Option<&InstanceRecord>,
    is_alive: bool,
) {
    let Some(mut switch) = SwitchRecord::read(folder) else { return };
    if switch.phase == SwitchPhase::Done {
        return;
    }
    let instance = record.map(|record| &record.instance);
    let is_new = instance.is_some_and(|instance| instance.document.tree == switch.tree);
    let is_ready = instance.is_some_and(|instance| instance.state == RuntimeState::Ready);
    let project = instance.map(|instance| instance.project.clone()).unwrap_or_default();
    let notes = UpdateNotes::named(&folder.state(), &switch.product, project);
    let versions = (switch.from.as_str(), Some(switch.version.as_str()));
    // What cannot be written is written by the next command that finds the record.
    if is_new && is_ready && switch.phase != SwitchPhase::Trying {
        let detail = match switch.phase {
            SwitchPhase::Interrupted => "it became ready without a supervisor",
            _ => "the supervisor was killed when it was ready",
        };
        notes.note(UpdateEvent::Switched, versions, Some(detail.to_owned()));
        let _ = switch.write(folder, SwitchPhase::Done);
        return;
    }
    if switch.phase != SwitchPhase::Interrupted {
        let detail = switch.interrupted(instance, is_alive);
        notes.note(UpdateEvent::Interrupted, versions, Some(detail));
    }
    match switch.phase {
        // The next commands see whether it becomes ready.
        SwitchPhase::Interrupted if is_alive => {}
        SwitchPhase::Switching if is_alive && is_new => {
            let _ = switch.write(folder, SwitchPhase::Interrupted);
        }
        _ => {
            let _ = folder.switch_file().remove();
        }
    }
}
