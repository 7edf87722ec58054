//! Reads the documents of a store: files of limited size, and regular ones only.

use std::{
    fs::{self, File, FileType},
    io,
    path::Path,
};

use loom_base::bounded_file::{RegularFile, never_waiting};

use super::{
    StoreError,
    error::{FileAction, absent, at},
};

/// The largest document in bytes. The listing of a tree with the most files that are unpacked has about 4 MiB.
const MAX_DOCUMENT: u64 = 32 * 1024 * 1024;

/// The bytes of a document; `None` where there is no file.
///
/// # Errors
/// [`StoreError::Damaged`] for something that is no file, or a file that is too large; [`StoreError::Io`] for a file that
/// cannot be read.
pub(super) fn read_document(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let read = || RegularFile::of(open(path)?)?.read(MAX_DOCUMENT);
    let error = match absent(read()) {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error,
    };
    let other = fs::metadata(path).ok().filter(|meta| !meta.is_file());
    let what = match other {
        Some(meta) => format!("expected a file, got {}", in_words(meta.file_type())),
        None if error.kind() == io::ErrorKind::FileTooLarge => format!("it is {error}"),
        None => return Err(at(FileAction::Read, path)(error)),
    };
    Err(StoreError::Damaged { path: path.to_owned(), what })
}

/// Opens a document so that the time at which it was read is not noted, for which only its owner may ask. Noting it is a
/// write for each document, and nothing asks for that time.
#[cfg(target_os = "linux")]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    let mut options = never_waiting();
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOATIME;
    options.read(true).custom_flags(flags.bits().cast_signed());
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            never_waiting().read(true).open(path)
        }
        opened => opened,
    }
}

#[cfg(not(target_os = "linux"))]
fn open(path: &Path) -> io::Result<File> {
    never_waiting().read(true).open(path)
}

/// What kind of file something is.
pub(super) fn in_words(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a FIFO";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a link"
    } else {
        "a file"
    }
}
