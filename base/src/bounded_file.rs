//! Reading whole files of limited size.
//!
//! A path in a configuration or in a folder of another person may lead to a device that never ends or to a FIFO
//! without a writer. Only regular files are read, opening never waits, and a file above the limit is an error.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

/// The bytes of the file at `path`.
///
/// # Errors
/// With the kind `IsADirectory` for a folder and `FileTooLarge` for a file of more than `limit` bytes; for everything else
/// that is not a regular file; and whatever the operating system reports.
///
/// # Examples
/// ```
/// use loom_base::bounded_file;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("small.txt");
/// std::fs::write(&path, "12345")?;
/// assert_eq!(bounded_file::read(&path, 5)?, b"12345");
/// assert!(bounded_file::read(&path, 4).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    RegularFile::open(path)?.read(limit)
}

/// The text of the file at `path`.
///
/// # Errors
/// As for [`read`], and with the kind `InvalidData` for a file that is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    RegularFile::open(path)?.read_text(limit)
}

/// A regular file, open for reading.
#[derive(Debug)]
pub struct RegularFile {
    file: File,
    metadata: Metadata,
}

impl RegularFile {
    /// Opens the file at `path`. A FIFO without a writer is not waited for.
    ///
    /// # Errors
    /// As for [`read()`], whatever the size of the file is.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(never_waiting().read(true).open(path)?)
    }

    /// The open file, if it is a regular one.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn of(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "not a file but a folder"));
        }
        if !metadata.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        Ok(Self { file, metadata })
    }

    /// Owner, permissions and size, as they were when it was opened.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The open file without the rest.
    pub fn into_file(self) -> File {
        self.file
    }

    /// Its bytes.
    ///
    /// # Errors
    /// With the kind `FileTooLarge` where there are more than `limit` bytes, and whatever the operating system reports.
    pub fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        // One byte more: the end of the file is then found without another allocation.
        let length = self.metadata.len().min(limit).saturating_add(1);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        (&self.file).take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let message = format!("larger than {}", size(limit));
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(bytes)
    }

    /// Its text.
    ///
    /// # Errors
    /// As for [`read`](Self::read), and with the kind `InvalidData` for bytes that are not UTF-8.
    pub fn read_text(&self, limit: u64) -> io::Result<String> {
        let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "not valid UTF-8");
        String::from_utf8(self.read(limit)?).map_err(not_text)
    }
}

/// Options with which opening a FIFO or a device returns at once.
#[cfg(unix)]
pub fn never_waiting() -> OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

/// Options with which opening a FIFO or a device returns at once: nothing to do where a path leads to neither.
#[cfg(not(unix))]
pub fn never_waiting() -> OpenOptions {
    OpenOptions::new()
}

/// `1 MiB`, `64 KiB`, `100 bytes`.
fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => {
            format!("{} MiB", bytes >> 20)
        }
        bytes if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => {
            format!("{} KiB", bytes >> 10)
        }
        bytes => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for (length, limit, fits) in [(0, 0, true), (3, 3, true), (4, 3, false), (1, 0, false)] {
            fs::write(&path, vec![b'x'; length]).unwrap();
            let read = read(&path, limit);
            assert_eq!(read.is_ok(), fits, "{length} of {limit}");
            if let Err(error) = read {
                assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
            }
        }
        assert_eq!(read(folder.path(), 9).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(read(&path.join("x"), 9).unwrap_err().kind(), io::ErrorKind::NotADirectory);
        fs::write(&path, b"\xff").unwrap();
        assert_eq!(read_text(&path, 9).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[cfg(unix)]
    #[test]
    fn special_files_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [&fifo, &link, Path::new("/dev/zero"), Path::new("/dev/null")] {
            let error = read(path, 10).unwrap_err();
            assert_eq!(error.to_string(), "not a regular file", "{}", path.display());
        }
    }

    #[test]
    fn limits_are_named_in_round_units() {
        for (bytes, expected) in
            [(1 << 20, "1 MiB"), (16 << 20, "16 MiB"), (64 << 10, "64 KiB"), (1500, "1500 bytes")]
        {
            assert_eq!(size(bytes), expected);
        }
    }
}
