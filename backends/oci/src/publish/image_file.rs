//! The documents of the OCI image specification, as they are written.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    image_store::{ImageBlob, WrittenDocument},
    manifest::ImageDocument,
    mapping::MANIFEST_TYPES,
    written_descriptor::WrittenDescriptor,
};

/// The media type of an empty configuration.
const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";

/// A manifest, with its fields in the order of Go's type.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ManifestFile {
    schema_version: u8,
    media_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<&'static str>,
    pub(super) config: WrittenDescriptor,
    pub(super) layers: Vec<WrittenDescriptor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<WrittenDescriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

impl ManifestFile {
    /// An image, with its configuration.
    pub(super) fn image(config: WrittenDescriptor, layers: Vec<WrittenDescriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: MANIFEST_TYPES[0],
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// An artifact of a type.
    pub(super) fn artifact(artifact_type: &'static str, layers: Vec<WrittenDescriptor>) -> Self {
        let config = WrittenDescriptor::of_blob(EMPTY_CONFIG, &empty());
        Self { artifact_type: Some(artifact_type), ..Self::image(config, layers) }
    }

    pub(super) fn document(&self) -> WrittenDocument {
        document(MANIFEST_TYPES[0], self)
    }
}

/// The configuration of an artifact.
pub(super) fn empty() -> ImageBlob {
    ImageBlob::of(&b"{}"[..])
}

/// A document to be written.
pub(super) fn document(media_type: &'static str, value: &impl Serialize) -> WrittenDocument {
    WrittenDocument { media_type, document: ImageDocument::new(json(value).into()) }
}

/// The JSON text of a value. A struct of strings, numbers and lists always serialises; every registry would refuse an empty
/// document.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
