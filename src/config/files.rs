//! [`Files`]: reading configuration files.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use loom_base::bounded_file::{self, RegularFile};

/// The files that a configuration is read from.
pub trait Files {
    /// The text of a file; `None` if it does not exist. A symbolic link exists, whatever it leads to.
    ///
    /// # Errors
    /// If the file exists and cannot be read, is not a regular file, is not text, or is larger than 1 MiB. A folder is an
    /// error of the kind `IsADirectory`.
    fn read(&self, file: &Path) -> io::Result<Option<String>>;

    /// The canonical path of a folder; the path itself where it has none.
    fn canonical(&self, folder: &Path) -> PathBuf {
        folder.to_owned()
    }

    /// Why users other than this one and the administrator can change a project's file or what is beside it, in words;
    /// `None` if they cannot.
    fn changed_by_others(&self, _file: &Path) -> Option<String> {
        None
    }

    /// The text of a file that only the administrator of the machine can have written.
    fn read_protected(&self, file: &Path) -> ProtectedFile {
        match self.read(file) {
            Ok(Some(text)) => ProtectedFile::Text(text),
            Ok(None) => ProtectedFile::Absent,
            Err(error) => ProtectedFile::Refused(error.to_string()),
        }
    }
}

/// A file that only the administrator of the machine may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProtectedFile {
    /// There is no such file.
    Absent,
    /// Its text.
    Text(String),
    /// The file exists and is not used: it cannot be read, or other users can write it.
    Refused(String),
}

/// The files of the file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

/// The size limit in bytes: a `loom.toml` may come from another person.
const MAX_SIZE: u64 = 1 << 20;

impl Files for Disk {
    fn read(&self, file: &Path) -> io::Result<Option<String>> {
        match fs::symlink_metadata(file) {
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        match bounded_file::read_text(file, MAX_SIZE) {
            Err(error) if is_absent(&error) => {
                Err(io::Error::new(error.kind(), "a symbolic link to a file that does not exist"))
            }
            result => result.map(Some),
        }
    }

    #[cfg(not(windows))]
    fn canonical(&self, folder: &Path) -> PathBuf {
        fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
    }

    /// Without the prefix `\\?\`, which many programs do not understand.
    #[cfg(windows)]
    fn canonical(&self, folder: &Path) -> PathBuf {
        std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
    }

    fn changed_by_others(&self, file: &Path) -> Option<String> {
        super::folder_owner::changed_by_others(file)
    }

    fn read_protected(&self, file: &Path) -> ProtectedFile {
        // One system call where the file is absent, which is the usual case.
        let opened = match super::machine_file::open(file) {
            Ok(opened) => opened,
            Err(error) if is_absent(&error) => return ProtectedFile::Absent,
            Err(error) => return ProtectedFile::Refused(error.to_string()),
        };
        let special = |error: io::Error| format!("{} is {error}", file.display());
        let text = RegularFile::of(opened).map_err(special).and_then(|opened| {
            super::machine_file::check(&opened, file)?;
            opened.read_text(MAX_SIZE).map_err(|error| error.to_string())
        });
        text.map_or_else(ProtectedFile::Refused, ProtectedFile::Text)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Files in memory, for tests.
impl Files for BTreeMap<PathBuf, String> {
    fn read(&self, file: &Path) -> io::Result<Option<String>> {
        Ok(self.get(file).cloned())
    }
}
