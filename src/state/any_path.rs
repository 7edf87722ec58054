//! Paths in documents of the state folder: text where a path is Unicode, and else what the operating system has.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path as a document holds it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathText {
    Unicode(String),
    Other(OsString),
}

/// Writes a path: for `#[serde(with = "any_path")]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => text.serialize(serializer),
        None => PathText::Other(path.into()).serialize(serializer),
    }
}

/// Reads a path: for `#[serde(with = "any_path")]`.
///
/// # Errors
/// Those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match PathText::deserialize(deserializer)? {
        PathText::Unicode(text) => text.into(),
        PathText::Other(other) => other.into(),
    })
}
