//! What is remembered of updates, for the fuzz targets.

use serde::{Serialize, de::DeserializeOwned};

use super::{LastCheck, journal::UpdateJournal, rolled_back::RolledBackVersions};

/// Reads a journal, rolled back versions and a last check. What was read is written and read again as it was.
pub fn documents(bytes: &[u8]) {
    again::<UpdateJournal>(bytes);
    again::<RolledBackVersions>(bytes);
    again::<LastCheck>(bytes);
}

fn again<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_value(&read).unwrap_or_default();
    let read: T = serde_json::from_value(written.clone()).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(serde_json::to_value(&read).unwrap_or_default(), written);
}
