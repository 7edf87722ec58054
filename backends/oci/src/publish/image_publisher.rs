//! [`ImagePublisher`]: writes the images of a version to a registry or to a layout.

use std::{fmt, path::Path};

use loom_source::{Digest, Name, Platform, SourceError, SourceErrorKind, Version};

use super::{
    original_image::OriginalImage,
    published_images::{PlatformImage, PublishedImages},
    referrer_writer::{self, MAX_ATTEMPTS},
    release_documents::ReleaseDocuments,
    release_image::ReleaseImage,
    version_index::VersionIndex,
};
use crate::{
    error::OciError,
    image_store::{ImageStore, WrittenDocument},
    image_write_error::ImageWriteError,
    layout::LayoutTransport,
    manifest::{ImageContent, ImageDocument},
    mapping::{MANIFEST_TYPES, STATEMENT},
    opened_registry::OpenedRegistry,
    options::{OciLocation, OciOptions},
    version_list,
};

/// What is said of a document that a location accepts and does not have.
const NOT_KEPT: &str = "it was accepted, and is not there";

/// The images of a version that are published.
#[derive(Debug, Clone)]
pub struct ImageVersion {
    /// The binary.
    pub binary: Name,
    /// The version.
    pub version: Version,
    /// The releases, one for each platform.
    pub releases: Vec<ReleaseImage>,
}

/// Writes the images of releases to a registry or to a layout. `Display` names the location, without secrets.
#[derive(Debug)]
pub struct ImagePublisher {
    pub(super) store: Box<dyn ImageStore>,
    name: String,
}

/// The images of a version, on their way.
struct ImagePublication<'a> {
    store: &'a dyn ImageStore,
    repository: String,
    tag: String,
    documents: Vec<ReleaseDocuments>,
    /// The index without any platform.
    index: VersionIndex,
}

impl ImagePublisher {
    /// Opens the location for writing. Nothing is read and no request is sent before the first call.
    ///
    /// # Errors
    /// Where the location or an option cannot be used: see [`OciError`].
    pub fn open(location: OciLocation, options: OciOptions) -> Result<Self, OciError> {
        match location {
            OciLocation::Layout(path) => {
                let name = format!("oci-layout:{}", path.display());
                Ok(Self { store: Box::new(LayoutTransport::new(path)), name })
            }
            OciLocation::Registry(url) => {
                let OpenedRegistry { transport, name, .. } = OpenedRegistry::open(&url, options)?;
                Ok(Self { store: Box::new(transport), name })
            }
        }
    }

    /// What was left out because it cannot be read, such as a login; `None` where nothing was.
    pub fn skipped(&self) -> Option<String> {
        self.store.skipped().take()
    }

    /// The platforms that the tag of a version has; none where there is no such tag.
    ///
    /// # Errors
    /// Where the location cannot be read.
    pub async fn platforms(
        &self,
        binary: &Name,
        version: &Version,
    ) -> Result<Vec<Platform>, ImageWriteError> {
        self.store.prepare().await?;
        let repository = self.store.repository(binary);
        let document = self.store.tagged(&repository, &version.to_string()).await?;
        Ok(document.as_ref().map(version_list::platforms).unwrap_or_default())
    }

    /// The image of a release as it is here, with its files in `folder`; `None` where there is none that can be published as it
    /// is.
    ///
    /// # Errors
    /// Where the location cannot be read, or the folder cannot be written.
    pub async fn original(
        &self,
        binary: &Name,
        version: &Version,
        platform: Platform,
        folder: &Path,
    ) -> Result<Option<OriginalImage>, ImageWriteError> {
        let (store, tag) = (self.store.as_ref(), version.to_string());
        OriginalImage::read(store, &store.repository(binary), &tag, platform, folder).await
    }

    /// Publishes the images of a version: blobs, manifests with their evidence and lists of components, then the index, and what
    /// is attached to it. What is there is not sent again.
    ///
    /// A tag that has the version already gets the platforms that it lacks, and everything else stays as it is.
    ///
    /// # Errors
    /// [`ImageWriteError::Taken`] where the tag has another image for one of the platforms, before anything is written;
    /// and where something cannot be read or written.
    pub async fn publish(
        &self,
        version: &ImageVersion,
    ) -> Result<PublishedImages, ImageWriteError> {
        let publication = self.publication(version)?;
        self.store.prepare().await?;
        publication.run().await
    }

    fn publication(&self, version: &ImageVersion) -> Result<ImagePublication<'_>, ImageWriteError> {
        let documents = version.releases.iter().map(ReleaseDocuments::of);
        Ok(ImagePublication {
            store: self.store.as_ref(),
            repository: self.store.repository(&version.binary),
            tag: version.version.to_string(),
            documents: documents.collect::<Result<_, ImageWriteError>>()?,
            index: VersionIndex::new(&version.binary, &version.version),
        })
    }
}

impl fmt::Display for ImagePublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl ImagePublication<'_> {
    async fn run(&self) -> Result<PublishedImages, ImageWriteError> {
        let current = self.current().await?;
        let mut platforms = Vec::new();
        for documents in &self.documents {
            platforms.push(self.platform(current.as_ref(), documents).await?);
        }
        // A tag is written once all that it names is there, with its signatures: who breaks off publishes nothing, and the next
        // run goes on with what is there.
        for (image, documents) in platforms.iter_mut().zip(&self.documents) {
            if image.is_new {
                image.bytes = self.put(documents).await?;
            }
            if documents.has_attachments() {
                let manifest = self.written(documents, image.manifest).await?;
                image.evidence = self.attach(&manifest, &[documents]).await?;
            }
        }
        let index = self.tag(current, &platforms).await?;
        let all: Vec<&ReleaseDocuments> = self.documents.iter().collect();
        self.attach(&index, &all).await?;
        let location = self.store.location(&self.repository, &self.tag);
        Ok(PublishedImages { location, index: index.document.digest, platforms })
    }

    /// The index with the platforms that are published, and no others.
    fn whole(&self) -> VersionIndex {
        let mut index = self.index.clone();
        for documents in &self.documents {
            index.add(documents.platform, &documents.manifest);
        }
        index
    }

    /// The index that the tag names. It is transferred only where it is not the one that would be written.
    async fn current(&self) -> Result<Option<VersionIndex>, ImageWriteError> {
        let Some(digest) = self.store.tag_digest(&self.repository, &self.tag).await? else {
            return Ok(None);
        };
        let whole = self.whole();
        if digest == whole.document().document.digest {
            return Ok(Some(whole));
        }
        self.parsed(self.store.tagged(&self.repository, &self.tag).await?)
    }

    fn parsed(
        &self,
        document: Option<ImageDocument>,
    ) -> Result<Option<VersionIndex>, ImageWriteError> {
        let foreign = |why| {
            let at = self.store.location(&self.repository, &self.tag);
            ImageWriteError::Foreign { at, why }
        };
        let index = document.map(|document| VersionIndex::read(&document).map_err(foreign));
        index.transpose()
    }

    /// What is there of a platform, and whether it has to be written.
    async fn platform(
        &self,
        current: Option<&VersionIndex>,
        documents: &ReleaseDocuments,
    ) -> Result<PlatformImage, ImageWriteError> {
        let (platform, here) = (documents.platform, documents.manifest.document.digest);
        let image =
            |manifest, is_new| PlatformImage { platform, manifest, is_new, bytes: 0, evidence: 0 };
        let Some(there) = current.and_then(|index| index.manifest(platform)) else {
            return Ok(image(here, true));
        };
        if there == here
            || (documents.takes_any_runtime && self.is_same_release(documents, there).await?)
        {
            return Ok(image(there, false));
        }
        let at = self.store.location(&self.repository, &self.tag);
        Err(ImageWriteError::Taken { at, platform, here, there })
    }

    /// Whether a manifest has the same statement and the same asset.
    async fn is_same_release(
        &self,
        documents: &ReleaseDocuments,
        there: Digest,
    ) -> Result<bool, ImageWriteError> {
        let Some(document) = self.store.manifest(&self.repository, &there).await? else {
            return Ok(false);
        };
        let Ok(ImageContent::Manifest(manifest)) = document.content() else { return Ok(false) };
        let is_same_statement =
            manifest.annotations.get(STATEMENT) == Some(&documents.statement_text);
        let is_asset =
            |layer: &crate::manifest::Descriptor| layer.sha256() == Some(documents.asset);
        Ok(is_same_statement && manifest.layers.iter().any(is_asset))
    }

    /// Writes the blobs that are not there, and the manifest. Returns the number of bytes that were sent.
    async fn put(&self, documents: &ReleaseDocuments) -> Result<u64, ImageWriteError> {
        let mut bytes = 0;
        for blob in &documents.blobs {
            if !self.store.has_blob(&self.repository, blob).await? {
                self.store.put_blob(&self.repository, blob).await?;
                bytes += blob.size;
            }
        }
        self.store.put_document(&self.repository, &documents.manifest).await?;
        // Read again: an answer alone is no proof that it was kept as it is.
        let digest = documents.manifest.document.digest;
        match self.store.manifest(&self.repository, &digest).await? {
            Some(_) => Ok(bytes),
            None => {
                let at = self.store.location(&self.repository, &format!("sha256:{digest}"));
                Err(SourceError::damaged(at, NOT_KEPT).into())
            }
        }
    }

    /// Adds the new platforms to the index. Nothing keeps another writer from writing the tag at the same time: it is read
    /// again after writing.
    async fn tag(
        &self,
        mut current: Option<VersionIndex>,
        platforms: &[PlatformImage],
    ) -> Result<WrittenDocument, ImageWriteError> {
        for _ in 0..=MAX_ATTEMPTS {
            let mut index = current.take().unwrap_or_else(|| self.index.clone());
            let mut is_complete = true;
            for (image, documents) in platforms.iter().zip(&self.documents) {
                match index.manifest(image.platform) {
                    Some(there) if there == image.manifest => {}
                    Some(there) => {
                        let at = self.store.location(&self.repository, &self.tag);
                        let (platform, here) = (image.platform, image.manifest);
                        return Err(ImageWriteError::Taken { at, platform, here, there });
                    }
                    None => {
                        index.add(image.platform, &documents.manifest);
                        is_complete = false;
                    }
                }
            }
            let document = index.document();
            if is_complete {
                return Ok(document);
            }
            self.store.put_tag(&self.repository, &self.tag, &document).await?;
            let there = self.store.tagged(&self.repository, &self.tag).await?;
            if there.as_ref().is_some_and(|there| there.digest == document.document.digest) {
                return Ok(document);
            }
            current = self.parsed(there)?;
        }
        let at = self.store.location(&self.repository, &self.tag);
        match current {
            Some(_) => Err(ImageWriteError::Contended { at }),
            None => Err(SourceError::damaged(at, NOT_KEPT).into()),
        }
    }

    /// The manifest of a platform that is there.
    async fn written(
        &self,
        documents: &ReleaseDocuments,
        digest: Digest,
    ) -> Result<WrittenDocument, ImageWriteError> {
        if documents.manifest.document.digest == digest {
            return Ok(documents.manifest.clone());
        }
        let document = self.store.manifest(&self.repository, &digest).await?;
        let at = || self.store.location(&self.repository, &format!("sha256:{digest}"));
        let gone = || SourceError::new(at(), SourceErrorKind::Gone);
        let document: ImageDocument = document.ok_or_else(gone)?;
        Ok(WrittenDocument { media_type: MANIFEST_TYPES[0], document })
    }

    async fn attach(
        &self,
        subject: &WrittenDocument,
        releases: &[&ReleaseDocuments],
    ) -> Result<usize, ImageWriteError> {
        referrer_writer::attach(self.store, &self.repository, subject, releases).await
    }
}
