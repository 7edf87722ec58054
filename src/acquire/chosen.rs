//! The version that counts where nothing else says one: `loom use`.
//!
//! Kept in `use/` of the state folder, one file per program.

use loom_source::{Authority, Name, Slot};

use crate::state::{StateDir, StateError, StateFile};

fn file(state: &StateDir, authority: &Authority, binary: &Name) -> StateFile {
    state.file(format!("use/{authority}@{binary}.json"))
}

/// What was chosen, if anything.
pub fn load(
    state: &StateDir,
    authority: &Authority,
    binary: &Name,
) -> Result<Option<Slot>, StateError> {
    let text: Option<String> = file(state, authority, binary).read_json()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Chooses a version, or the development build.
pub fn save(
    state: &StateDir,
    authority: &Authority,
    binary: &Name,
    slot: &Slot,
) -> Result<(), StateError> {
    file(state, authority, binary).write_json(&slot.to_string())
}

/// Chooses nothing any more; whether anything was chosen.
pub fn clear(state: &StateDir, authority: &Authority, binary: &Name) -> Result<bool, StateError> {
    file(state, authority, binary).remove()
}
