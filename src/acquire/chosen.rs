//! The version that counts where nothing else says one: `loom use`.
//!
//! Kept in `use/` of the state folder, one file per program.

use std::path::{Path, PathBuf};

use loom_source::{Authority, Name, Slot};

use super::state::{self, StateError};

fn path(state: &Path, authority: &Authority, binary: &Name) -> PathBuf {
    state.join("use").join(format!("{authority}@{binary}.json"))
}

/// What was chosen, if anything.
pub fn load(
    state: &Path,
    authority: &Authority,
    binary: &Name,
) -> Result<Option<Slot>, StateError> {
    let text: Option<String> = state::read(&path(state, authority, binary))?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Chooses a version, or the development build.
pub fn save(
    state: &Path,
    authority: &Authority,
    binary: &Name,
    slot: &Slot,
) -> Result<(), StateError> {
    state::write(&path(state, authority, binary), &slot.to_string())
}

/// Chooses nothing any more; whether anything was chosen.
pub fn clear(state: &Path, authority: &Authority, binary: &Name) -> Result<bool, StateError> {
    state::forget(&path(state, authority, binary))
}
