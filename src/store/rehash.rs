//! Compares the files of a tree with its listing.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::{Path, PathBuf},
};

use loom_source::Digest;

use super::{
    EntryKind, Store, StoreError, TreeEntry, TreeListing,
    durable::set_mode,
    error::{FileAction, absent, at},
    staged::{Measured, measure},
};

impl Store {
    /// The listing of a tree; `None` where the object is missing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for an object whose bytes have another digest or are not a canonical listing.
    pub fn listing(&self, tree: &Digest) -> Result<Option<TreeListing>, StoreError> {
        let Some(bytes) = self.object_bytes(tree)? else { return Ok(None) };
        let path = self.object(tree);
        let damaged =
            |e: super::listing::TreeListingError| StoreError::Damaged { path, what: e.to_string() };
        TreeListing::parse(&bytes).map(Some).map_err(damaged)
    }

    /// Hashes every file of a tree; an error where a file is missing, changed or not in the listing.
    pub(super) fn rehash(&self, tree: &Digest, listing: &TreeListing) -> Result<(), StoreError> {
        let folder = self.tree(tree);
        if let Some(extra) = extra(&folder, listing)?.into_iter().next() {
            return Err(StoreError::Damaged {
                path: extra,
                what: "it is not in the listing".into(),
            });
        }
        listing.entries().iter().try_for_each(|entry| check_entry(&folder, entry))
    }

    /// The listing of what is in a tree's folder, every byte hashed; `None` where that is no tree, or not here.
    pub(super) fn list_tree(&self, tree: &Digest) -> Result<Option<TreeListing>, StoreError> {
        let folder = self.tree(tree);
        let mut files = vec![];
        walk(&folder, "", &mut |path, name| {
            files.push((path.to_owned(), name.to_owned()));
            true
        })?;
        let mut entries = vec![];
        for (path, name) in files {
            let Some(meta) =
                absent(fs::symlink_metadata(&path)).map_err(at(FileAction::Read, &path))?
            else {
                return Ok(None);
            };
            if meta.is_dir() {
                continue;
            }
            let kind = if meta.is_symlink() {
                EntryKind::Link
            } else if mode_of(&path)?.is_none_or(|mode| mode & 0o100 != 0) {
                EntryKind::Executable
            } else {
                EntryKind::File
            };
            // Opening a FIFO would wait for its writer.
            let is_file = fs::metadata(&path).is_ok_and(|meta| meta.is_file());
            let file = if is_file { File::open(&path).ok() } else { None };
            let (Some(mut file), Ok(path)) = (file, name.parse()) else { return Ok(None) };
            let Ok(got) = measure(&mut file) else { return Ok(None) };
            entries.push(TreeEntry { kind, digest: got.digest, size: got.size, path });
        }
        Ok(TreeListing::new(entries).ok())
    }

    /// Makes a tree read-only, and its programs executable.
    pub(super) fn protect(&self, tree: &Digest, listing: &TreeListing) -> Result<(), StoreError> {
        let folder = self.tree(tree);
        let mut folders = BTreeSet::from([folder.clone()]);
        for entry in listing.entries() {
            folders.extend(entry.path.parents().map(|parent| folder.join(parent)));
        }
        folders.iter().try_for_each(|folder| self.refuse_links_to(&folder.join("file")))?;
        for entry in listing.entries() {
            if entry.kind != EntryKind::Link {
                let mode = if entry.kind == EntryKind::Executable { 0o555 } else { 0o444 };
                let path = folder.join(entry.path.as_str());
                if mode_of(&path)? != Some(mode) {
                    set_mode(&path, mode)?;
                }
            }
        }
        folders.iter().rev().try_for_each(|folder| {
            // The trees of another member of the group are read-only already, and only their owner may change modes.
            if mode_of(folder)? == Some(0o555) { Ok(()) } else { set_mode(folder, 0o555) }
        })
    }
}

/// The permission bits, on systems that have them.
pub(super) fn mode_of(path: &Path) -> Result<Option<u32>, StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let meta = fs::metadata(path).map_err(at(FileAction::Read, path))?;
        Ok(Some(meta.permissions().mode() & 0o7777))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(None)
    }
}

/// Hashes one file of a tree; a link is followed.
pub(super) fn check_entry(folder: &Path, entry: &TreeEntry) -> Result<(), StoreError> {
    let path = check_kind(folder, entry)?;
    let Some(mut file) = absent(File::open(&path)).map_err(at(FileAction::Read, &path))? else {
        return Err(StoreError::Damaged { path, what: TARGET_IS_MISSING.to_owned() });
    };
    let got = measure(&mut file).map_err(at(FileAction::Read, &path))?;
    compare(path, entry, got)
}

/// What is wrong with a link that dangles.
pub(super) const TARGET_IS_MISSING: &str = "its target is missing";

/// Checks that a file of a tree is there, that it is a file, and that a link stays in the tree; returns its path.
pub(super) fn check_kind(folder: &Path, entry: &TreeEntry) -> Result<PathBuf, StoreError> {
    let path = folder.join(entry.path.as_str());
    let damaged = |what: &str| {
        Err(StoreError::Damaged { path: folder.join(entry.path.as_str()), what: what.to_owned() })
    };
    let meta = absent(fs::symlink_metadata(&path)).map_err(at(FileAction::Read, &path))?;
    let Some(meta) = meta else { return damaged("it is missing") };
    if meta.is_symlink() {
        if entry.kind != EntryKind::Link {
            return damaged("it is a link");
        }
        let target = fs::read_link(&path).map_err(at(FileAction::Read, &path))?;
        let inside = target.to_str().is_some_and(|target| entry.path.follow(target).is_ok());
        if !inside {
            return damaged("the link leaves the tree");
        }
    } else if !meta.is_file() {
        return damaged("it is not a file");
    }
    Ok(path)
}

/// Compares what was read from a file with its line in the listing.
pub(super) fn compare(path: PathBuf, entry: &TreeEntry, got: Measured) -> Result<(), StoreError> {
    let what = if got.size != entry.size {
        format!("expected {} bytes, got {}", entry.size, got.size)
    } else if got.digest != entry.digest {
        format!("expected SHA-256 {}, got {}", entry.digest, got.digest)
    } else {
        return Ok(());
    };
    Err(StoreError::Damaged { path, what })
}

/// The files and folders in a tree's folder that are not in its listing; the parents of listed files are in it.
pub(super) fn extra(folder: &Path, listing: &TreeListing) -> Result<Vec<PathBuf>, StoreError> {
    let known: BTreeSet<&str> =
        listing.entries().iter().flat_map(|e| e.path.parents().chain([e.path.as_str()])).collect();
    let mut found = vec![];
    walk(folder, "", &mut |path, name| {
        let listed = known.contains(name);
        if !listed {
            found.push(path.to_owned());
        }
        listed
    })?;
    found.sort();
    Ok(found)
}

/// Visits everything below `folder`; a folder is entered if the visitor returns `true`.
fn walk(
    folder: &Path,
    prefix: &str,
    visit: &mut dyn FnMut(&Path, &str) -> bool,
) -> Result<(), StoreError> {
    let Some(entries) = absent(fs::read_dir(folder)).map_err(at(FileAction::Read, folder))? else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.map_err(at(FileAction::Read, folder))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let is_folder = entry.file_type().map_err(at(FileAction::Read, folder))?.is_dir();
        if visit(&entry.path(), &name) && is_folder {
            walk(&entry.path(), &format!("{name}/"), visit)?;
        }
    }
    Ok(())
}
