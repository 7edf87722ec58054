//! Newer releases while a runtime runs: the supervisor looks for one, tries it on free ports and switches to it.
//!
//! | file | holds |
//! |---|---|
//! | `protocol` | what the supervisor and the process that looks for a release tell each other |
//! | `answering` | [`CheckConversation`]: the end of that process |
//! | `check_process` | the end of the supervisor |
//! | `watcher` | when releases are looked for, and what is done about one |
//! | `proof` | a newer version on free ports |
//! | `switch_record` | [`SwitchRecord`]: how far a switch has come, for what is left of a killed supervisor |
//! | `notes` | writes what happens into the files that remember updates |
//! | `kept_logs` | the logs of versions that did not become ready |
//!
//! The switch itself is part of the supervisor (`supervisor/switch`). The supervisor knows no store and no source: it
//! starts `loom` with a hidden command, which answers with the program of a newer release and holds its lease until the
//! supervisor does.

mod answering;
mod check_process;
mod kept_logs;
mod notes;
mod proof;
mod protocol;
mod switch_record;
mod watcher;

pub use answering::CheckConversation;
pub(super) use kept_logs::{keep_failed_log, keep_logs};
pub(super) use notes::UpdateNotes;
pub use protocol::{CheckReport, CheckRequest, ReadyRelease, ReleaseProgram};
pub(super) use switch_record::{
    SwitchPhase, SwitchRecord, forget_unfinished, note_stopped, settle,
};
pub(super) use watcher::{PreparedUpdate, SwitchOutcome, is_of_this_machine, watch};
