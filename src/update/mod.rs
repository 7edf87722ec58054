//! What is remembered of updates, in `updates/<authority>@<binary>@<platform>/` of the state folder.
//!
//! | file | holds |
//! |---|---|
//! | `journal` | [`UpdateEntry`]: what was checked, acquired, proved, switched or rolled back (`journal.json`) |
//! | `rolled_back` | [`RolledBackVersion`]: versions that never became ready, which are not tried again (`rolled-back.json`) |
//! | `last_check` | [`LastCheck`]: what the last check found, for notices (`check.json`) |
//! | `notice` | [`take_notice`]: on which day the user was told, of any product (`updates/notice.json`) |
//! | `memory` | [`UpdateMemory`]: reads and writes these files |
//!
//! Nothing here decides what may enter the store, and a command can do without each of these files.

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod journal;
mod last_check;
mod memory;
mod notice;
mod rolled_back;

pub use journal::{UpdateEntry, UpdateEvent};
pub use last_check::LastCheck;
pub use memory::UpdateMemory;
pub use notice::{take_notice, was_told};
pub use rolled_back::RolledBackVersion;
