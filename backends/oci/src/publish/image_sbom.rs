//! [`ImageSbom`]: the list of the components of a program, which is attached to its image.

use std::path::Path;

use bytes::Bytes;
use loom_source::Digest;
use serde::Deserialize;

use super::{
    fetched_blob::fetched,
    image_evidence::ImageEvidence,
    sbom_signature::{self, SbomSignature},
};
use crate::{
    image_store::{ImageBlob, ImageStore},
    image_write_error::ImageWriteError,
    manifest::{Descriptor, ImageContent, ImageDocument},
    mapping::TITLE,
};

/// The largest list of components, in bytes.
pub const LARGEST_SBOM: u64 = 16 * 1024 * 1024;

/// How many lists of components of one image are read.
const MAX_SBOMS: usize = 8;

/// The longest file name of a list in a registry that is kept, in bytes.
const LONGEST_NAME: usize = 200;

/// The list of the components of a program (software bill of materials, SBOM), which is attached to its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSbom {
    /// The format.
    pub format: SbomFormat,
    /// The file name.
    pub name: String,
    /// The file.
    pub bytes: Bytes,
    /// The signatures and attestations over the file.
    pub signatures: Vec<SbomSignature>,
}

/// The format of a list of components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SbomFormat {
    /// CycloneDX in JSON.
    CycloneDx,
    /// SPDX in JSON.
    Spdx,
}

/// The members by which the format of a document is known.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SbomHead {
    bom_format: Option<String>,
    spdx_version: Option<String>,
}

impl SbomFormat {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::CycloneDx, Self::Spdx];

    /// The media type, which is registered at IANA.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::CycloneDx => "application/vnd.cyclonedx+json",
            Self::Spdx => "application/spdx+json",
        }
    }

    /// The ending of file names, as both specifications recommend it.
    pub fn ending(self) -> &'static str {
        match self {
            Self::CycloneDx => ".cdx.json",
            Self::Spdx => ".spdx.json",
        }
    }

    /// The format of a document; `None` where it has neither, or is no JSON.
    ///
    /// # Examples
    /// ```
    /// use loom_oci::publish::SbomFormat;
    ///
    /// assert_eq!(SbomFormat::of(br#"{"bomFormat": "CycloneDX"}"#), Some(SbomFormat::CycloneDx));
    /// assert_eq!(SbomFormat::of(br#"{"spdxVersion": "SPDX-2.3"}"#), Some(SbomFormat::Spdx));
    /// assert_eq!(SbomFormat::of(b"{}"), None);
    /// ```
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let head: SbomHead = serde_json::from_slice(bytes).ok()?;
        match (head.bom_format.as_deref(), head.spdx_version) {
            (Some("CycloneDX"), None) => Some(Self::CycloneDx),
            (None, Some(version)) if version.starts_with("SPDX-") => Some(Self::Spdx),
            _ => None,
        }
    }

    /// The format with a media type.
    pub(crate) fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }
}

/// A list of components, to be written.
#[derive(Debug, Clone)]
pub(super) struct SbomBlob {
    pub(super) format: SbomFormat,
    pub(super) name: String,
    pub(super) blob: ImageBlob,
    /// What refers to the list itself.
    pub(super) evidence: Vec<ImageEvidence>,
}

impl From<&ImageSbom> for SbomBlob {
    fn from(sbom: &ImageSbom) -> Self {
        let (format, name) = (sbom.format, sbom.name.clone());
        let blob = ImageBlob::of(sbom.bytes.clone());
        let signatures = sbom.signatures.iter();
        let evidence = signatures.map(|signature| signature.evidence(blob.digest)).collect();
        Self { format, name, blob, evidence }
    }
}

/// The lists of components that refer to a document, in files in `folder`. What is none is left out, and told.
///
/// # Errors
/// Where the location cannot be read, a list is not what its digest says, or the folder cannot be written.
pub(super) async fn of_image(
    store: &dyn ImageStore,
    repository: &str,
    image: &Digest,
    folder: &Path,
) -> Result<Vec<SbomBlob>, ImageWriteError> {
    let referrers = store.referrers(repository, image).await?;
    let format = |one: &Descriptor| SbomFormat::of_media_type(one.artifact_type.as_deref()?);
    let listed = referrers.iter().filter_map(|one| Some((format(one)?, one)));
    let mut sboms = Vec::new();
    for (format, referrer) in listed.take(MAX_SBOMS) {
        let document = match referrer.sha256() {
            Some(digest) => store.manifest(repository, &digest).await?,
            None => None,
        };
        let read = |document: ImageDocument| Ok((document.digest, layer(&document)?));
        match document.ok_or_else(|| "it is missing".to_owned()).and_then(read) {
            Ok((artifact, (digest, layer))) => {
                let blob = fetched(store, repository, digest, layer.size, folder).await?;
                let evidence =
                    sbom_signature::of_list(store, repository, &artifact, digest).await?;
                sboms.push(SbomBlob { format, name: name(&layer, format), blob, evidence });
            }
            Err(why) => store.skipped().add(&referrer.digest, why),
        }
    }
    Ok(sboms)
}

/// The layer of an artifact that is a list of components, with its digest, or the reason why it cannot be used.
fn layer(document: &ImageDocument) -> Result<(Digest, Descriptor), String> {
    let ImageContent::Manifest(manifest) = document.content()? else {
        return Err("it is an index".to_owned());
    };
    let [layer] = manifest.layers.as_slice() else {
        return Err("it has not one layer".to_owned());
    };
    if layer.size > LARGEST_SBOM {
        return Err(format!("it has more than {LARGEST_SBOM} bytes"));
    }
    let digest = layer.sha256().ok_or("its layer has no SHA-256")?;
    Ok((digest, layer.clone()))
}

/// The file name of a list that others may have attached.
fn name(layer: &Descriptor, format: SbomFormat) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    let named = layer.annotations.get(TITLE).filter(|name| {
        !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_plain)
    });
    named.cloned().unwrap_or_else(|| format!("sbom{}", format.ending()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_one_format() {
        for (text, expected) in [
            (r#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#, Some(SbomFormat::CycloneDx)),
            (r#"{"spdxVersion":"SPDX-2.3"}"#, Some(SbomFormat::Spdx)),
            (r#"{"bomFormat":"CycloneDX","spdxVersion":"SPDX-2.3"}"#, None),
            (r#"{"bomFormat":"other"}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(SbomFormat::of(text.as_bytes()), expected, "{text}");
        }
        for format in SbomFormat::ALL {
            assert_eq!(SbomFormat::of_media_type(format.media_type()), Some(format));
        }
    }

    #[test]
    fn what_others_attached_has_limits() {
        let layer = |text: String| layer(&ImageDocument::new(text.into_bytes().into()));
        let one = |size: u64| format!(r#"{{"digest":"sha256:{}","size":{size}}}"#, Digest::of(b""));
        let manifest = |layers: &str| format!(r#"{{"schemaVersion":2,"layers":[{layers}]}}"#);
        assert!(layer(manifest(&one(LARGEST_SBOM))).is_ok());
        for (bad, why) in [
            (manifest(&one(LARGEST_SBOM + 1)), "more than"),
            (manifest(""), "not one layer"),
            (manifest(&format!("{0},{0}", one(1))), "not one layer"),
            (r#"{"schemaVersion":2,"manifests":[]}"#.to_owned(), "an index"),
        ] {
            let got = layer(bad.clone()).unwrap_err();
            assert!(got.contains(why), "{bad}: {got}");
        }
        let named = |title: &str| {
            let text = manifest(
                &one(1).replace('}', &format!(r#","annotations":{{"{TITLE}":"{title}"}}}}"#)),
            );
            name(&layer(text).unwrap().1, SbomFormat::Spdx)
        };
        assert_eq!(named("loom-0.2.0.spdx.json"), "loom-0.2.0.spdx.json");
        for bad in ["", "../x", "a b", &"x".repeat(LONGEST_NAME + 1)] {
            assert_eq!(named(bad), "sbom.spdx.json");
        }
    }
}
