//! The digests a release had when it was first seen here, kept in `pins/` of the state folder.
//!
//! A release whose digest differs from the one first seen is refused, whoever serves it.

use std::path::{Path, PathBuf};

use loom_source::{Record, Release};

use super::state::{self, StateError};
use crate::trust::Pins;

/// `pins/<authority>/<binary>/<version>/<platform>.json`
fn path(state: &Path, release: &Release) -> PathBuf {
    let below = Record::path(release);
    state.join("pins").join(below.trim_start_matches("releases/"))
}

/// What was seen of `release`; nothing for a development build, which may change at will.
pub(super) fn load(state: &Path, release: &Release) -> Result<Pins, StateError> {
    if release.slot.version().is_none() {
        return Ok(Pins::default());
    }
    Ok(state::read(&path(state, release))?.unwrap_or_default())
}

/// Remembers what was seen; the first tree stays, archives are added.
pub(super) fn remember(state: &Path, release: &Release, seen: Pins) -> Result<(), StateError> {
    if release.slot.version().is_none() {
        return Ok(());
    }
    let path = path(state, release);
    let before: Option<Pins> = state::read(&path)?;
    let mut pins = before.clone().unwrap_or_default();
    if pins.tree.is_none() {
        pins.tree = seen.tree;
    }
    for pin in seen.archives {
        if !pins.archives.iter().any(|held| held.digest == pin.digest) {
            pins.archives.push(pin);
        }
    }
    if before.as_ref() == Some(&pins) {
        return Ok(());
    }
    state::write(&path, &pins)
}

/// Forgets what was seen; whether there was anything.
pub fn forget(state: &Path, release: &Release) -> Result<bool, StateError> {
    state::forget(&path(state, release))
}
