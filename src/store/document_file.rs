//! Reads the documents of a store: files of limited size, and regular ones only.

use std::{
    fs::{self, FileType},
    io,
    path::Path,
};

use loom_base::bounded_file;

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
    let error = match absent(bounded_file::read(path, MAX_DOCUMENT)) {
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
