//! Gives the files of an admitted tree their paths, permissions and links.

use std::fs;

use super::{
    EntryKind, Staged, StoreError, TreeListing,
    durable::set_mode,
    error::{FileAction, at},
    staged::{StagedContent, StagedItem},
};

/// Moves every staged file to its path below `tree/`, then sets permissions and makes links. Called only after every
/// path and digest has been checked.
pub(super) fn build(staged: &Staged, listing: &TreeListing) -> Result<(), StoreError> {
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
    for StagedItem { path, content } in &staged.items {
        if let StagedContent::Link(target) = content {
            link(target, &top.join(path))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, to: &std::path::Path) -> Result<(), StoreError> {
    std::os::unix::fs::symlink(target, to).map_err(at(FileAction::Link, to))
}

/// Few users may make links on Windows: a copy has the same bytes, and the listing asks for no more.
#[cfg(not(unix))]
fn link(target: &str, to: &std::path::Path) -> Result<(), StoreError> {
    let from = to.parent().unwrap_or(to).join(target);
    fs::copy(from, to).map(drop).map_err(at(FileAction::Link, to))
}
