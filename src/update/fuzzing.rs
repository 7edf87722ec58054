//! What is remembered of updates, for the fuzz targets.

use super::{LastCheck, journal::UpdateJournal, rolled_back::RolledBackVersions};
use crate::state::fuzzing::read_again;

/// Reads a journal, rolled back versions and a last check. What was read is written and read again as it was.
pub fn documents(bytes: &[u8]) {
    read_again::<UpdateJournal>(bytes);
    read_again::<RolledBackVersions>(bytes);
    read_again::<LastCheck>(bytes);
}
