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
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
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

/// Whether two files are one inode.
pub(super) fn is_one_inode(a: &Path, b: &Path) -> bool {
    cfg!(unix) && inode_of(a).is_some_and(|inode| Some(inode) == inode_of(b))
}

/// Whether a file is a reflink of another one: it got the same time of modification then, which two files that were
/// written hardly have.
#[cfg(target_os = "linux")]
fn is_reflink(a: &Metadata, b: &Metadata) -> bool {
    a.len() == b.len() && a.modified().ok() == b.modified().ok()
}

/// Replaces `path` by a file that shares its blocks with `kept`, which was hashed; `None` where it is a reflink already, and
/// where the file system has neither reflinks nor room for another hard link.
pub(super) fn share(
    kept: &Path,
    path: &Path,
    digest: &Digest,
    tmp: &Path,
) -> Result<Option<Shared>, StoreError> {
    #[cfg(target_os = "linux")]
    match reflink(kept, path, digest, tmp)? {
        Reflink::Made => return Ok(Some(Shared::Reflink)),
        Reflink::IsThere => return Ok(None),
        Reflink::Impossible => {}
    }
    let _ = digest;
    let Ok(link) = temporary_in(tmp, |link| fs::hard_link(kept, link)) else { return Ok(None) };
    // Where both are one inode already, the system keeps the temporary name, which is then removed.
    link.into_temp_path().persist(path).map_err(|e| at(FileAction::Rename, path)(e.error))?;
    Ok(Some(Shared::HardLink))
}

/// The result of [`reflink`].
#[cfg(target_os = "linux")]
enum Reflink {
    Made,
    IsThere,
    Impossible,
}

/// Replaces `path` by a reflink of `kept`. Its bytes are hashed after they were shared: from then on they do not change with
/// the other file.
#[cfg(target_os = "linux")]
fn reflink(kept: &Path, path: &Path, digest: &Digest, tmp: &Path) -> Result<Reflink, StoreError> {
    let source = File::open(kept).map_err(at(FileAction::Read, kept))?;
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    let clone =
        temporary_in(tmp, |path| options.open(path)).map_err(at(FileAction::Create, tmp))?;
    if rustix::fs::ioctl_ficlone(clone.as_file(), &source).is_err() {
        return Ok(Reflink::Impossible);
    }
    let of_source = source.metadata().map_err(at(FileAction::Read, kept))?;
    let meta = fs::metadata(path).map_err(at(FileAction::Read, path))?;
    let got = measure(&mut clone.as_file()).map_err(at(FileAction::Read, clone.path()))?;
    if is_reflink(&of_source, &meta) || got.digest != *digest {
        return Ok(Reflink::IsThere);
    }
    let dated = of_source.modified().and_then(|time| clone.as_file().set_modified(time));
    dated.map_err(at(FileAction::Write, clone.path()))?;
    set_mode(clone.path(), std::os::unix::fs::MetadataExt::mode(&meta) & 0o7777)?;
    sync(clone.path())?;
    clone.into_temp_path().persist(path).map_err(|e| at(FileAction::Rename, path)(e.error))?;
    Ok(Reflink::Made)
}
