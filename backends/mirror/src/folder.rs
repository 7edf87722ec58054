//! [`FolderTransport`]: a folder of this machine, through `object_store`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{
    AccessDenied, Download, RangeRequest, RefusedBy, SkippedEntries, SourceError, Validator,
    file_body,
};
use object_store::{
    GetOptions, GetResult, GetResultPayload, ObjectStore, local::LocalFileSystem, path::Path as Key,
};

use crate::transport::{Entries, Transport, join_key};

/// A folder of this machine, or of a file system that is mounted.
#[derive(Debug)]
pub(crate) struct FolderTransport {
    /// The path from the configuration.
    path: PathBuf,
    /// The folder, opened at the first use: one that does not exist is a source that cannot answer, not an invalid
    /// setting.
    opened: OnceLock<OpenedFolder>,
    skipped: SkippedEntries,
}

#[derive(Debug)]
struct OpenedFolder {
    /// The canonical path.
    root: PathBuf,
    files: LocalFileSystem,
}

impl FolderTransport {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, opened: OnceLock::new(), skipped: SkippedEntries::default() }
    }

    fn opened(&self) -> Result<&OpenedFolder, SourceError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let root = self.path.canonicalize().map_err(|e| self.failure("", e))?;
        if !root.is_dir() {
            return Err(self.failure("", io::ErrorKind::NotADirectory.into()));
        }
        let files = LocalFileSystem::new_with_prefix(&root)
            .map_err(|e| self.failure("", io::Error::other(e)))?;
        Ok(self.opened.get_or_init(|| OpenedFolder { root, files }))
    }

    /// The error for a failed operation of the file system.
    fn failure(&self, key: &str, error: io::Error) -> SourceError {
        let at = self.location(key);
        if error.kind() == io::ErrorKind::PermissionDenied {
            return SourceError::denied(at, AccessDenied::by(RefusedBy::FileSystem))
                .caused_by(error);
        }
        SourceError::read(at, error)
    }

    /// The canonical path of a key; `None` where nothing exists there. A symbolic link out of the mirror is an error.
    fn locate(&self, key: &str) -> Result<Option<PathBuf>, SourceError> {
        let root = &self.opened()?.root;
        let path = match root.join(key).canonicalize() {
            Ok(path) => path,
            Err(error) if is_absence(&error) => return self.absent(),
            Err(error) => return Err(self.failure(key, error)),
        };
        if path.starts_with(root) {
            return Ok(Some(path));
        }
        let why = format!("a symbolic link leads out of the mirror, to {}", path.display());
        Err(self.failure(key, io::Error::other(why)))
    }

    /// `None` for a file that does not exist, as long as the root exists. A root that has disappeared (an unmounted file
    /// system) says nothing about its files.
    fn absent<T>(&self) -> Result<Option<T>, SourceError> {
        self.path.metadata().map(|_| None).map_err(|e| self.failure("", e))
    }

    /// The entries of the folder at `path`, whose key is `folder`. Symbolic links are followed; those that lead nowhere,
    /// and names that no key can have, are left out.
    fn entries(&self, folder: &str, path: &Path) -> Result<Entries, SourceError> {
        let failure = |error| self.failure(folder, error);
        let mut entries = Entries::default();
        for entry in fs::read_dir(path).map_err(failure)? {
            let entry = entry.map_err(failure)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                let name = name.to_string_lossy();
                self.skipped.add(&join_key(folder, &name), "its name is not UTF-8");
                continue;
            };
            match fs::metadata(entry.path()) {
                Ok(found) if found.is_dir() => entries.folders.push(name.to_owned()),
                Ok(found) if found.is_file() => entries.files.push((name.to_owned(), found.len())),
                Ok(_) => self.skipped.add(&join_key(folder, name), "neither a file nor a folder"),
                Err(error) => self.skipped.add(&join_key(folder, name), error),
            }
            entries.check_count(&self.location(folder))?;
        }
        Ok(entries)
    }

    async fn get(&self, key: &str) -> Result<Option<GetResult>, SourceError> {
        let Some(path) = self.locate(key)? else { return Ok(None) };
        let meta = path.metadata().map_err(|e| self.failure(key, e))?;
        // A FIFO would be waited for, and a device never ends.
        if !meta.is_file() && !meta.is_dir() {
            return Err(self.failure(key, io::Error::other("not a regular file")));
        }
        let path = Key::parse(key).map_err(|e| self.failure(key, io::Error::other(e)))?;
        match self.opened()?.files.get_opts(&path, GetOptions::default()).await {
            Ok(file) => Ok(Some(file)),
            Err(object_store::Error::NotFound { .. }) => self.absent(),
            Err(error) => Err(self.failure(key, into_io(error))),
        }
    }
}

#[async_trait]
impl Transport for FolderTransport {
    async fn get_bytes(&self, key: &str, max_bytes: usize) -> Result<Option<Bytes>, SourceError> {
        let Some(file) = self.get(key).await? else { return Ok(None) };
        if file.meta.size > max_bytes as u64 {
            let why = format!("it has more than {max_bytes} bytes");
            return Err(SourceError::malformed(self.location(key), why));
        }
        let bytes = file.bytes().await.map_err(|e| self.failure(key, into_io(e)))?;
        Ok(Some(bytes))
    }

    async fn open(&self, key: &str, range: &RangeRequest) -> Result<Option<Download>, SourceError> {
        let Some(found) = self.get(key).await? else { return Ok(None) };
        let total = found.meta.size;
        let validator = found.meta.e_tag.map(Validator::Weak);
        let changed = range.validator.is_some() && range.validator != validator;
        let start = if changed || range.from > total { 0 } else { range.from };
        let body = match found.payload {
            GetResultPayload::File(file, _) => file_body(file, start..total, self.location(key)),
            GetResultPayload::Stream(_) => {
                return Err(self.failure(key, io::Error::other("not a file of this machine")));
            }
        };
        Ok(Some(Download { start, total: Some(total), validator, body }))
    }

    async fn list(&self, folder: &str) -> Result<Option<Entries>, SourceError> {
        match self.locate(folder)? {
            Some(path) if path.is_dir() => self.entries(folder, &path).map(Some),
            _ => Ok(Some(Entries::default())),
        }
    }

    fn can_list(&self) -> bool {
        true
    }

    fn unlistable_reason(&self) -> &'static str {
        "the folder cannot be listed; give --version"
    }

    fn skipped(&self) -> &SkippedEntries {
        &self.skipped
    }

    fn location(&self, key: &str) -> String {
        let path = if key.is_empty() { self.path.clone() } else { self.path.join(key) };
        path.display().to_string()
    }

    fn local_file(&self, key: &str) -> Option<PathBuf> {
        self.locate(key).ok().flatten().filter(|path: &PathBuf| Path::is_file(path))
    }
}

/// Whether nothing has the path, which includes a file in the place of one of its folders.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// An error of `object_store` with the kind of the system's error inside it.
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
