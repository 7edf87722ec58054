//! The statements of all images of a binary.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use loom_source::{Name, Platform, SourceError, SourceErrorKind, Version};

use super::ImagePublisher;
use crate::{
    image_write_error::ImageWriteError,
    manifest::{Descriptor, ImageContent, ImageManifest},
    manifest_platform::platform_of,
    mapping::STATEMENT,
    version_list,
};

/// How many versions are read at the same time.
const AT_ONCE: usize = 8;

/// An image, and the statement in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageStatement {
    /// The version that its tag is.
    pub version: Version,
    /// The platform by which the index of the version names it.
    pub platform: Platform,
    /// The text of its statement; `None` where it has none.
    pub statement: Option<String>,
}

impl ImagePublisher {
    /// The images of a binary with their statements, of all versions and platforms.
    ///
    /// # Errors
    /// Where the location cannot be read.
    pub async fn statements(&self, binary: &Name) -> Result<Vec<ImageStatement>, ImageWriteError> {
        self.store.prepare().await?;
        let repository = self.store.repository(binary);
        let tags = self.store.tags(&repository).await?;
        let versions = tags.iter().filter_map(|tag| version_list::version_of(tag));
        let reading = versions.map(|version| self.of_version(&repository, version));
        let all: Vec<Vec<ImageStatement>> =
            stream::iter(reading).buffered(AT_ONCE).try_collect().await?;
        Ok(all.into_iter().flatten().collect())
    }

    async fn of_version(
        &self,
        repository: &str,
        version: Version,
    ) -> Result<Vec<ImageStatement>, ImageWriteError> {
        let tag = version.to_string();
        let at = || self.store.location(repository, &tag);
        let malformed = |why: String| SourceError::malformed(at(), why);
        let Some(document) = self.store.tagged(repository, &tag).await? else {
            return Ok(Vec::new());
        };
        let index = match document.content().map_err(malformed)? {
            ImageContent::Index(index) => index,
            // A manifest without an index is for the platform of its statement only.
            ImageContent::Manifest(manifest) => {
                let platform = version_list::stated_platform(&manifest).map_err(malformed)?;
                let image = platform.map(|platform| image(version, platform, &manifest));
                return Ok(image.into_iter().collect());
            }
        };
        let mut images = Vec::new();
        for (descriptor, platform) in index.manifests.iter().filter_map(with_platform) {
            let Some(digest) = descriptor.sha256() else { continue };
            let at = self.store.location(repository, &format!("sha256:{digest}"));
            let manifest = self.store.manifest(repository, &digest).await?;
            let gone = || SourceError::new(&at, SourceErrorKind::Gone);
            let content = manifest.ok_or_else(gone)?.content();
            if let ImageContent::Manifest(manifest) =
                content.map_err(|why| SourceError::malformed(&at, why))?
            {
                images.push(image(version.clone(), platform, &manifest));
            }
        }
        Ok(images)
    }
}

fn with_platform(descriptor: &Descriptor) -> Option<(&Descriptor, Platform)> {
    Some((descriptor, platform_of(descriptor)?))
}

fn image(version: Version, platform: Platform, manifest: &ImageManifest) -> ImageStatement {
    let statement = manifest.annotations.get(STATEMENT).cloned();
    ImageStatement { version, platform, statement }
}
