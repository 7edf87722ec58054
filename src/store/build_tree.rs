//! Gives the files of an admitted tree their paths, permissions and links.

use std::{fs, path::Path};

#[cfg(unix)]
use super::links;
use super::{
    AdmitError, EntryKind, Staged, StoreError, TreeListing,
    durable::set_mode,
    error::{FileAction, at},
    link_end::link_end,
    staged::{StagedContent, StagedItem},
};

/// Moves every staged file to its path below `tree/`, then sets permissions and makes links. Called only after every
/// path and digest has been checked.
pub(super) fn build(staged: &Staged, listing: &TreeListing) -> Result<(), AdmitError> {
    let top = staged.top();
    fs::create_dir(&top).map_err(at(FileAction::Create, &top))?;
    let executable =
        |path: &str| listing.get(path).is_some_and(|e| e.kind == EntryKind::Executable);
    for StagedItem { path, content } in &staged.items {
        let to = top.join(path);
        let folder = to.parent().unwrap_or(&top);
        fs::create_dir_all(folder).map_err(at(FileAction::Create, folder))?;
        if let StagedContent::File { number, .. } = content {
            fs::rename(staged.number(*number), &to).map_err(at(FileAction::Rename, &to))?;
            set_mode(&to, if executable(path) { 0o555 } else { 0o444 })?;
        }
    }
    for item in &staged.items {
        if let StagedContent::Link(target) = &item.content {
            let to = top.join(&item.path);
            if !symlink(target, &to)? {
                let end = link_end(staged, item)?;
                copy(&top.join(&end.path), &to)?;
            }
        }
    }
    Ok(())
}

/// Makes a symbolic link; `false` where links are impossible.
#[cfg(unix)]
fn symlink(target: &str, to: &Path) -> Result<bool, StoreError> {
    match std::os::unix::fs::symlink(target, to) {
        Ok(()) => Ok(true),
        Err(e) if links::cannot_link(&e) => Ok(false),
        Err(e) => Err(at(FileAction::Link, to)(e)),
    }
}

/// Few users may make links on Windows.
#[cfg(not(unix))]
fn symlink(_: &str, _: &Path) -> Result<bool, StoreError> {
    Ok(false)
}

/// A copy has the same bytes and permissions, and the listing asks for no more. Not a hard link: it would change with the
/// other file.
fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::copy(from, to).map(drop).map_err(at(FileAction::Link, to))
}
