//! [`ObjectBody`]: the bytes of an object that is written.

use std::{fs, io, path::PathBuf};

use bytes::Bytes;
use tempfile::TempPath;

/// The bytes of an object that is written.
#[derive(Debug)]
pub enum ObjectBody {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file, which is copied.
    File {
        /// The path.
        path: PathBuf,
        /// The size in bytes.
        size: u64,
    },
    /// A temporary file, which is moved where that is possible.
    Temporary {
        /// The path; the file is removed with this value.
        path: TempPath,
        /// The size in bytes.
        size: u64,
    },
}

impl ObjectBody {
    /// The bytes of a file, which is copied.
    ///
    /// # Errors
    /// Where the size of the file cannot be read.
    pub fn file(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let size = fs::metadata(&path)?.len();
        Ok(Self::File { path, size })
    }

    /// The size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } | Self::Temporary { size, .. } => *size,
        }
    }
}

impl From<Vec<u8>> for ObjectBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}
