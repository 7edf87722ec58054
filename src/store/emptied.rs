//! Deletes the files of a folder that nothing else shares, in one pass.
//!
//! A file with further names stays: what shares it has to be looked up before its name goes, since that changes the inode.
//! Each folder is opened once and everything in it is removed by its name in the open folder, so that no link is followed.

use std::{
    ffi::OsStr,
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, fchmod, openat, statat, unlinkat},
    io::Errno,
};

/// What became of a folder.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct EmptiedFolder {
    /// The bytes of the files that were deleted.
    pub(super) freed: u64,
    /// Whether files with further names are left, and so the folder.
    pub(super) has_shared: bool,
}

/// What the system fills at once; each level of a folder has a buffer of its own, and a tree has few levels.
const BUFFER: usize = 4 * 1024;

/// The folder in which folders are deleted.
#[derive(Debug)]
pub(super) struct EmptyingFolder(OwnedFd);

impl EmptyingFolder {
    /// Opens it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(CWD, folder, flags, Mode::empty())?))
    }

    /// Deletes a folder in it and what is in that, read-only or not, except files with further names.
    ///
    /// # Errors
    /// Where something cannot be read or deleted: another user's, or a folder that this user may not read.
    pub(super) fn empty(&self, name: &OsStr) -> io::Result<EmptiedFolder> {
        let mut emptied = EmptiedFolder::default();
        remove_folder(&self.0, name, &mut emptied)?;
        Ok(emptied)
    }
}

fn remove_folder(
    parent: &OwnedFd,
    name: impl rustix::path::Arg + Copy,
    emptied: &mut EmptiedFolder,
) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(parent, name, flags, Mode::empty())?;
    let had_shared = std::mem::take(&mut emptied.has_shared);
    let mut buffer = [const { MaybeUninit::<u8>::uninit() }; BUFFER];
    let mut entries = RawDir::new(&folder, &mut buffer);
    let mut is_gone = false;
    while !is_gone && let Some(entry) = entries.next() {
        let entry = entry?;
        if ![&b"."[..], b".."].contains(&entry.file_name().to_bytes()) {
            remove_entry(&folder, entry.file_name(), entry.file_type(), emptied)?;
        }
        // Most folders fit into the buffer: they can go without being asked whether there is more.
        if entries.is_buffer_empty() && !emptied.has_shared {
            is_gone = unlink(parent, name, AtFlags::REMOVEDIR).is_ok();
        }
    }
    if !is_gone && !emptied.has_shared {
        unlink(parent, name, AtFlags::REMOVEDIR)?;
    }
    emptied.has_shared |= had_shared;
    Ok(())
}

fn remove_entry(
    folder: &OwnedFd,
    name: &std::ffi::CStr,
    kind: FileType,
    emptied: &mut EmptiedFolder,
) -> io::Result<()> {
    match kind {
        FileType::Directory => return remove_folder(folder, name, emptied),
        FileType::RegularFile | FileType::Unknown => {
            let meta = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
            match FileType::from_raw_mode(meta.st_mode) {
                FileType::Directory => return remove_folder(folder, name, emptied),
                FileType::RegularFile if meta.st_nlink > 1 => {
                    emptied.has_shared = true;
                    return Ok(());
                }
                FileType::RegularFile => emptied.freed += u64::try_from(meta.st_size).unwrap_or(0),
                _ => {}
            }
        }
        _ => {}
    }
    unlink(folder, name, AtFlags::empty())
}

/// Removes a name from a folder, which is made writable where it is not: the folders of a tree are read-only.
fn unlink(folder: &OwnedFd, name: impl rustix::path::Arg + Copy, flags: AtFlags) -> io::Result<()> {
    match unlinkat(folder, name, flags) {
        Err(Errno::ACCESS) => {
            fchmod(folder.as_fd(), Mode::RWXU)?;
            Ok(unlinkat(folder, name, flags)?)
        }
        result => Ok(result?),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    fn empty(folder: &Path) -> io::Result<EmptiedFolder> {
        EmptyingFolder::open(folder.parent().unwrap())?.empty(folder.file_name().unwrap())
    }

    #[test]
    fn everything_goes_but_files_with_further_names() {
        let home = tempfile::tempdir().unwrap();
        let (tree, other) = (home.path().join("tree"), home.path().join("other"));
        fs::create_dir_all(tree.join("bin/deep")).unwrap();
        fs::create_dir(tree.join("lib")).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(other.join("kept"), b"kept").unwrap();
        fs::write(tree.join("bin/deep/x"), b"123").unwrap();
        fs::write(tree.join("bin/y"), b"45").unwrap();
        fs::hard_link(other.join("kept"), tree.join("lib/shared")).unwrap();
        symlink(&other, tree.join("lib/link")).unwrap();
        for folder in ["bin/deep", "bin", "lib", ""] {
            fs::set_permissions(tree.join(folder), fs::Permissions::from_mode(0o555)).unwrap();
        }
        let emptied = empty(&tree).unwrap();
        assert_eq!(emptied, EmptiedFolder { freed: 5, has_shared: true });
        let left = |folder: &str| fs::read_dir(tree.join(folder)).unwrap().count();
        assert_eq!((left(""), left("lib")), (1, 1), "only the shared file is left");
        fs::remove_file(tree.join("lib/shared")).unwrap();
        assert_eq!(empty(&tree).unwrap(), EmptiedFolder::default());
        assert!(!tree.exists());
        assert_eq!(fs::read(other.join("kept")).unwrap(), b"kept");
        assert_eq!(empty(&tree).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
