//! [`WrittenDescriptor`]: descriptors as they are written.

use std::collections::BTreeMap;

use loom_source::Platform;
use serde::Serialize;

use crate::{
    image_store::{ImageBlob, WrittenDocument},
    mapping::go_platform,
};

/// A descriptor with its fields in the order of Go's type, so that programs that read and write it keep its bytes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WrittenDescriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) platform: Option<WrittenPlatform>,
    /// Of the entries of a list of referrers only: skopeo 1.9 cannot copy an index with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
}

/// A platform, as Go names it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WrittenPlatform {
    architecture: &'static str,
    os: &'static str,
}

impl From<Platform> for WrittenPlatform {
    fn from(platform: Platform) -> Self {
        let (os, architecture) = go_platform(platform);
        Self { architecture, os }
    }
}

impl WrittenDescriptor {
    /// The descriptor of a document.
    pub(crate) fn of(written: &WrittenDocument) -> Self {
        let document = &written.document;
        Self {
            media_type: written.media_type.to_owned(),
            digest: format!("sha256:{}", document.digest),
            size: document.bytes.len() as u64,
            annotations: BTreeMap::new(),
            platform: None,
            artifact_type: None,
        }
    }

    /// The descriptor of a blob.
    pub(crate) fn of_blob(media_type: &str, blob: &ImageBlob) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: format!("sha256:{}", blob.digest),
            size: blob.size,
            annotations: BTreeMap::new(),
            platform: None,
            artifact_type: None,
        }
    }

    /// The same descriptor with an annotation.
    #[must_use]
    pub(crate) fn annotated(mut self, name: &str, value: impl ToString) -> Self {
        self.annotations.insert(name.to_owned(), value.to_string());
        self
    }
}
