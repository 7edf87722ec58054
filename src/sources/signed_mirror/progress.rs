//! `MirrorProgress`: the newest root and index of each mirror that were accepted.
//!
//! Kept in `mirrors/` of the state folder, one file per source. Nothing older is accepted again.

use std::time::SystemTime;

use loom_base::time::{format_rfc3339, parse_rfc3339};
use loom_source::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    state::{StateDir, StateError, StateFile},
    trust::mirror::{SeenIndex, TrustedRoot},
};

/// The folder in the state folder.
const FOLDER: &str = "mirrors";

/// The most sources of which the progress is read to find a mirror.
const MAX_SOURCES: usize = 1024;

/// The newest root and index of a mirror that were accepted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MirrorProgress {
    /// The SHA-256 of the root that the chain began with.
    pub(super) anchor: Digest,
    /// Whether that root was kept at first sight.
    pub(super) first_seen: bool,
    /// The newest root.
    pub(super) root: TrustedRoot,
    /// The newest index.
    pub(super) seen: Option<SeenIndex>,
}

/// The file of one source.
#[derive(Debug)]
pub(super) struct ProgressFile {
    file: StateFile,
    source: String,
}

#[derive(Serialize, Deserialize)]
struct ProgressText {
    /// The source, for display.
    source: String,
    anchor: Digest,
    #[serde(default)]
    first_seen: bool,
    root: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<SeenText>,
}

#[derive(Serialize, Deserialize)]
struct SeenText {
    root: u64,
    serial: u64,
    payload: Digest,
    issued: String,
    /// When the first of index, timestamp and root expires.
    #[serde(default)]
    expires: String,
}

impl ProgressFile {
    /// The file of the source with this key, of which only a digest appears in the file's name.
    pub(super) fn of(state: &StateDir, source: &str) -> Self {
        let name = Digest::of(source.as_bytes()).short();
        Self { file: state.file(format!("{FOLDER}/{name}.json")), source: source.to_owned() }
    }

    /// What was accepted of all sources. What cannot be read is left out.
    pub(super) fn all(state: &StateDir) -> Vec<MirrorProgress> {
        let names = state.folder(FOLDER).names().unwrap_or_default();
        let names = names.into_iter().filter(|name| name.ends_with(".json")).take(MAX_SOURCES);
        let files = names.map(|name| state.file(format!("{FOLDER}/{name}")));
        let load = |file: StateFile| Self { file, source: String::new() }.load().ok().flatten();
        files.filter_map(load).collect()
    }

    /// What was accepted so far.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read or understood: without it an older index would count.
    pub(super) fn load(&self) -> Result<Option<MirrorProgress>, StateError> {
        let Some(text) = self.file.read_document_strictly::<ProgressText>()? else {
            return Ok(None);
        };
        // A root that this version cannot read was written by a later one. The given root is then followed anew.
        let root = TrustedRoot::first_seen(text.root.as_bytes()).ok();
        let seen = text.index.map(|seen| SeenIndex {
            root: seen.root,
            serial: seen.serial,
            payload: seen.payload,
            issued: parse_rfc3339(&seen.issued).unwrap_or(SystemTime::UNIX_EPOCH),
            expires: parse_rfc3339(&seen.expires).unwrap_or(SystemTime::UNIX_EPOCH),
        });
        let (anchor, first_seen) = (text.anchor, text.first_seen);
        Ok(root.map(|root| MirrorProgress { anchor, first_seen, root, seen }))
    }

    /// Forgets the mirror.
    pub(super) fn remove(&self) -> Result<bool, StateError> {
        let _lock = self.file.lock(&mut || {})?;
        self.file.remove()
    }

    /// Keeps what was accepted now, unless another process accepted something newer.
    pub(super) fn keep(&self, progress: &MirrorProgress) -> Result<(), StateError> {
        // Mostly nothing is new, and nothing has to be written.
        if self.load()?.as_ref() == Some(progress) {
            return Ok(());
        }
        let _lock = self.file.lock(&mut || {})?;
        let kept = self.load()?;
        let is_newer = |kept: &MirrorProgress| {
            let order = |seen: &Option<SeenIndex>| seen.map(|seen| (seen.root, seen.serial));
            let number = |progress: &MirrorProgress| progress.root.root().number;
            kept.anchor == progress.anchor
                && (number(kept), order(&kept.seen)) > (number(progress), order(&progress.seen))
        };
        if kept.as_ref().is_some_and(is_newer) {
            return Ok(());
        }
        self.file.write_document(&ProgressText {
            source: self.source.clone(),
            anchor: progress.anchor,
            first_seen: progress.first_seen,
            root: String::from_utf8_lossy(&progress.root.to_bytes()).into_owned(),
            index: progress.seen.map(|seen| SeenText {
                root: seen.root,
                serial: seen.serial,
                payload: seen.payload,
                issued: format_rfc3339(seen.issued),
                expires: format_rfc3339(seen.expires),
            }),
        })
    }
}
