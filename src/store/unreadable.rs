//! [`UnreadableNotes`]: folders and files that a verification cannot read; each is a finding.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use loom_base::LockExt as _;

use super::{
    Damage,
    error::{is_denied, what_hides},
};

/// What could not be read, shared by all clones of a store.
#[derive(Debug, Clone, Default)]
pub(super) struct UnreadableNotes(Arc<Mutex<Vec<Damage>>>);

impl UnreadableNotes {
    /// Notes something.
    pub(super) fn note(&self, path: PathBuf, source: &io::Error) {
        self.0.locked().push(unreadable(path, source));
    }

    /// Takes all notes.
    pub(super) fn take(&self) -> Vec<Damage> {
        std::mem::take(&mut self.0.locked())
    }
}

/// The finding for something that cannot be read. Where a folder keeps this user from it, the finding is of the folder.
pub(super) fn unreadable(path: PathBuf, source: &io::Error) -> Damage {
    let what = format!("{UNREADABLE}{source}");
    if !is_denied(source) {
        return Damage { path, what, fix: "check the disk".to_owned() };
    }
    let path = what_hides(&path).to_owned();
    Damage { fix: format!("its owner runs `chmod u+rX {}`", path.display()), path, what }
}

/// How the text of such a finding begins.
const UNREADABLE: &str = "it cannot be read: ";

impl Damage {
    /// Whether something cannot be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.what.starts_with(UNREADABLE)
    }
}

/// Leaves out what cannot be read because a folder above it cannot, which is a finding of its own.
pub(super) fn only_topmost(findings: &mut Vec<Damage>) {
    let all = findings.iter().filter(|it| it.is_unreadable());
    let paths: std::collections::BTreeSet<PathBuf> = all.map(|it| it.path.clone()).collect();
    let is_below = |path: &Path| path.ancestors().skip(1).any(|folder| paths.contains(folder));
    findings.retain(|it| !it.is_unreadable() || !is_below(&it.path));
}

/// Whether a file is not there, or is no file. What cannot be read may be there.
pub(super) fn is_missing(path: &Path) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    match fs::metadata(path) {
        Ok(meta) => !meta.is_file(),
        Err(error) => matches!(error.kind(), NotFound | NotADirectory),
    }
}
