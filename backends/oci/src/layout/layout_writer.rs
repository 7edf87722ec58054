//! Writes blobs, documents and tags to a layout in a folder.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use loom_base::{
    atomic_file::{self, sync_folder},
    file_lock::{LockHolder, LockPatience, holder_in_words, wait_for},
};
use loom_source::{Digest, SourceError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{LayoutTransport, VERSION, blob_path, tag_of};
use crate::{
    image_store::{BlobContent, ImageBlob, ImageStore, SweptBlobs, UnneededTags, WrittenDocument},
    image_write_error::ImageWriteError,
    manifest::{Descriptor, MAX_DOCUMENT, parse_digest},
    mapping::{BINARY, INDEX_TYPES, REF_NAME},
    transport::ImageTransport as _,
    written_descriptor::WrittenDescriptor,
};

/// How long the lock of a layout is waited for. It is held for as long as one small file takes.
const PATIENCE: LockPatience =
    LockPatience { quiet: Duration::from_secs(60), longest: Duration::from_secs(60) };

/// How old a blob is that a writer does not make young again: far from the age in which it is collected.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);

/// The list of a layout, whose entries stay as they are.
#[derive(Deserialize)]
struct LayoutList {
    manifests: Vec<Box<RawValue>>,
}

/// The list of a layout, in the order of Go's fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenList<'a> {
    schema_version: u8,
    media_type: &'static str,
    manifests: Vec<&'a RawValue>,
}

impl LayoutTransport {
    /// The path of a file of the layout.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.files.root().join(file)
    }

    /// Writes a blob, unless it is there.
    fn write_blob(&self, blob: &ImageBlob) -> Result<(), ImageWriteError> {
        let path = self.path(&blob_path(&blob.digest));
        if self.renewed(blob)? {
            return Ok(());
        }
        let write = || -> io::Result<()> {
            let folder = path.parent().unwrap_or(&path);
            let mut file = readable_temporary(folder)?;
            match &blob.content {
                BlobContent::Bytes(bytes) => file.write_all(bytes)?,
                BlobContent::File(source) => {
                    io::copy(&mut File::open(source)?, file.as_file_mut())?;
                }
            }
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            sync_folder(folder)
        };
        write().map_err(unwritten(&path))
    }

    /// Whether a blob is there. One that was written long ago becomes young, so that a collection at the same time spares what is
    /// going to be named.
    fn renewed(&self, blob: &ImageBlob) -> Result<bool, ImageWriteError> {
        let path = self.path(&blob_path(&blob.digest));
        let is_there = || fs::metadata(&path).ok().filter(|metadata| metadata.len() == blob.size);
        let Some(metadata) = is_there() else { return Ok(false) };
        let modified = metadata.modified().map_err(unwritten(&path))?;
        if modified.elapsed().is_ok_and(|age| age < YOUNG) {
            return Ok(true);
        }
        let _lock = self.lock()?;
        if is_there().is_none() {
            return Ok(false);
        }
        let file = OpenOptions::new().write(true).open(&path);
        match file.and_then(|file| file.set_modified(SystemTime::now())) {
            // The blob of another user: only its owner collects it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(true),
            renewed => renewed.map(|()| true).map_err(unwritten(&path)),
        }
    }

    /// The list, whose entries stay as they are.
    fn entries(&self) -> Result<LayoutList, ImageWriteError> {
        let bytes = self.required("index.json", MAX_DOCUMENT)?;
        Ok(serde_json::from_slice(&bytes).map_err(|error| self.malformed_list(&error))?)
    }

    fn malformed_list(&self, error: &serde_json::Error) -> SourceError {
        SourceError::malformed(self.path("index.json").display().to_string(), error.to_string())
    }

    /// Takes the tags of a document out of the list. Returns whether there were any.
    fn unlist(&self, repository: &str, digest: &Digest) -> Result<bool, ImageWriteError> {
        let _lock = self.lock()?;
        let list = self.entries()?;
        let is_other = |entry: &&RawValue| match serde_json::from_str::<Descriptor>(entry.get()) {
            Ok(one) => one.sha256().as_ref() != Some(digest) || tag_of(&one, repository).is_none(),
            Err(_) => true,
        };
        let others: Vec<&RawValue> =
            list.manifests.iter().map(AsRef::as_ref).filter(is_other).collect();
        let is_listed = others.len() < list.manifests.len();
        if is_listed {
            let path = self.path("index.json");
            write_list(&path, others).map_err(unwritten(&path))?;
        }
        Ok(is_listed)
    }

    /// The lock of the layout: that of its marker, which is never replaced.
    pub(super) fn lock(&self) -> Result<File, ImageWriteError> {
        let path = self.path("oci-layout");
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(unwritten(&path))?;
        match wait_for(|| file.try_lock(), PATIENCE, &mut || ()).map_err(unwritten(&path))? {
            true => Ok(file),
            false => {
                let holder = holder_in_words(LockHolder::of(&path).as_ref());
                Err(ImageWriteError::Locked { path: path.display().to_string(), holder })
            }
        }
    }

    /// Adds a descriptor to the list, instead of others with this tag.
    fn list(
        &self,
        repository: &str,
        tag: &str,
        document: &WrittenDocument,
    ) -> Result<(), ImageWriteError> {
        let _lock = self.lock()?;
        let path = self.path("index.json");
        let list = self.entries()?;
        let mut descriptor = WrittenDescriptor::of(document);
        descriptor = descriptor.annotated(REF_NAME, tag);
        if !repository.is_empty() {
            descriptor = descriptor.annotated(BINARY, repository);
        }
        let added = serde_json::value::to_raw_value(&descriptor);
        let added = added.map_err(|error| self.malformed_list(&error))?;
        let is_other = |entry: &&RawValue| match serde_json::from_str::<Descriptor>(entry.get()) {
            Ok(descriptor) => tag_of(&descriptor, repository) != Some(tag),
            Err(_) => true,
        };
        let others = list.manifests.iter().map(AsRef::as_ref).filter(is_other);
        let manifests = others.chain([added.as_ref()]).collect();
        write_list(&path, manifests).map_err(unwritten(&path))
    }

    /// Fails where the layout is an archive, which is not changed.
    fn check_folder(&self) -> Result<(), ImageWriteError> {
        let root = self.files.root();
        match root.is_file() {
            true => Err(ImageWriteError::TarLayout { at: root.display().to_string() }),
            false => Ok(()),
        }
    }

    /// Makes the folder of a new layout.
    fn create(&self) -> Result<(), ImageWriteError> {
        self.check_folder()?;
        let blobs = self.path("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(unwritten(&blobs))?;
        let marker = self.path("oci-layout");
        if !marker.exists() {
            let text = format!(r#"{{"imageLayoutVersion":"{VERSION}"}}"#);
            place_new(&marker, text.as_bytes()).map_err(unwritten(&marker))?;
        }
        let list = self.path("index.json");
        if !list.exists() {
            let _lock = self.lock()?;
            if !list.exists() {
                write_list(&list, Vec::new()).map_err(unwritten(&list))?;
            }
        }
        Ok(())
    }
}

/// Writes the list of a layout.
fn write_list(path: &Path, manifests: Vec<&RawValue>) -> io::Result<()> {
    let list = WrittenList { schema_version: 2, media_type: INDEX_TYPES[0], manifests };
    let folder = path.parent().unwrap_or(path);
    let mut file = readable_temporary(folder)?;
    serde_json::to_writer(&mut file, &list)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Writes a file, unless another process has written it.
fn place_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match atomic_file::create(path, bytes) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created,
    }
}

/// A temporary file that everyone may read, as images are.
fn readable_temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    Ok(file)
}

fn unwritten(path: &Path) -> impl Fn(io::Error) -> ImageWriteError + '_ {
    |source| ImageWriteError::Write { path: path.display().to_string(), source }
}

#[async_trait]
impl ImageStore for LayoutTransport {
    async fn prepare(&self) -> Result<(), ImageWriteError> {
        self.create()
    }

    async fn tag_digest(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<Digest>, ImageWriteError> {
        // A digest in place of a tag.
        if let Some(digest) = parse_digest(tag) {
            return Ok(self.files.span(&blob_path(&digest))?.map(|_| digest));
        }
        Ok(self.tagged(repository, tag).await?.map(|document| document.digest))
    }

    async fn has_blob(&self, _repository: &str, blob: &ImageBlob) -> Result<bool, ImageWriteError> {
        self.renewed(blob)
    }

    async fn put_blob(&self, _repository: &str, blob: &ImageBlob) -> Result<(), ImageWriteError> {
        self.write_blob(blob)
    }

    async fn put_document(
        &self,
        _repository: &str,
        document: &WrittenDocument,
    ) -> Result<bool, ImageWriteError> {
        self.write_blob(&ImageBlob::of(document.document.bytes.clone()))?;
        // A layout has no list of referrers but its tags.
        Ok(false)
    }

    async fn delete_document(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<bool, ImageWriteError> {
        self.check_folder()?;
        self.unlist(repository, digest)
    }

    async fn sweep(
        &self,
        removed: &UnneededTags,
        before: SystemTime,
        dry_run: bool,
    ) -> Result<Option<SweptBlobs>, ImageWriteError> {
        self.check_folder()?;
        self.swept(removed, before, dry_run).map(Some)
    }

    async fn put_tag(
        &self,
        repository: &str,
        tag: &str,
        document: &WrittenDocument,
    ) -> Result<(), ImageWriteError> {
        self.put_document(repository, document).await?;
        self.list(repository, tag, document)
    }
}
