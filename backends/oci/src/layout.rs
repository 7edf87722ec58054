//! [`LayoutTransport`]: an image layout (OCI image specification, "Image Layout") in a folder or a tar archive.
//!
//! | module | holds |
//! |---|---|
//! | `layout_files` | `LayoutFiles`: the files of the layout by their paths |
//! | `layout_writer` | writes blobs, documents and tags |
//! | `layout_sweep` | removes what no tag needs |
//! | `tar_index` | `TarIndex`: where the files of a tar archive are |

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod layout_files;
mod layout_sweep;
mod layout_writer;
mod tar_index;

use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use loom_source::{
    Digest, Download, Name, RangeRequest, SkippedEntries, SourceError, Validator, file_body, json,
};
use serde::Deserialize;

use self::layout_files::LayoutFiles;
use crate::{
    manifest::{Descriptor, ImageContent, ImageDocument, ImageIndex, MAX_DOCUMENT},
    mapping::{BINARY, REF_NAME},
    transport::{ImageTransport, referrers_tag},
};

/// The largest file `oci-layout`, in bytes.
const MAX_MARKER: usize = 4096;

/// The version of layouts that is read.
const VERSION: &str = "1.0.0";

/// An image layout on this machine, or on a file system that is mounted.
#[derive(Debug)]
pub(crate) struct LayoutTransport {
    files: LayoutFiles,
    skipped: SkippedEntries,
}

/// The file `oci-layout`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayoutMarker {
    image_layout_version: String,
}

impl LayoutTransport {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { files: LayoutFiles::new(path), skipped: SkippedEntries::default() }
    }

    /// The list of the layout.
    fn index(&self) -> Result<ImageIndex, SourceError> {
        let marker = self.required("oci-layout", MAX_MARKER)?;
        let malformed =
            |file: &str, why: String| SourceError::malformed(self.files.location(file), why);
        let marker: LayoutMarker =
            json::strict(&marker).map_err(|error| malformed("oci-layout", error.to_string()))?;
        if marker.image_layout_version != VERSION {
            let why =
                format!("expected the version {VERSION:?}, got {:?}", marker.image_layout_version);
            return Err(malformed("oci-layout", why));
        }
        let index = ImageDocument::new(self.required("index.json", MAX_DOCUMENT)?);
        match index.content() {
            Ok(ImageContent::Index(index)) => Ok(index),
            Ok(ImageContent::Manifest(_)) => {
                Err(malformed("index.json", "expected an index, got a manifest".to_owned()))
            }
            Err(why) => Err(malformed("index.json", why)),
        }
    }

    fn required(&self, file: &str, max_bytes: usize) -> Result<Bytes, SourceError> {
        let missing = || {
            let why = format!("it is no OCI image layout: it has no {file}");
            SourceError::malformed(self.files.location(""), why)
        };
        self.files.read(file, max_bytes)?.ok_or_else(missing)
    }

    /// The document with a digest, which it has.
    fn document(&self, digest: &Digest) -> Result<Option<ImageDocument>, SourceError> {
        let path = blob_path(digest);
        let Some(bytes) = self.files.read(&path, MAX_DOCUMENT)? else { return Ok(None) };
        let document = ImageDocument::new(bytes);
        if document.digest == *digest {
            return Ok(Some(document));
        }
        let why = format!("expected the digest sha256:{digest}, got sha256:{}", document.digest);
        Err(SourceError::damaged(self.files.location(&path), why))
    }
}

/// The path of a blob.
fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{digest}")
}

/// The tag of a descriptor, which may be written with the name of an image before it, where it may be one of the binary.
fn tag_of<'a>(descriptor: &'a Descriptor, binary: &str) -> Option<&'a str> {
    if descriptor.annotations.get(BINARY).is_some_and(|named| named != binary) {
        return None;
    }
    let name = descriptor.annotations.get(REF_NAME)?;
    Some(name.rsplit(':').next().unwrap_or(name))
}

#[async_trait]
impl ImageTransport for LayoutTransport {
    fn repository(&self, binary: &Name) -> String {
        binary.to_string()
    }

    /// The tags that belong to no binary.
    fn own_repository(&self) -> Option<String> {
        Some(String::new())
    }

    fn contains(&self, repository: &str) -> bool {
        repository.parse::<Name>().is_ok()
    }

    async fn tagged(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<ImageDocument>, SourceError> {
        let index = self.index()?;
        let named = index.manifests.iter().filter(|one| tag_of(one, repository) == Some(tag));
        let mut digests: Vec<&str> = named.map(|one| one.digest.as_str()).collect();
        digests.sort_unstable();
        digests.dedup();
        let at = || self.location(repository, tag);
        let digest = match digests.as_slice() {
            [] => return Ok(None),
            [one] => crate::manifest::parse_digest(one)
                .ok_or_else(|| SourceError::malformed(at(), "its digest is no SHA-256"))?,
            _ => {
                let why = format!("the tag names {} different images", digests.len());
                return Err(SourceError::malformed(at(), why));
            }
        };
        let missing = || SourceError::damaged(at(), format!("its blob sha256:{digest} is missing"));
        self.document(&digest)?.ok_or_else(missing).map(Some)
    }

    async fn manifest(
        &self,
        _repository: &str,
        digest: &Digest,
    ) -> Result<Option<ImageDocument>, SourceError> {
        self.document(digest)
    }

    async fn blob(
        &self,
        _repository: &str,
        digest: &Digest,
        range: &RangeRequest,
    ) -> Result<Option<Download>, SourceError> {
        let path = blob_path(digest);
        let Some(span) = self.files.span(&path)? else { return Ok(None) };
        let validator = Validator::Strong(format!("\"sha256:{digest}\""));
        let changed = range.validator.as_ref().is_some_and(|known| *known != validator);
        let total = span.length;
        let start = if changed || range.from > total { 0 } else { range.from };
        let bytes = span.offset + start..span.offset + span.length;
        let body = file_body(span.file, bytes, self.files.location(&path));
        Ok(Some(Download { start, total: Some(total), validator: Some(validator), body }))
    }

    async fn tags(&self, repository: &str) -> Result<Vec<String>, SourceError> {
        let index = self.index()?;
        let tags = index.manifests.iter().filter_map(|one| tag_of(one, repository));
        Ok(tags.map(str::to_owned).collect())
    }

    async fn referrers(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Vec<Descriptor>, SourceError> {
        let tag = referrers_tag(digest);
        let Some(document) = self.tagged(repository, &tag).await? else { return Ok(Vec::new()) };
        match document.content() {
            Ok(ImageContent::Index(index)) => Ok(index.manifests),
            _ => {
                let why = "expected a list of referrers";
                Err(SourceError::malformed(self.location(repository, &tag), why))
            }
        }
    }

    fn location(&self, repository: &str, of: &str) -> String {
        let separator = match (repository, of) {
            ("", _) | (_, "") => "",
            (_, of) if of.starts_with("sha256:") => "@",
            _ => ":",
        };
        format!("{} ({repository}{separator}{of})", self.files.location(""))
    }

    fn skipped(&self) -> &SkippedEntries {
        &self.skipped
    }
}
