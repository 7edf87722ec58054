//! [`DockerArchive`]: images as an archive that `docker load` reads.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Read as _, Write as _},
    path::Path,
};

use loom_source::{Digest, Name, Platform, Version};
use serde::Serialize;

use super::{
    image_file::json,
    layout_archive::{LayoutArchive, append},
    original_image::ConfiguredManifest,
};
use crate::{
    image_write_error::ImageWriteError,
    layout::LayoutTransport,
    manifest::{Descriptor, ImageContent, ImageDocument},
    manifest_platform::platform_of,
    transport::ImageTransport as _,
};

/// The list of images of an archive.
const LIST: &str = "manifest.json";

/// Images for one platform, from a layout.
#[derive(Debug)]
pub struct DockerArchive {
    list: Vec<ArchivedImage>,
    /// The blobs of the layout, by their paths in the archive.
    files: BTreeMap<String, Digest>,
}

/// An entry of the list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ArchivedImage {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

impl DockerArchive {
    /// Writes the images of these binaries and versions in the layout in a folder. Each is named `BINARY:VERSION`. The same
    /// images give the same bytes.
    ///
    /// # Errors
    /// [`ImageWriteError::NoImage`] where one of them is no image for the platform, and where something cannot be read or written.
    pub async fn write(
        layout: &Path,
        images: &[(Name, Version)],
        platform: Platform,
        to: &Path,
    ) -> Result<LayoutArchive, ImageWriteError> {
        let transport = LayoutTransport::new(layout.to_owned());
        let mut archive = Self { list: Vec::new(), files: BTreeMap::new() };
        for (binary, version) in images {
            let name = format!("{binary}:{version}");
            let manifest = manifest(&transport, binary, version, platform).await?;
            let added = manifest.and_then(|manifest| archive.add(&name, &manifest));
            added.ok_or(ImageWriteError::NoImage { image: name, platform })?;
        }
        let unwritten = |source| ImageWriteError::Write { path: to.display().to_string(), source };
        archive.pack(layout, to).map_err(unwritten)
    }

    /// Adds an image; `None` where the manifest is that of an artifact.
    fn add(&mut self, name: &str, manifest: &ImageDocument) -> Option<()> {
        let ImageContent::Manifest(content) = manifest.content().ok()? else { return None };
        if content.artifact_type.is_some() {
            return None;
        }
        let head: ConfiguredManifest = serde_json::from_slice(&manifest.bytes).ok()?;
        let config = head.config.sha256()?;
        let layers: Option<Vec<Digest>> = content.layers.iter().map(Descriptor::sha256).collect();
        let layers = layers?.into_iter().map(|layer| (format!("{layer}/layer.tar"), layer));
        let layers: Vec<(String, Digest)> = layers.collect();
        self.list.push(ArchivedImage {
            config: format!("{config}.json"),
            repo_tags: vec![name.to_owned()],
            layers: layers.iter().map(|(path, _)| path.clone()).collect(),
        });
        self.files.extend(layers);
        self.files.insert(format!("{config}.json"), config);
        Some(())
    }

    fn pack(&self, layout: &Path, to: &Path) -> io::Result<LayoutArchive> {
        let mut tar = tar::Builder::new(BufWriter::new(File::create(to)?));
        let list = json(&self.list);
        append(&mut tar, LIST, list.len() as u64, list.as_slice())?;
        for (path, digest) in &self.files {
            let blob = File::open(layout.join(format!("blobs/sha256/{digest}")))?;
            let size = blob.metadata()?.len();
            append(&mut tar, path, size, blob.take(size))?;
        }
        let mut written = tar.into_inner()?;
        written.flush()?;
        written.get_ref().sync_all()?;
        let (digest, size) = Digest::of_file(to)?;
        Ok(LayoutArchive { digest, size, files: self.files.len() + 1 })
    }
}

/// The manifest of a version for a platform; `None` where there is none.
async fn manifest(
    layout: &LayoutTransport,
    binary: &Name,
    version: &Version,
    platform: Platform,
) -> Result<Option<ImageDocument>, ImageWriteError> {
    let repository = layout.repository(binary);
    let tagged = layout.tagged(&repository, &version.to_string()).await?;
    let Some(Ok(ImageContent::Index(index))) = tagged.map(|tagged| tagged.content()) else {
        return Ok(None);
    };
    let listed = index.manifests.iter().find(|one| platform_of(one) == Some(platform));
    match listed.and_then(Descriptor::sha256) {
        Some(digest) => Ok(layout.manifest(&repository, &digest).await?),
        None => Ok(None),
    }
}
