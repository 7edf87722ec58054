//! [`LogFollower`]: reads a log as it grows.

use std::{
    fs::{self, File, Metadata},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::log::numbered;

/// Reads a log as it grows, also over the change to a new file and over a rotation, which empties the file after
/// copying its content to `log.1`.
#[derive(Debug)]
pub struct LogFollower {
    path: PathBuf,
    file: Option<File>,
    /// The number of bytes of `file` that were read.
    read: u64,
    /// Which file `log.1` was when the log was opened: another one means that the log was rotated.
    previous: Option<FileId>,
}

impl LogFollower {
    /// Reads from the beginning. The file need not exist yet.
    pub fn from_start(log: &Path) -> Self {
        Self { path: log.to_owned(), file: None, read: 0, previous: None }
    }

    /// Reads `file`, which is `log`, from byte `offset` on.
    pub(super) fn from_offset(log: &Path, mut file: File, offset: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        let previous = id_of(&numbered(log, 1));
        Ok(Self { path: log.to_owned(), file: Some(file), read: offset, previous })
    }

    /// Copies to `out` what was appended since the last call; returns the number of bytes.
    ///
    /// # Errors
    /// Whatever keeps the file from being read, or `out` from being written.
    pub fn copy_to(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        let mut copied = self.copy_rotated(out)?;
        copied += self.copy_open(out)?;
        if self.was_replaced()? {
            // What was written between the last read and the change is still in the old file.
            copied += self.copy_open(out)?;
            self.file = None;
            copied += self.copy_open(out)?;
        }
        Ok(copied)
    }

    /// If the open file was emptied: copies the rest of its old content from `log.1`, and starts again.
    fn copy_rotated(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        if self.was_replaced()? {
            return Ok(0);
        }
        let Some(file) = &mut self.file else { return Ok(0) };
        let [previous, before] = [1, 2].map(|n| numbered(&self.path, n));
        let mut copied = 0;
        if id_of(&previous) != self.previous {
            let mut rest = self.read;
            // Rotated once, the file that was `log.1` is `log.2` now; otherwise it was rotated twice.
            if id_of(&before) != self.previous {
                copied += copy_from(&before, rest, out)?;
                rest = 0;
            }
            copied += copy_from(&previous, rest, out)?;
        } else if file.metadata()?.len() >= self.read {
            return Ok(0);
        }
        file.seek(SeekFrom::Start(0))?;
        (self.read, self.previous) = (0, id_of(&previous));
        Ok(copied)
    }

    fn copy_open(&mut self, out: &mut dyn Write) -> io::Result<u64> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => {
                    self.file = Some(file);
                    self.read = 0;
                    self.previous = id_of(&numbered(&self.path, 1));
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
                Err(e) => return Err(e),
            }
        }
        let Some(file) = &mut self.file else { return Ok(0) };
        let copied = io::copy(file, out)?;
        self.read += copied;
        Ok(copied)
    }

    /// Whether `path` names another file than the open one.
    fn was_replaced(&self) -> io::Result<bool> {
        let Some(file) = &self.file else { return Ok(false) };
        match fs::metadata(&self.path) {
            Ok(named) => Ok(FileId::of(&named) != FileId::of(&file.metadata()?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }
}

/// Copies a file from byte `start` on.
fn copy_from(path: &Path, start: u64, out: &mut dyn Write) -> io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    io::copy(&mut file, out)
}

fn id_of(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|metadata| FileId::of(&metadata))
}

/// What tells two files of one folder apart, whatever their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    #[cfg(unix)]
    id: (u64, u64),
    #[cfg(not(unix))]
    created: Option<std::time::SystemTime>,
}

impl FileId {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { id: (metadata.dev(), metadata.ino()) }
    }

    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        Self { created: metadata.created().ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::log::rotate;

    #[test]
    fn a_follower_continues_in_the_new_file_and_misses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut seen = Vec::new();
        let mut follow = LogFollower::from_start(&log);
        assert_eq!(follow.copy_to(&mut seen).unwrap(), 0);
        let mut first = rotate(&log).unwrap();
        writeln!(first, "one").unwrap();
        follow.copy_to(&mut seen).unwrap();
        writeln!(first, "two").unwrap();
        writeln!(rotate(&log).unwrap(), "three").unwrap();
        follow.copy_to(&mut seen).unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), "one\ntwo\nthree\n");
    }
}
