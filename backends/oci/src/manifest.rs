//! The documents of the OCI image specification, as far as they are read, and their limits.

use std::collections::BTreeMap;

use bytes::Bytes;
use loom_source::{Digest, json};
use serde::Deserialize;

use crate::mapping::{INDEX_TYPES, MANIFEST_TYPES};

/// The largest manifest or index, in bytes: what registries must accept at least.
pub(crate) const MAX_DOCUMENT: usize = 4 * 1024 * 1024;

/// The largest number of descriptors in an index.
const MAX_DESCRIPTORS: usize = 10_000;

/// The largest number of layers of a manifest.
const MAX_LAYERS: usize = 1_000;

/// A manifest or an index as it was served, with its digest.
#[derive(Debug, Clone)]
pub(crate) struct ImageDocument {
    pub(crate) bytes: Bytes,
    pub(crate) digest: Digest,
}

/// What a document is.
#[derive(Debug)]
pub(crate) enum ImageContent {
    Index(ImageIndex),
    Manifest(ImageManifest),
}

/// A reference to another document or to a blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) artifact_type: Option<String>,
    #[serde(default, deserialize_with = "annotations")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) platform: Option<StatedPlatform>,
}

/// The platform of a descriptor.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StatedPlatform {
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    pub(crate) os: String,
}

/// An index: the manifests of several platforms, or the list of a layout.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageIndex {
    #[serde(deserialize_with = "json::at_most::<MAX_DESCRIPTORS, _, _>")]
    pub(crate) manifests: Vec<Descriptor>,
    #[serde(default, deserialize_with = "annotations")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A manifest: the layers of an image or artifact.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageManifest {
    #[serde(default)]
    pub(crate) artifact_type: Option<String>,
    #[serde(deserialize_with = "json::at_most::<MAX_LAYERS, _, _>")]
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, deserialize_with = "annotations")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// The fields by which the kind of a document is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImageHead {
    schema_version: u64,
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    manifests: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    layers: Option<serde::de::IgnoredAny>,
}

/// The blobs that a manifest names.
#[derive(Deserialize)]
struct NamedBlobs {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// The document that another refers to.
#[derive(Deserialize)]
struct NamedSubject {
    subject: Descriptor,
}

impl Descriptor {
    /// The SHA-256 of what is referred to; `None` for another algorithm and for a text in another form.
    pub(crate) fn sha256(&self) -> Option<Digest> {
        parse_digest(&self.digest)
    }
}

/// A digest in the only form of the OCI specification: `sha256:` and 64 lower-case digits.
pub(crate) fn parse_digest(text: &str) -> Option<Digest> {
    let digest: Digest = text.strip_prefix("sha256:")?.parse().ok()?;
    (format!("sha256:{digest}") == text).then_some(digest)
}

impl ImageDocument {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }

    /// The document, read.
    ///
    /// # Errors
    /// The reason why it is neither an index nor a manifest.
    pub(crate) fn content(&self) -> Result<ImageContent, String> {
        let head: ImageHead = json::strict(&self.bytes).map_err(|error| error.to_string())?;
        if head.schema_version != 2 {
            return Err(format!("expected the schema version 2, got {}", head.schema_version));
        }
        let is = |types: &[&str]| types.contains(&head.media_type.as_str());
        let stated = !head.media_type.is_empty();
        match (head.manifests.is_some(), head.layers.is_some()) {
            (true, false) if !stated || is(&INDEX_TYPES) => {
                serde_json::from_slice(&self.bytes).map(ImageContent::Index)
            }
            (false, true) if !stated || is(&MANIFEST_TYPES) => {
                serde_json::from_slice(&self.bytes).map(ImageContent::Manifest)
            }
            _ => return Err(self.other(&head.media_type)),
        }
        .map_err(|error| error.to_string())
    }

    /// The configuration and the layers of a manifest.
    ///
    /// # Errors
    /// The reason why the document is no manifest.
    pub(crate) fn blobs(&self) -> Result<Vec<Descriptor>, String> {
        // Its layers are counted where it is read as a manifest.
        self.content()?;
        let blobs: NamedBlobs = json::strict(&self.bytes).map_err(|error| error.to_string())?;
        Ok([vec![blobs.config], blobs.layers].concat())
    }

    /// The digest of the document that this one refers to.
    pub(crate) fn subject(&self) -> Option<Digest> {
        let named: NamedSubject = json::strict(&self.bytes).ok()?;
        parse_digest(&named.subject.digest)
    }

    fn other(&self, media_type: &str) -> String {
        let media_type: String = media_type.chars().take(100).collect();
        format!("neither an image index nor an image manifest (media type {media_type:?})")
    }
}

/// Annotations: an absent map may also be `null`.
fn annotations<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Result<ImageContent, String> {
        ImageDocument::new(Bytes::copy_from_slice(text.as_bytes())).content()
    }

    #[test]
    fn documents_are_known_by_what_they_hold() {
        let index = r#"{"schemaVersion":2,"manifests":[],"annotations":null}"#;
        assert!(matches!(content(index), Ok(ImageContent::Index(_))));
        let manifest = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;
        assert!(matches!(content(manifest), Ok(ImageContent::Manifest(_))));
        for (bad, why) in [
            (r#"{"schemaVersion":1,"manifests":[]}"#, "schema version 2"),
            (r#"{"schemaVersion":2}"#, "neither"),
            (r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#, "neither"),
            (
                r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#,
                "neither",
            ),
            (r#"{"schemaVersion":2,"manifests":[],"manifests":[]}"#, "duplicate key"),
            (r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#, "schemaVersion"),
            ("<html>", "expected value"),
        ] {
            let got = content(bad).map(|_| ()).unwrap_err();
            assert!(got.contains(why), "{bad}: {got}");
        }
    }

    #[test]
    fn a_list_is_cut_off_where_it_is_too_long() {
        let one = format!(r#"{{"digest":"sha256:{}","size":1}}"#, Digest::of(b""));
        let many = |count| {
            format!(
                r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
                vec![one.as_str(); count].join(",")
            )
        };
        assert!(content(&many(MAX_DESCRIPTORS)).is_ok());
        assert!(content(&many(MAX_DESCRIPTORS + 1)).unwrap_err().contains("at most"));
    }

    #[test]
    fn digests_have_one_form() {
        let digest = Digest::of(b"x");
        assert_eq!(parse_digest(&format!("sha256:{digest}")), Some(digest));
        let upper = digest.to_string().to_ascii_uppercase();
        for bad in [digest.to_string(), format!("sha256:{upper}"), format!("sha512:{digest}")] {
            assert_eq!(parse_digest(&bad), None, "{bad}");
        }
    }
}
