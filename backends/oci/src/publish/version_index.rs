//! [`VersionIndex`]: the index of a version, to which platforms are added.

use std::collections::BTreeMap;

use loom_source::{Digest, Name, Platform, Version};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::image_file::document;
use crate::{
    image_store::WrittenDocument,
    manifest::{Descriptor, ImageDocument},
    manifest_platform::platform_of,
    mapping::{BINARY, INDEX_TYPES, MAPPING, MAPPING_VERSION, PLATFORM, VERSION},
    written_descriptor::{WrittenDescriptor, WrittenPlatform},
};

/// The index of a version. Entries that are there keep their bytes.
#[derive(Debug, Clone)]
pub(super) struct VersionIndex {
    entries: Vec<IndexedManifest>,
    annotations: BTreeMap<String, String>,
}

/// An entry: the descriptor of a manifest.
#[derive(Debug, Clone)]
struct IndexedManifest {
    /// The platform; `None` for what others have added.
    platform: Option<Platform>,
    digest: Option<Digest>,
    text: Box<RawValue>,
}

/// An index with its fields in the order of Go's type. Others cannot be kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct IndexFile {
    schema_version: u8,
    #[serde(default)]
    media_type: String,
    manifests: Vec<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

impl VersionIndex {
    /// The index of a version without any platform.
    pub(super) fn new(binary: &Name, version: &Version) -> Self {
        let annotations = [
            (BINARY, binary.to_string()),
            (MAPPING, MAPPING_VERSION.to_owned()),
            (VERSION, version.to_string()),
        ];
        let annotations = annotations.map(|(name, value)| (name.to_owned(), value)).into();
        Self { entries: Vec::new(), annotations }
    }

    /// Reads an index.
    ///
    /// # Errors
    /// The reason why it cannot be written again with all that it has.
    pub(super) fn read(document: &ImageDocument) -> Result<Self, String> {
        document.content()?;
        let file: IndexFile =
            serde_json::from_slice(&document.bytes).map_err(|error| error.to_string())?;
        let entry = |text: Box<RawValue>| {
            let descriptor: Descriptor =
                serde_json::from_str(text.get()).map_err(|error| error.to_string())?;
            let (platform, digest) = (platform_of(&descriptor), descriptor.sha256());
            Ok(IndexedManifest { platform, digest, text })
        };
        let entries: Result<_, String> = file.manifests.into_iter().map(entry).collect();
        Ok(Self { entries: entries?, annotations: file.annotations })
    }

    /// The digest of the manifest of a platform.
    pub(super) fn manifest(&self, platform: Platform) -> Option<Digest> {
        self.entries.iter().find(|entry| entry.platform == Some(platform))?.digest
    }

    /// Adds the manifest of a platform that the index does not have.
    pub(super) fn add(&mut self, platform: Platform, manifest: &WrittenDocument) {
        let descriptor = WrittenDescriptor {
            platform: Some(WrittenPlatform::from(platform)),
            ..WrittenDescriptor::of(manifest).annotated(PLATFORM, platform)
        };
        if let Ok(text) = serde_json::value::to_raw_value(&descriptor) {
            let (platform, digest) = (Some(platform), Some(manifest.document.digest));
            self.entries.push(IndexedManifest { platform, digest, text });
        }
        // The digest does not depend on the order in which platforms are published.
        self.entries.sort_by_key(|entry| entry.platform);
    }

    /// The document.
    pub(super) fn document(&self) -> WrittenDocument {
        let file = IndexFile {
            schema_version: 2,
            media_type: INDEX_TYPES[0].to_owned(),
            manifests: self.entries.iter().map(|entry| entry.text.clone()).collect(),
            annotations: self.annotations.clone(),
        };
        document(INDEX_TYPES[0], &file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::MANIFEST_TYPES;

    fn manifest(text: &str) -> WrittenDocument {
        let document = ImageDocument::new(text.as_bytes().to_vec().into());
        WrittenDocument { media_type: MANIFEST_TYPES[0], document }
    }

    fn empty() -> VersionIndex {
        VersionIndex::new(&Name::default(), &"0.2.0".parse().unwrap())
    }

    #[test]
    fn the_order_of_publishing_does_not_matter() {
        let (linux, macos) = (Platform::LinuxX86_64, Platform::MacosAarch64);
        let mut together = empty();
        together.add(macos, &manifest("m"));
        together.add(linux, &manifest("l"));
        let mut grown = empty();
        grown.add(linux, &manifest("l"));
        let mut grown = VersionIndex::read(&grown.document().document).unwrap();
        grown.add(macos, &manifest("m"));
        assert_eq!(grown.document().document.bytes, together.document().document.bytes);
        assert_eq!(grown.manifest(macos), Some(Digest::of(b"m")));
        assert_eq!(grown.manifest(Platform::WindowsX86_64), None);
    }

    /// What skopeo 1.9 writes from what it reads: the bytes must not depend on who has copied the index.
    #[test]
    fn an_index_has_the_form_of_go() {
        let mut index = empty();
        index.add(Platform::LinuxX86_64, &manifest("l"));
        let digest = Digest::of(b"l");
        let expected = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{digest}","size":1,"annotations":{{"dev.loom.platform":"linux-x86_64"}},"platform":{{"architecture":"amd64","os":"linux"}}}}],"annotations":{{"dev.loom.binary":"loom-bridge-server","dev.loom.mapping":"1","org.opencontainers.image.version":"0.2.0"}}}}"#
        );
        assert_eq!(String::from_utf8_lossy(&index.document().document.bytes), expected);
    }

    #[test]
    fn what_others_have_added_stays() {
        let text = r#"{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:00","size":1,"data":"bQ=="}],"annotations":{"by":"other"}}"#;
        let document = ImageDocument::new(text.as_bytes().to_vec().into());
        let mut index = VersionIndex::read(&document).unwrap();
        index.add(Platform::LinuxX86_64, &manifest("l"));
        let bytes = index.document().document.bytes;
        let written = String::from_utf8_lossy(&bytes);
        assert!(written.contains(r#""size":1,"data":"bQ=="}"#), "{written}");
        assert!(written.contains(r#""annotations":{"by":"other"}"#), "{written}");
        let unknown = r#"{"schemaVersion":2,"manifests":[],"subject":{}}"#;
        let unknown = ImageDocument::new(unknown.as_bytes().to_vec().into());
        assert!(VersionIndex::read(&unknown).unwrap_err().contains("subject"));
    }
}
