//! Deletes the files of a folder that nothing else shares, in one pass.
//!
//! A file with further names stays: what shares it has to be looked up before its name goes, since that changes the inode.
//! Each folder is opened once and everything in it is removed by its name in the open folder, so that no link is followed.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, openat, statat, unlinkat},
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

/// Deletes a folder and what is in it, read-only or not, except files with further names.
///
/// # Errors
/// Where something cannot be read or deleted: another user's, or a folder that this user may not read.
pub(super) fn empty_folder(folder: &Path) -> io::Result<EmptiedFolder> {
    let mut emptied = EmptiedFolder::default();
    let parent = folder.parent().unwrap_or(folder);
    let parent =
        openat(CWD, parent, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    if let Some(name) = folder.file_name() {
        remove_folder(&parent, name, &mut emptied)?;
    }
    Ok(emptied)
}

fn remove_folder(
    parent: &OwnedFd,
    name: impl rustix::path::Arg + Copy,
    emptied: &mut EmptiedFolder,
) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(parent, name, flags, Mode::empty())?;
    let had_shared = std::mem::take(&mut emptied.has_shared);
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        if [&b"."[..], b".."].contains(&entry.file_name().to_bytes()) {
            continue;
        }
        remove_entry(&folder, entry.file_name(), entry.file_type(), emptied)?;
    }
    if !emptied.has_shared {
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
        let emptied = empty_folder(&tree).unwrap();
        assert_eq!(emptied, EmptiedFolder { freed: 5, has_shared: true });
        let left = |folder: &str| fs::read_dir(tree.join(folder)).unwrap().count();
        assert_eq!((left(""), left("lib")), (1, 1), "only the shared file is left");
        fs::remove_file(tree.join("lib/shared")).unwrap();
        assert_eq!(empty_folder(&tree).unwrap(), EmptiedFolder::default());
        assert!(!tree.exists());
        assert_eq!(fs::read(other.join("kept")).unwrap(), b"kept");
        assert_eq!(empty_folder(&tree).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
