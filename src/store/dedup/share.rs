//! Lets two files share their blocks.

use std::{
    fs::{self, File, Metadata},
    path::Path,
};

use loom_source::Digest;

use crate::store::{
    StoreError,
    durable::{set_mode, sync, temporary_in},
    error::{FileAction, at},
    fingerprint::inode,
    staged::measure,
};

/// How two files share their blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shared {
    /// Two inodes with the same blocks.
    Reflink,
    /// One inode with two names.
    HardLink,
}

/// Whether every byte of a file is right now.
pub(super) fn is_intact(path: &Path, digest: &Digest) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
    let read = || measure(&mut File::open(path).ok()?).ok();
    is_file && read().is_some_and(|got| got.digest == *digest)
}

/// The inode of a file.
pub(super) fn inode_of(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|meta| inode(&meta))
}

/// Whether two files have the same owner, permissions and file system.
pub(super) fn may_share(a: &Path, b: &Path) -> bool {
    let same = |a: Metadata, b: Metadata| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let key = |meta: &Metadata| (meta.uid(), meta.gid(), meta.mode(), meta.dev());
            key(&a) == key(&b)
        }
        #[cfg(not(unix))]
        {
            a.permissions() == b.permissions()
        }
    };
    match (fs::symlink_metadata(a), fs::symlink_metadata(b)) {
        (Ok(a), Ok(b)) => same(a, b),
        _ => false,
    }
}

/// Whether two files are one inode, or a file and its reflink: a reflink gets the time of modification of what it shares
/// its blocks with, which two files that were written have not.
pub(super) fn share_already(a: &Path, b: &Path) -> bool {
    match (fs::symlink_metadata(a), fs::symlink_metadata(b)) {
        (Ok(a), Ok(b)) => {
            let is_one = cfg!(unix) && inode(&a) == inode(&b);
            is_one || (a.len() == b.len() && a.modified().ok() == b.modified().ok())
        }
        _ => false,
    }
}

/// Replaces `path` by a file that shares its blocks with `kept`, which was hashed; `None` where the file system has neither
/// reflinks nor room for another hard link.
pub(super) fn share(
    kept: &Path,
    path: &Path,
    digest: &Digest,
    tmp: &Path,
) -> Result<Option<Shared>, StoreError> {
    #[cfg(target_os = "linux")]
    if reflink(kept, path, digest, tmp)? {
        return Ok(Some(Shared::Reflink));
    }
    let _ = digest;
    let Ok(link) = temporary_in(tmp, |link| fs::hard_link(kept, link)) else { return Ok(None) };
    // Where both are one inode already, the system keeps the temporary name, which is then removed.
    link.into_temp_path().persist(path).map_err(|e| at(FileAction::Rename, path)(e.error))?;
    Ok(Some(Shared::HardLink))
}

/// Whether `path` was replaced by a reflink. Its bytes are hashed after they were shared: from then on they do not change
/// with the other file.
#[cfg(target_os = "linux")]
fn reflink(kept: &Path, path: &Path, digest: &Digest, tmp: &Path) -> Result<bool, StoreError> {
    let source = File::open(kept).map_err(at(FileAction::Read, kept))?;
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    let clone =
        temporary_in(tmp, |path| options.open(path)).map_err(at(FileAction::Create, tmp))?;
    if rustix::fs::ioctl_ficlone(clone.as_file(), &source).is_err() {
        return Ok(false);
    }
    let got = measure(&mut clone.as_file()).map_err(at(FileAction::Read, clone.path()))?;
    if got.digest != *digest {
        return Ok(false);
    }
    let meta = fs::metadata(path).map_err(at(FileAction::Read, path))?;
    let modified = source.metadata().and_then(|meta| meta.modified());
    let dated = modified.and_then(|time| clone.as_file().set_modified(time));
    dated.map_err(at(FileAction::Write, clone.path()))?;
    set_mode(clone.path(), std::os::unix::fs::MetadataExt::mode(&meta) & 0o7777)?;
    sync(clone.path())?;
    clone.into_temp_path().persist(path).map_err(|e| at(FileAction::Rename, path)(e.error))?;
    Ok(true)
}
