//! [`BucketDestination`]: a prefix in a bucket that is written.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use loom_source::{RangeRequest, SourceError, SourceErrorKind};
use object_store::{
    MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutMultipartOptions,
    PutOptions, UpdateVersion, path::Path as Key,
};

use super::{connector::ObjectRequest, object_status::ObjectStatus, transport::BucketTransport};
use crate::{
    destination::{
        Destination, DestinationError, FileStat, ListedFile, ObjectBody, Replacement, TagOf,
        VersionTag,
    },
    transport::Transport as _,
};

/// The largest object that is sent in one request, in bytes. A larger one is sent in parts of this size.
const PART: u64 = 8 * 1024 * 1024;

/// The largest number of objects that are listed.
const MAX_LISTED: usize = 1_000_000;

/// A prefix in a bucket that is written.
#[derive(Debug)]
pub(crate) struct BucketDestination(BucketTransport);

impl BucketDestination {
    pub(crate) fn new(bucket: BucketTransport) -> Self {
        Self(bucket)
    }

    fn store(&self) -> Result<&dyn ObjectStore, SourceError> {
        Ok(self.0.client()?)
    }

    /// What an error of `object_store` means for `key`.
    fn failure(&self, key: &str, error: &object_store::Error) -> DestinationError {
        let status = self.0.status(key, error);
        self.0.unexpected(key, status).into()
    }

    /// Sends an object in parts. One that was not sent completely does not appear.
    async fn write_parts(&self, key: &str, path: &Path) -> Result<(), DestinationError> {
        let options =
            PutMultipartOptions { extensions: upload(), ..PutMultipartOptions::default() };
        let object = self.0.object_key(key)?;
        let begun = self.store()?.put_multipart_opts(&object, options).await;
        let mut parts = begun.map_err(|e| self.failure(key, &e))?;
        let sent = self.send_parts(key, path, parts.as_mut()).await;
        if sent.is_err() {
            // Stores remove unfinished uploads by their own rules, where this fails too.
            let _ = parts.abort().await;
        }
        sent
    }

    async fn send_parts(
        &self,
        key: &str,
        path: &Path,
        parts: &mut dyn MultipartUpload,
    ) -> Result<(), DestinationError> {
        let unread = |source| unread(path, source);
        let mut file = File::open(path).map_err(unread)?;
        loop {
            let (part, rest) = blocking(move || next_part(file)).await.map_err(unread)?;
            file = rest;
            if part.is_empty() {
                break;
            }
            parts.put_part(part.into()).await.map_err(|e| self.failure(key, &e))?;
        }
        parts.complete().await.map(drop).map_err(|e| self.failure(key, &e))
    }

    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<Put, DestinationError> {
        let options = PutOptions { mode, extensions: upload(), ..PutOptions::default() };
        let object = self.0.object_key(key)?;
        let Err(error) = self.store()?.put_opts(&object, bytes.into(), options).await else {
            return Ok(Put::Done);
        };
        match self.0.status(key, &error) {
            // Where the object that is to be replaced has been removed, the answer is 404.
            ObjectStatus::Changed | ObjectStatus::Absent => Ok(Put::Refused),
            ObjectStatus::Failed(SourceError {
                kind: SourceErrorKind::HttpStatus { status: 409 | 412, .. },
                ..
            }) => Ok(Put::Refused),
            status => Err(self.0.unexpected(key, status).into()),
        }
    }
}

/// The answer to a conditional request.
enum Put {
    Done,
    Refused,
}

/// Marks the requests of an upload: they are no small documents, whose time is limited.
fn upload() -> object_store::Extensions {
    let mut extensions = object_store::Extensions::new();
    extensions.insert(ObjectRequest { allow_html: false, is_document: false });
    extensions
}

fn unread(path: &Path, source: io::Error) -> DestinationError {
    SourceError::read(path.display().to_string(), source).into()
}

/// Runs a blocking operation on a thread for such operations.
async fn blocking<T: Send + 'static>(
    operation: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(operation).await.unwrap_or_else(|e| Err(io::Error::other(e)))
}

/// The next part of a file, empty at its end; and the file, positioned behind it.
fn next_part(mut file: File) -> io::Result<(Bytes, File)> {
    let mut part = Vec::new();
    (&mut file).take(PART).read_to_end(&mut part)?;
    Ok((part.into(), file))
}

fn stat_of(meta: &ObjectMeta) -> FileStat {
    FileStat { size: meta.size, modified: SystemTime::from(meta.last_modified) }
}

impl fmt::Display for BucketDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.location(""))
    }
}

#[async_trait]
impl Destination for BucketDestination {
    async fn read(
        &self,
        key: &str,
        max_bytes: usize,
    ) -> Result<Option<(Bytes, VersionTag)>, DestinationError> {
        let object = match self.0.get(key, &RangeRequest::whole(), true).await {
            Ok(object) => object,
            Err(ObjectStatus::Absent) => return Ok(None),
            Err(status) => return Err(self.0.unexpected(key, status).into()),
        };
        let tag = UpdateVersion {
            e_tag: object.meta.e_tag.clone(),
            version: object.meta.version.clone(),
        };
        let bytes = self.0.read_all(key, object, max_bytes).await?;
        Ok(Some((bytes, VersionTag(TagOf::Object(tag)))))
    }

    async fn stat(&self, key: &str) -> Result<Option<FileStat>, DestinationError> {
        match self.0.head(key).await {
            Ok(meta) => Ok(Some(stat_of(&meta))),
            Err(ObjectStatus::Absent) => Ok(None),
            Err(status) => Err(self.0.unexpected(key, status).into()),
        }
    }

    async fn write(&self, key: &str, body: ObjectBody) -> Result<(), DestinationError> {
        let path: PathBuf = match &body {
            ObjectBody::Bytes(bytes) => {
                return self.put(key, bytes.clone(), PutMode::Overwrite).await.map(drop);
            }
            ObjectBody::File { path, .. } => path.clone(),
            ObjectBody::Temporary { path, .. } => path.to_path_buf(),
        };
        if body.size() > PART {
            return self.write_parts(key, &path).await;
        }
        let read = path.clone();
        let bytes = blocking(move || std::fs::read(read)).await.map_err(|e| unread(&path, e))?;
        self.put(key, bytes.into(), PutMode::Overwrite).await.map(drop)
    }

    async fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&VersionTag>,
    ) -> Result<Replacement, DestinationError> {
        let mode = match expected {
            None => PutMode::Create,
            Some(VersionTag(TagOf::Object(version)))
                if version.e_tag.is_some() || version.version.is_some() =>
            {
                PutMode::Update(version.clone())
            }
            Some(_) => return Err(DestinationError::NoTag { at: self.0.location(key) }),
        };
        Ok(match self.put(key, bytes, mode).await? {
            Put::Done => Replacement::Replaced,
            Put::Refused => Replacement::Conflict,
        })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ListedFile>, DestinationError> {
        let root = self.0.bucket_key("");
        let folder = Key::parse(self.0.bucket_key(prefix.trim_end_matches('/')))
            .map_err(|e| SourceError::malformed(self.0.location(prefix), e.to_string()))?;
        let folder = (!folder.as_ref().is_empty()).then_some(&folder);
        let mut objects = self.store()?.list(folder);
        let mut files = Vec::new();
        while let Some(meta) = objects.try_next().await.map_err(|e| self.failure(prefix, &e))? {
            let key = meta.location.as_ref();
            let key = if root.is_empty() {
                Some(key)
            } else {
                key.strip_prefix(&root).and_then(|key| key.strip_prefix('/'))
            };
            files.extend(key.map(|key| ListedFile { key: key.to_owned(), stat: stat_of(&meta) }));
            if files.len() > MAX_LISTED {
                let why = format!("it has more than {MAX_LISTED} objects");
                return Err(SourceError::malformed(self.0.location(prefix), why).into());
            }
        }
        Ok(files)
    }

    async fn delete(&self, key: &str) -> Result<(), DestinationError> {
        let object = self.0.object_key(key)?;
        let Err(error) = self.store()?.delete(&object).await else { return Ok(()) };
        match self.0.status(key, &error) {
            ObjectStatus::Absent => Ok(()),
            status => Err(self.0.unexpected(key, status).into()),
        }
    }
}
