//! Whether cache and state belong to this user, and who else can change them.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::check::DoctorCheck;

const NAME: &str = "permissions";

/// The check of both folders; files that another user owns are what a run as root leaves.
pub(super) fn check(cache: &Path, state: &Path, is_shared: bool) -> DoctorCheck {
    let uid = rustix::process::geteuid().as_raw();
    let may_be = |meta: &fs::Metadata| is_shared || meta.uid() == uid;
    let hint = || {
        format!("`chown -R {uid} {} {}` as root gives them back", cache.display(), state.display())
    };
    for folder in [cache, state] {
        let is_other = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| !may_be(&meta));
        // A store of another user is read, and not written.
        let is_own = fs::metadata(folder).is_ok_and(|meta| meta.uid() == uid);
        if let (true, Some(other)) = (is_own, inside(folder).into_iter().find(is_other)) {
            let message = format!("{} belongs to another user", other.display());
            return DoctorCheck::failure(NAME, message).hint(hint());
        }
    }
    match fs::metadata(state) {
        Ok(meta) if meta.mode() & 0o077 != 0 && meta.uid() == uid => {
            let message = format!("other users can read {}", state.display());
            DoctorCheck::warning(NAME, message).hint("the next command that writes there closes it")
        }
        _ => DoctorCheck::ok(NAME, "cache and state belong to this user"),
    }
}

/// What is in a folder, and one level below.
fn inside(folder: &Path) -> Vec<PathBuf> {
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let first = names(folder);
    let second: Vec<PathBuf> = first.iter().flat_map(|path| names(path)).collect();
    [first, second].concat()
}
