//! [`ImageVerifier`]: whether all images of a binary are there, and every byte of them.
//!
//! | module | holds |
//! |---|---|
//! | `image_blobs` | reads blobs, each once, and compares them |
//! | `image_finding` | [`ImageFinding`]: something that is missing or damaged |

mod image_blobs;
mod image_finding;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use loom_source::{Digest, Name, Platform, SourceError, Statement, Version};

pub use self::image_finding::ImageFinding;
use self::{image_blobs::ImageBlobs, image_finding::FoundPart};
use crate::{
    error::OciError,
    layout::LayoutTransport,
    manifest::{Descriptor, ImageContent, ImageDocument, ImageManifest},
    manifest_platform::platform_of,
    mapping::{CARRIER, STATEMENT},
    opened_registry::OpenedRegistry,
    options::{OciLocation, OciOptions},
    publish::SbomFormat,
    transport::ImageTransport,
    version_list,
};

/// How many versions are verified at the same time.
const AT_ONCE: usize = 4;

/// Reads all images of a binary in a registry or in an image layout.
#[derive(Debug)]
pub struct ImageVerifier {
    transport: Box<dyn ImageTransport>,
}

/// The result of the verification of the images of a binary.
#[derive(Debug, Default)]
pub struct ImageVerification {
    /// The images, by version and platform.
    pub images: Vec<VerifiedImage>,
    /// What is missing or damaged.
    pub findings: Vec<ImageFinding>,
    /// The number of documents and blobs that were read.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

/// An image that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedImage {
    /// The version that its tag is.
    pub version: Version,
    /// The platform by which the index of the version names it.
    pub platform: Platform,
    /// Its statement and the digest of that; `None` where it has none.
    pub statement: Option<(Statement, Digest)>,
}

/// A check of the images of one version.
struct VersionCheck<'a> {
    transport: &'a dyn ImageTransport,
    blobs: &'a ImageBlobs<'a>,
    repository: &'a str,
    binary: &'a Name,
    version: Version,
    images: Vec<VerifiedImage>,
    findings: Vec<ImageFinding>,
}

impl ImageVerifier {
    /// Opens the location. Nothing is read and no request is sent before the first call.
    ///
    /// # Errors
    /// Where the location or an option cannot be used: see [`OciError`].
    pub fn open(location: OciLocation, options: OciOptions) -> Result<Self, OciError> {
        let transport: Box<dyn ImageTransport> = match location {
            OciLocation::Layout(path) => Box::new(LayoutTransport::new(path)),
            OciLocation::Registry(url) => Box::new(OpenedRegistry::open(&url, options)?.transport),
        };
        Ok(Self { transport })
    }

    /// What was left out because it cannot be read, such as a login; `None` where nothing was.
    pub fn skipped(&self) -> Option<String> {
        self.transport.skipped().take()
    }

    /// The place of a binary's images in messages.
    pub fn location(&self, binary: &Name) -> String {
        let transport = self.transport.as_ref();
        transport.location(&transport.repository(binary), "")
    }

    /// Verifies every version of a binary: its index, manifests, layers, configurations, and what refers to them. Nothing
    /// is written. `on_progress` is called with the number of versions that were verified, and of all.
    ///
    /// # Errors
    /// Where something cannot be read for another reason than that it is missing or damaged.
    pub async fn verify(
        &self,
        binary: &Name,
        on_progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<ImageVerification, SourceError> {
        let transport = self.transport.as_ref();
        let repository = transport.repository(binary);
        let tags = transport.tags(&repository).await?;
        let mut versions: Vec<Version> =
            tags.iter().filter_map(|tag| version_list::version_of(tag)).collect();
        versions.sort_unstable();
        versions.dedup();
        let total = versions.len();
        let blobs = ImageBlobs::new(transport, &repository);
        let checks = versions.into_iter().map(|version| {
            let (repository, blobs) = (repository.as_str(), &blobs);
            let (images, findings) = (Vec::new(), Vec::new());
            let check =
                VersionCheck { transport, blobs, repository, binary, version, images, findings };
            check.run()
        });
        let mut checking = stream::iter(checks).buffered(AT_ONCE);
        let (mut verification, mut done) = (ImageVerification::default(), 0);
        while let Some((images, findings)) = checking.try_next().await? {
            done += 1;
            on_progress(done, total);
            verification.images.extend(images);
            verification.findings.extend(findings);
        }
        drop(checking);
        (verification.files, verification.bytes) = blobs.read();
        Ok(verification)
    }
}

impl VersionCheck<'_> {
    async fn run(mut self) -> Result<(Vec<VerifiedImage>, Vec<ImageFinding>), SourceError> {
        let tag = self.version.to_string();
        let at = self.transport.location(self.repository, &tag);
        match FoundPart::of(self.transport.tagged(self.repository, &tag).await)? {
            FoundPart::Document(document) => self.version(&at, &document).await?,
            missing => self.note(&at, None, missing),
        }
        Ok((self.images, self.findings))
    }

    fn note<T>(&mut self, at: &str, platform: Option<Platform>, found: FoundPart<T>) {
        self.findings.extend(found.finding(at, &self.version, platform));
    }

    fn wrong(&mut self, at: &str, platform: Option<Platform>, what: impl Into<String>) {
        self.note(at, platform, FoundPart::<()>::Damaged(what.into()));
    }

    /// The document of the tag: the index, or a manifest alone.
    async fn version(&mut self, at: &str, document: &ImageDocument) -> Result<(), SourceError> {
        self.blobs.count(document);
        match document.content() {
            Ok(ImageContent::Index(index)) => {
                for descriptor in &index.manifests {
                    self.listed(at, descriptor).await?;
                }
                self.referrers(None, &document.digest).await
            }
            Ok(ImageContent::Manifest(manifest)) => {
                let platform = version_list::stated_platform(&manifest).ok().flatten();
                self.manifest(at, platform, document, &manifest).await
            }
            Err(why) => {
                self.wrong(at, None, why);
                Ok(())
            }
        }
    }

    /// A manifest that the index names.
    async fn listed(&mut self, index: &str, descriptor: &Descriptor) -> Result<(), SourceError> {
        let platform = platform_of(descriptor);
        let Some(digest) = descriptor.sha256() else {
            self.wrong(index, platform, format!("not a SHA-256: {:?}", descriptor.digest));
            return Ok(());
        };
        let at = self.at(&digest);
        let found = FoundPart::of(self.transport.manifest(self.repository, &digest).await)?;
        let FoundPart::Document(document) = found else {
            self.note(&at, platform, found);
            return Ok(());
        };
        self.blobs.count(&document);
        if document.bytes.len() as u64 != descriptor.size {
            let (expected, got) = (descriptor.size, document.bytes.len());
            self.wrong(&at, platform, format!("expected {expected} bytes, got {got}"));
        }
        match document.content() {
            Ok(ImageContent::Manifest(manifest)) => {
                self.manifest(&at, platform, &document, &manifest).await
            }
            // What others have added, such as an index within the index, is not looked into.
            Ok(ImageContent::Index(_)) => Ok(()),
            Err(why) => {
                self.wrong(&at, platform, why);
                Ok(())
            }
        }
    }

    /// A manifest: its statement, its blobs, and what refers to it.
    async fn manifest(
        &mut self,
        at: &str,
        platform: Option<Platform>,
        document: &ImageDocument,
        manifest: &ImageManifest,
    ) -> Result<(), SourceError> {
        self.blobs_of(platform, at, document).await?;
        if let Some(platform) = platform {
            let statement = manifest.annotations.get(STATEMENT).map(|text| {
                Statement::parse(text.as_bytes())
                    .map(|statement| (statement, Digest::of(text.as_bytes())))
            });
            match statement.transpose() {
                Ok(statement) => {
                    self.compare(at, platform, manifest, statement.as_ref().map(|(it, _)| it));
                    let version = self.version.clone();
                    self.images.push(VerifiedImage { version, platform, statement });
                }
                Err(why) => self.wrong(at, Some(platform), why.to_string()),
            }
        }
        self.referrers(platform, &document.digest).await
    }

    /// Compares a statement with the image that it is in.
    fn compare(
        &mut self,
        at: &str,
        platform: Platform,
        manifest: &ImageManifest,
        statement: Option<&Statement>,
    ) {
        let Some(statement) = statement else { return };
        let Statement { binary, version, platform: stated, archives, .. } = statement;
        if (binary, version, *stated) != (self.binary, &self.version, platform) {
            let (got, expected) = (statement.release(), format!("{} {platform}", self.version));
            let what = format!("expected the statement of {} {expected}, got {got}", self.binary);
            return self.wrong(at, Some(platform), what);
        }
        let is_layer = |digest: &Digest| {
            manifest.layers.iter().any(|layer| layer.sha256().as_ref() == Some(digest))
        };
        // Where no archive was kept, the program is the layer.
        let is_bare =
            |layer: &Descriptor| layer.annotations.get(CARRIER).is_some_and(|it| it == "bare");
        if manifest.layers.iter().any(is_bare) {
            return;
        }
        if !archives.is_empty() && !archives.iter().any(|archive| is_layer(&archive.digest)) {
            self.wrong(at, Some(platform), "none of its layers is an archive of its statement");
        }
    }

    /// The configuration and the layers of a manifest.
    async fn blobs_of(
        &mut self,
        platform: Option<Platform>,
        at: &str,
        document: &ImageDocument,
    ) -> Result<(), SourceError> {
        let blobs = match document.blobs() {
            Ok(blobs) => blobs,
            Err(why) => {
                self.wrong(at, platform, why);
                return Ok(());
            }
        };
        for descriptor in blobs {
            let Some(digest) = descriptor.sha256() else {
                self.wrong(at, platform, format!("not a SHA-256: {:?}", descriptor.digest));
                continue;
            };
            let found = self.blobs.check(&digest, descriptor.size).await?;
            let blob = self.at(&digest);
            self.note(&blob, platform, found);
        }
        Ok(())
    }

    /// What refers to a document: signatures, and what others have attached.
    async fn referrers(
        &mut self,
        platform: Option<Platform>,
        subject: &Digest,
    ) -> Result<(), SourceError> {
        let listed = match self.transport.referrers(self.repository, subject).await {
            Ok(listed) => listed,
            Err(error) => {
                let found = FoundPart::<ImageDocument>::of(Err(error))?;
                let at = self.at(subject);
                self.note(&at, platform, found);
                return Ok(());
            }
        };
        for descriptor in listed {
            let Some(digest) = descriptor.sha256() else { continue };
            let at = self.at(&digest);
            let found = FoundPart::of(self.transport.manifest(self.repository, &digest).await)?;
            let FoundPart::Document(document) = found else {
                self.note(&at, platform, found);
                continue;
            };
            self.blobs.count(&document);
            if document.subject() != Some(*subject) {
                self.wrong(&at, platform, format!("it does not refer to sha256:{subject}"));
            }
            self.blobs_of(platform, &at, &document).await?;
            // Lists of components have signatures of their own.
            if is_sbom(&document) {
                Box::pin(self.referrers(platform, &digest)).await?;
            }
        }
        Ok(())
    }

    fn at(&self, digest: &Digest) -> String {
        self.transport.location(self.repository, &format!("sha256:{digest}"))
    }
}

/// Whether a document is the artifact of a list of components.
fn is_sbom(document: &ImageDocument) -> bool {
    let Ok(ImageContent::Manifest(manifest)) = document.content() else { return false };
    manifest.artifact_type.as_deref().and_then(SbomFormat::of_media_type).is_some()
}
