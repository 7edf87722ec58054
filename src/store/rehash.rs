//! Whether a tree's files are what its listing says.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::{Path, PathBuf},
};

use loom_source::Digest;

use super::{
    EntryKind, Store, StoreError, TreeEntry, TreeListing,
    durable::set_mode,
    error::{Act, absent, at},
    staged::measure,
};

impl Store {
    /// A tree's listing, or `None` where the object is missing; anything but the canonical bytes is damage.
    pub fn listing(&self, tree: &Digest) -> Result<Option<TreeListing>, StoreError> {
        let path = self.object(tree);
        let Some(bytes) = absent(fs::read(&path)).map_err(at(Act::Read, &path))? else {
            return Ok(None);
        };
        if Digest::of(&bytes) != *tree {
            return Err(StoreError::Damaged { path, what: "its bytes have another digest".into() });
        }
        let damaged =
            |e: super::listing::TreeListingError| StoreError::Damaged { path, what: e.to_string() };
        TreeListing::parse(&bytes).map(Some).map_err(damaged)
    }

    /// Hashes every file of a tree; `Ok` only if nothing is missing, changed or too much.
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

    /// Makes a tree read-only and its programs executable.
    pub(super) fn protect(&self, tree: &Digest, listing: &TreeListing) -> Result<(), StoreError> {
        let folder = self.tree(tree);
        let mut folders = BTreeSet::from([folder.clone()]);
        for entry in listing.entries() {
            if entry.kind != EntryKind::Link {
                let mode = if entry.kind == EntryKind::Executable { 0o555 } else { 0o444 };
                let path = folder.join(entry.path.as_str());
                if mode_of(&path)? != Some(mode) {
                    set_mode(&path, mode)?;
                }
            }
            folders.extend(entry.path.parents().map(|parent| folder.join(parent)));
        }
        folders.iter().rev().try_for_each(|folder| set_mode(folder, 0o555))
    }
}

/// The permission bits, where there are any.
pub(super) fn mode_of(path: &Path) -> Result<Option<u32>, StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let meta = fs::metadata(path).map_err(at(Act::Read, path))?;
        Ok(Some(meta.permissions().mode() & 0o7777))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(None)
    }
}

/// Hashes one file of a tree, through its link if it is one.
pub(super) fn check_entry(folder: &Path, entry: &TreeEntry) -> Result<(), StoreError> {
    let path = folder.join(entry.path.as_str());
    let damaged = |what: String| StoreError::Damaged { path: path.clone(), what };
    let meta = absent(fs::symlink_metadata(&path)).map_err(at(Act::Read, &path))?;
    let meta = meta.ok_or_else(|| damaged("it is missing".into()))?;
    if meta.is_symlink() {
        if entry.kind != EntryKind::Link {
            return Err(damaged("a link stands in its place".into()));
        }
        let target = fs::read_link(&path).map_err(at(Act::Read, &path))?;
        let inside = target.to_str().is_some_and(|target| entry.path.follow(target).is_ok());
        if !inside {
            return Err(damaged("the link leaves the tree".into()));
        }
    } else if !meta.is_file() {
        return Err(damaged("it is not a file".into()));
    }
    let Some(mut file) = absent(File::open(&path)).map_err(at(Act::Read, &path))? else {
        return Err(damaged("the link leads nowhere".into()));
    };
    let got = measure(&mut file).map_err(at(Act::Read, &path))?;
    if got.size != entry.size {
        return Err(damaged(format!("it has {} bytes instead of {}", got.size, entry.size)));
    }
    if got.digest != entry.digest {
        return Err(damaged(format!("its SHA-256 is {} instead of {}", got.digest, entry.digest)));
    }
    Ok(())
}

/// What lies in a tree's folder without standing in its listing; folders count only where they are empty of listed files.
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

/// Visits all that lies below `folder`; a folder is entered if the visitor says so.
fn walk(
    folder: &Path,
    prefix: &str,
    visit: &mut dyn FnMut(&Path, &str) -> bool,
) -> Result<(), StoreError> {
    let Some(entries) = absent(fs::read_dir(folder)).map_err(at(Act::Read, folder))? else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.map_err(at(Act::Read, folder))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let is_folder = entry.file_type().map_err(at(Act::Read, folder))?.is_dir();
        if visit(&entry.path(), &name) && is_folder {
            walk(&entry.path(), &format!("{name}/"), visit)?;
        }
    }
    Ok(())
}
