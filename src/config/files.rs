//! [`Files`]: reading configuration files.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

/// The files that a configuration is read from.
pub trait Files {
    /// The text of a file; `None` if it does not exist.
    ///
    /// # Errors
    /// If the file exists and cannot be read, is not text, or is larger than 1 MiB.
    fn read(&self, file: &Path) -> io::Result<Option<String>>;

    /// The canonical path of a file; the path itself where it has none.
    fn canonical(&self, file: &Path) -> PathBuf {
        file.to_owned()
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
        // The type is checked before the file is opened: opening a FIFO would wait for a writer.
        match fs::metadata(file) {
            Ok(meta) if meta.is_file() => {}
            // Python keeps virtual environments in folders named `.env`.
            Ok(meta) if meta.is_dir() => return Ok(None),
            Ok(_) => return Err(io::Error::other("not a regular file")),
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        read_text(fs::File::open(file)?).map(Some)
    }

    fn canonical(&self, file: &Path) -> PathBuf {
        fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
    }

    fn read_protected(&self, file: &Path) -> ProtectedFile {
        // One system call where the file is absent, which is the usual case.
        let opened = match super::machine_file::open(file) {
            Ok(opened) => opened,
            Err(error) if is_absent(&error) => return ProtectedFile::Absent,
            Err(error) => return ProtectedFile::Refused(error.to_string()),
        };
        let text = super::machine_file::check(&opened, file)
            .and_then(|()| read_text(opened).map_err(|error| error.to_string()));
        text.map_or_else(ProtectedFile::Refused, ProtectedFile::Text)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_text(file: fs::File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MAX_SIZE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SIZE {
        return Err(io::Error::other("larger than 1 MiB"));
    }
    Ok(text)
}

/// Files in memory, for tests.
impl Files for BTreeMap<PathBuf, String> {
    fn read(&self, file: &Path) -> io::Result<Option<String>> {
        Ok(self.get(file).cloned())
    }
}
