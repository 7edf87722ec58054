//! Reads and writes the documents of a signed mirror where images are published.

use std::{path::Path, time::Duration};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use loom_source::{Digest, RangeRequest, SourceError};

use super::{
    ImagePublisher,
    image_file::{ManifestFile, empty},
};
use crate::{
    image_store::{ImageBlob, WrittenDocument},
    image_write_error::ImageWriteError,
    mapping::{MIRROR_ARTIFACT, TITLE},
    mirror_document::{layer, reserved_tag},
    written_descriptor::WrittenDescriptor,
};

/// The media type of a document.
const JSON: &str = "application/json";

/// How long a tag is left alone after it was written, before it is read again: longer than what passes in another writer
/// between its last look at the tag and its own write.
const SETTLING: Duration = Duration::from_millis(400);

impl ImagePublisher {
    /// The bytes of the document of a mirror with this path; `None` where there is no such document. They have the digest
    /// by which the registry names them; who has signed them is not judged.
    ///
    /// # Errors
    /// Where the location cannot be read, or the document has more than `max_bytes` bytes.
    pub async fn document(
        &self,
        path: &str,
        max_bytes: usize,
    ) -> Result<Option<Bytes>, ImageWriteError> {
        let (repository, tag) = self.place(path)?;
        self.store.prepare().await?;
        let at = self.store.location(&repository, &tag);
        let Some(document) = self.store.tagged(&repository, &tag).await? else { return Ok(None) };
        let digest = layer(&document).map_err(|why| SourceError::malformed(&at, why))?;
        let blob = self.store.blob(&repository, &digest, &RangeRequest::whole()).await?;
        let missing = || SourceError::damaged(&at, format!("its blob sha256:{digest} is missing"));
        let mut body = blob.ok_or_else(missing)?.body;
        let mut bytes = BytesMut::new();
        while let Some(piece) = body.next().await {
            bytes.extend_from_slice(&piece?);
            if bytes.len() > max_bytes {
                let why = format!("it has more than {max_bytes} bytes");
                return Err(SourceError::malformed(&at, why).into());
            }
        }
        let bytes = bytes.freeze();
        let got = Digest::of(&bytes);
        if got != digest {
            let why = format!("expected the digest sha256:{digest}, got sha256:{got}");
            return Err(SourceError::damaged(&at, why).into());
        }
        Ok(Some(bytes))
    }

    /// Writes the document of a mirror with this path, where the one that is there has the digest `expected`; without one,
    /// where there is none. Returns whether it was written, and is still there a moment later.
    ///
    /// Registries know no conditional writes: the tag is read directly before it is written, and again afterwards.
    ///
    /// # Errors
    /// Where the location cannot be read or written.
    pub async fn replace_document(
        &self,
        path: &str,
        bytes: Bytes,
        expected: Option<Digest>,
    ) -> Result<bool, ImageWriteError> {
        let (repository, tag) = self.place(path)?;
        let written = self.blobs_written(&repository, path, bytes).await?;
        // By its digest first: what is between the two looks at the tag is then as short as can be.
        self.store.put_document(&repository, &written).await?;
        let there = self.store.tagged(&repository, &tag).await?;
        let there = there.as_ref().map(layer).transpose();
        let at = || self.store.location(&repository, &tag);
        if there.map_err(|why| SourceError::malformed(at(), why))? != expected {
            return Ok(false);
        }
        self.store.put_tag(&repository, &tag, &written).await?;
        tokio::time::sleep(SETTLING).await;
        let there = self.store.tag_digest(&repository, &tag).await?;
        Ok(there == Some(written.document.digest))
    }

    /// Writes the document of a mirror with this path in place of the one that is there. Only for a location that no other process
    /// writes: what is there is not compared.
    ///
    /// # Errors
    /// Where the location cannot be written.
    pub async fn write_document(&self, path: &str, bytes: Bytes) -> Result<(), ImageWriteError> {
        let (repository, tag) = self.place(path)?;
        let written = self.blobs_written(&repository, path, bytes).await?;
        self.store.put_tag(&repository, &tag, &written).await
    }

    /// The artifact of a document, whose blobs are there.
    async fn blobs_written(
        &self,
        repository: &str,
        path: &str,
        bytes: Bytes,
    ) -> Result<WrittenDocument, ImageWriteError> {
        self.store.prepare().await?;
        let blob = ImageBlob::of(bytes);
        for blob in [&empty(), &blob] {
            if !self.store.has_blob(repository, blob).await? {
                self.store.put_blob(repository, blob).await?;
            }
        }
        Ok(artifact(path, &blob))
    }

    /// The repository and the tag of the document with this path.
    fn place(&self, path: &str) -> Result<(String, String), ImageWriteError> {
        let repository = self.store.own_repository();
        let place = repository.zip(reserved_tag(path));
        place.ok_or_else(|| ImageWriteError::NoRepository { at: self.to_string() })
    }
}

/// The artifact whose one layer is the file.
fn artifact(path: &str, blob: &ImageBlob) -> WrittenDocument {
    let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let layer = WrittenDescriptor::of_blob(JSON, blob).annotated(TITLE, name.unwrap_or_default());
    ManifestFile::artifact(MIRROR_ARTIFACT, vec![layer]).document()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ImageDocument;

    #[test]
    fn the_one_layer_of_an_artifact_is_the_file() {
        let blob = ImageBlob::of(&b"index"[..]);
        let written = artifact("releases/index.json", &blob);
        assert_eq!(layer(&written.document), Ok(Digest::of(b"index")));
        let text = String::from_utf8_lossy(&written.document.bytes).into_owned();
        assert!(text.contains(r#""org.opencontainers.image.title":"index.json""#), "{text}");
        let index = ImageDocument::new(br#"{"schemaVersion":2,"manifests":[]}"#[..].into());
        assert!(layer(&index).unwrap_err().contains("got an index"));
    }
}
