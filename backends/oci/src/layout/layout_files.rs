//! [`LayoutFiles`]: the files of a layout by their paths.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::SystemTime,
};

use bytes::Bytes;
use loom_base::{LockExt as _, bounded_file::RegularFile};
use loom_source::SourceError;

use super::tar_index::TarIndex;

/// The files of a layout: of a folder, or of a tar archive, whose index is kept while the file stays the same.
#[derive(Debug)]
pub(super) struct LayoutFiles {
    path: PathBuf,
    index: Mutex<Option<(TarStamp, Arc<TarIndex>)>>,
}

/// Where the bytes of a file are.
#[derive(Debug)]
pub(super) struct FileSpan {
    pub(super) file: File,
    /// The offset of the first byte.
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// What tells one state of an archive from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TarStamp {
    size: u64,
    modified: Option<SystemTime>,
}

impl LayoutFiles {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, index: Mutex::default() }
    }

    /// The path of the layout.
    pub(super) fn root(&self) -> &Path {
        &self.path
    }

    /// The path of a file of the layout, for errors; that of the layout for the empty text.
    pub(super) fn location(&self, file: &str) -> String {
        let path = if file.is_empty() { self.path.clone() } else { self.path.join(file) };
        path.display().to_string()
    }

    /// Where the bytes of a file are; `None` where the layout does not have it. The layout itself must exist.
    pub(super) fn span(&self, file: &str) -> Result<Option<FileSpan>, SourceError> {
        let metadata = self.path.metadata();
        let metadata = metadata.map_err(|error| SourceError::read(self.location(""), error))?;
        let span = if metadata.is_dir() { self.of_folder(file) } else { self.of_archive(file) };
        span.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => {
                SourceError::malformed(self.location(""), error.to_string())
            }
            _ => SourceError::read(self.location(file), error),
        })
    }

    fn of_folder(&self, file: &str) -> io::Result<Option<FileSpan>> {
        match RegularFile::open(&self.path.join(file)) {
            Ok(file) => {
                let length = file.metadata().len();
                Ok(Some(FileSpan { file: file.into_file(), offset: 0, length }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn of_archive(&self, file: &str) -> io::Result<Option<FileSpan>> {
        let archive = RegularFile::open(&self.path)?;
        let metadata = archive.metadata();
        let stamp = TarStamp { size: metadata.len(), modified: metadata.modified().ok() };
        let archive = archive.into_file();
        let mut kept = self.index.locked();
        let index = match kept.as_ref().filter(|(known, _)| *known == stamp) {
            Some((_, index)) => Arc::clone(index),
            None => {
                let index = Arc::new(TarIndex::read(&archive, stamp.size)?);
                *kept = Some((stamp, Arc::clone(&index)));
                index
            }
        };
        Ok(index.span(file).map(|(offset, length)| FileSpan { file: archive, offset, length }))
    }

    /// The bytes of a file of at most `max_bytes`; `None` where the layout does not have it.
    pub(super) fn read(&self, file: &str, max_bytes: usize) -> Result<Option<Bytes>, SourceError> {
        let Some(mut span) = self.span(file)? else { return Ok(None) };
        if span.length > max_bytes as u64 {
            let why = format!("it has more than {max_bytes} bytes");
            return Err(SourceError::malformed(self.location(file), why));
        }
        let mut bytes = Vec::new();
        let mut read = || {
            span.file.seek(SeekFrom::Start(span.offset))?;
            (&mut span.file).take(span.length).read_to_end(&mut bytes)
        };
        read().map_err(|error| SourceError::read(self.location(file), error))?;
        Ok(Some(bytes.into()))
    }
}
