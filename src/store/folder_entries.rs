//! What is in a folder: names, and what is there under each.
//!
//! On Linux the time at which a folder was read is not noted. Noting it is a write for each folder, which takes a third of the
//! time of reading it, and nothing asks for that time.

use std::{
    ffi::OsString,
    fs::{self, FileType},
    io,
    path::Path,
};

use super::error::absent;

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FolderEntryKind {
    File,
    Folder,
    Link,
    /// A FIFO, a socket or a device.
    Other,
}

impl From<FileType> for FolderEntryKind {
    fn from(kind: FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Folder
        } else if kind.is_symlink() {
            Self::Link
        } else {
            Self::Other
        }
    }
}

/// The entries of a folder, in no order; `None` where there is no folder. One that is removed meanwhile is left out.
pub(super) fn folder_entries(
    folder: &Path,
) -> io::Result<Option<Vec<(OsString, FolderEntryKind)>>> {
    absent(read(folder))
}

#[cfg(target_os = "linux")]
fn read(folder: &Path) -> io::Result<Vec<(OsString, FolderEntryKind)>> {
    use std::{ffi::OsStr, mem::MaybeUninit, os::unix::ffi::OsStrExt as _};

    use rustix::{
        fs::{CWD, FileType as Kind, Mode, OFlags, RawDir, openat},
        io::Errno,
    };

    /// What the system fills at once: some hundred entries.
    const BUFFER: usize = 16 * 1024;

    let open = |more| {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | more;
        openat(CWD, folder, flags, Mode::empty())
    };
    // Only the owner of a folder may leave its time alone.
    let file = match open(OFlags::NOATIME) {
        Err(Errno::PERM) => open(OFlags::empty())?,
        file => file?,
    };
    let mut buffer = [const { MaybeUninit::<u8>::uninit() }; BUFFER];
    let mut entries = RawDir::new(&file, &mut buffer);
    let mut found = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        let kind = match entry.file_type() {
            _ if name == "." || name == ".." => continue,
            Kind::RegularFile => FolderEntryKind::File,
            Kind::Directory => FolderEntryKind::Folder,
            Kind::Symlink => FolderEntryKind::Link,
            // Some file systems do not say it in the folder.
            Kind::Unknown => match fs::symlink_metadata(folder.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                meta => meta?.file_type().into(),
            },
            _ => FolderEntryKind::Other,
        };
        found.push((name.to_owned(), kind));
    }
    Ok(found)
}

#[cfg(not(target_os = "linux"))]
fn read(folder: &Path) -> io::Result<Vec<(OsString, FolderEntryKind)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            kind => found.push((entry.file_name(), kind?.into())),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_their_kinds() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        assert_eq!(folder_entries(&at("missing")).unwrap(), None);
        fs::write(at("file"), b"").unwrap();
        fs::create_dir(at("folder")).unwrap();
        let mut expected = vec![
            (OsString::from("file"), FolderEntryKind::File),
            (OsString::from("folder"), FolderEntryKind::Folder),
        ];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", at("link")).unwrap();
            expected.push((OsString::from("link"), FolderEntryKind::Link));
            let socket = std::os::unix::net::UnixListener::bind(at("socket"));
            drop(socket.unwrap());
            expected.push((OsString::from("socket"), FolderEntryKind::Other));
        }
        let mut found = folder_entries(home.path()).unwrap().unwrap();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(found, expected);
        assert_eq!(folder_entries(&at("file")).unwrap(), None);
    }

    #[test]
    fn all_entries_of_a_large_folder_are_read() {
        let home = tempfile::tempdir().unwrap();
        for number in 0..2000 {
            fs::write(home.path().join(format!("{number:064}")), b"").unwrap();
        }
        assert_eq!(folder_entries(home.path()).unwrap().unwrap().len(), 2000);
    }
}
