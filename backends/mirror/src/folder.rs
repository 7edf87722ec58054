//! `file://` and plain paths, through `object_store`.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{
    AccessDenied, Body, Download, RangeRequest, RefusedBy, SourceError, SourceErrorKind, Validator,
};
use object_store::{
    GetOptions, GetResult, GetResultPayload, ObjectStore, local::LocalFileSystem, path::Path as Key,
};

use crate::transport::{Entries, Transport};

/// How much is read at once: `object_store` itself streams files by 8 KiB, one thread switch each.
const PIECE: u64 = 256 * 1024;

/// A folder of this machine, or of one that it has mounted.
#[derive(Debug)]
pub(crate) struct Folder {
    /// As it was given.
    path: PathBuf,
    /// Opened at the first use: a folder that is not there is a source that cannot answer, not a wrong setting.
    opened: OnceLock<Root>,
}

#[derive(Debug)]
struct Root {
    real: PathBuf,
    files: LocalFileSystem,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, opened: OnceLock::new() }
    }

    fn root(&self) -> Result<&Root, SourceError> {
        if let Some(root) = self.opened.get() {
            return Ok(root);
        }
        let real = self.path.canonicalize().map_err(|e| self.refused("", e))?;
        if !real.is_dir() {
            return Err(self.refused("", io::ErrorKind::NotADirectory.into()));
        }
        let files = LocalFileSystem::new_with_prefix(&real)
            .map_err(|e| self.refused("", io::Error::other(e)))?;
        Ok(self.opened.get_or_init(|| Root { real, files }))
    }

    /// What a failure of the file system means.
    fn refused(&self, key: &str, error: io::Error) -> SourceError {
        let at = self.at(key);
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                SourceError::denied(at, AccessDenied::by(RefusedBy::FileSystem)).caused_by(error)
            }
            _ => SourceError::read(at, error),
        }
    }

    /// Where a key really lies, or `None` where nothing does. A link may not lead out of the mirror.
    fn locate(&self, key: &str) -> Result<Option<PathBuf>, SourceError> {
        let root = self.root()?;
        let real = match root.real.join(key).canonicalize() {
            Ok(real) => real,
            Err(e) if is_absence(&e) => return self.absent(),
            Err(e) => return Err(self.refused(key, e)),
        };
        if real.starts_with(&root.real) {
            return Ok(Some(real));
        }
        let why = format!("a symbolic link leads out of the mirror, to {}", real.display());
        Err(self.refused(key, io::Error::other(why)))
    }

    /// Nothing is there; but if the root itself has gone, that is no answer.
    fn absent<T>(&self) -> Result<Option<T>, SourceError> {
        self.path.metadata().map(|_| None).map_err(|e| self.refused("", e))
    }

    async fn get(&self, key: &str) -> Result<Option<GetResult>, SourceError> {
        if self.locate(key)?.is_none() {
            return Ok(None);
        }
        let path = Key::parse(key).map_err(|e| self.refused(key, io::Error::other(e)))?;
        match self.root()?.files.get_opts(&path, GetOptions::default()).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => self.absent(),
            Err(e) => Err(self.refused(key, into_io(e))),
        }
    }
}

#[async_trait]
impl Transport for Folder {
    async fn small(&self, key: &str, cap: usize) -> Result<Option<Bytes>, SourceError> {
        let Some(found) = self.get(key).await? else { return Ok(None) };
        if found.meta.size > cap as u64 {
            let why = format!("it has more than {cap} bytes");
            return Err(SourceError::malformed(self.at(key), why));
        }
        let bytes = found.bytes().await.map_err(|e| self.refused(key, into_io(e)))?;
        Ok(Some(bytes))
    }

    async fn open(&self, key: &str, from: &RangeRequest) -> Result<Option<Download>, SourceError> {
        let Some(found) = self.get(key).await? else { return Ok(None) };
        let total = found.meta.size;
        let validator = found.meta.e_tag.map(Validator::Weak);
        let changed = from.validator.is_some() && from.validator != validator;
        let start = if changed || from.from > total { 0 } else { from.from };
        let body = match found.payload {
            GetResultPayload::File(file, _) => pieces(file, self.at(key), start, total),
            GetResultPayload::Stream(_) => {
                return Err(self.refused(key, io::Error::other("not a file of this machine")));
            }
        };
        Ok(Some(Download { start, total: Some(total), validator, body }))
    }

    async fn list(&self, folder: &str) -> Result<Option<Entries>, SourceError> {
        let root = self.root()?;
        if !folder.is_empty() && self.locate(folder)?.is_none_or(|path| !path.is_dir()) {
            return Ok(Some(Entries::default()));
        }
        let prefix = Key::parse(folder).map_err(|e| self.refused(folder, io::Error::other(e)))?;
        let listed = root.files.list_with_delimiter(Some(&prefix)).await;
        let listed = listed.map_err(|e| self.refused(folder, into_io(e)))?;
        let name = |key: &Key| key.filename().unwrap_or_default().to_owned();
        Ok(Some(Entries {
            folders: listed.common_prefixes.iter().map(name).collect(),
            files: listed.objects.iter().map(|file| (name(&file.location), file.size)).collect(),
        }))
    }

    fn can_list(&self) -> bool {
        true
    }

    fn at(&self, key: &str) -> String {
        let path = if key.is_empty() { self.path.clone() } else { self.path.join(key) };
        path.display().to_string()
    }

    fn file(&self, key: &str) -> Option<PathBuf> {
        self.locate(key).ok().flatten().filter(|path: &PathBuf| Path::is_file(path))
    }
}

/// A file's bytes from `start` to `end`, read on the threads that may wait.
fn pieces(file: File, at: String, start: u64, end: u64) -> Body {
    let reading = Reading { file, at, begun: false, start, next: start, end };
    stream::try_unfold(reading, |mut reading| async move {
        if reading.next >= reading.end {
            return Ok(None);
        }
        let at = reading.at.clone();
        let read = tokio::task::spawn_blocking(move || (reading.piece(), reading)).await;
        let (piece, reading) = read.map_err(|e| SourceError::read(at, e))?;
        Ok(Some((piece?, reading)))
    })
    .boxed()
}

struct Reading {
    file: File,
    at: String,
    begun: bool,
    start: u64,
    next: u64,
    end: u64,
}

impl Reading {
    fn piece(&mut self) -> Result<Bytes, SourceError> {
        let wanted = PIECE.min(self.end - self.next);
        let piece = self.read(wanted);
        let piece = piece.map_err(|source| SourceError::read(self.at.clone(), source))?;
        self.next += piece.len() as u64;
        if (piece.len() as u64) < wanted {
            let read = self.next - self.start;
            let kind = SourceErrorKind::Interrupted { received: read };
            return Err(SourceError::new(self.at.clone(), kind));
        }
        Ok(piece.into())
    }

    fn read(&mut self, wanted: u64) -> io::Result<Vec<u8>> {
        if !self.begun && self.start > 0 {
            self.file.seek(SeekFrom::Start(self.start))?;
        }
        self.begun = true;
        let mut piece = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
        (&mut self.file).take(wanted).read_to_end(&mut piece)?;
        Ok(piece)
    }
}

/// Nothing of that name, or a file where a folder would have to be.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The system's own error inside `object_store`'s, for its kind.
fn into_io(error: object_store::Error) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut kind = io::ErrorKind::Other;
    while let Some(inner) = cause {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            kind = inner.kind();
        }
        cause = inner.source();
    }
    io::Error::new(kind, error)
}
