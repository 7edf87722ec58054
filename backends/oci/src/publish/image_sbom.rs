//! [`ImageSbom`]: the list of the components of a program, which is attached to its image.

use bytes::Bytes;
use futures::StreamExt as _;
use loom_source::{Digest, RangeRequest, SourceError};
use serde::Deserialize;

use crate::{
    image_store::ImageStore,
    manifest::{Descriptor, ImageContent},
    mapping::TITLE,
};

/// The largest list of components, in bytes.
pub const LARGEST_SBOM: u64 = 16 * 1024 * 1024;

/// How many lists of components of one image are read.
const MAX_SBOMS: usize = 8;

/// The list of the components of a program (software bill of materials, SBOM), which is attached to its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSbom {
    /// The format.
    pub format: SbomFormat,
    /// The file name.
    pub name: String,
    /// The file.
    pub bytes: Bytes,
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

    fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }
}

/// The lists of components that refer to a document. What cannot be used is left out, and told.
///
/// # Errors
/// Where the location cannot be read.
pub(super) async fn of_image(
    store: &dyn ImageStore,
    repository: &str,
    image: &Digest,
) -> Result<Vec<ImageSbom>, SourceError> {
    let referrers = store.referrers(repository, image).await?;
    let format = |one: &Descriptor| SbomFormat::of_media_type(one.artifact_type.as_deref()?);
    let listed = referrers.iter().filter_map(|one| Some((format(one)?, one)));
    let mut sboms = Vec::new();
    for (format, referrer) in listed.take(MAX_SBOMS) {
        match sbom(store, repository, format, referrer).await? {
            Ok(sbom) => sboms.push(sbom),
            Err(why) => store.skipped().add(&referrer.digest, why),
        }
    }
    Ok(sboms)
}

/// The list that an artifact is, or the reason why it cannot be used.
async fn sbom(
    store: &dyn ImageStore,
    repository: &str,
    format: SbomFormat,
    referrer: &Descriptor,
) -> Result<Result<ImageSbom, String>, SourceError> {
    let missing = || Ok(Err("it is missing".to_owned()));
    let Some(digest) = referrer.sha256() else { return missing() };
    let Some(document) = store.manifest(repository, &digest).await? else { return missing() };
    let manifest = match document.content() {
        Ok(ImageContent::Manifest(manifest)) => manifest,
        Ok(ImageContent::Index(_)) => return Ok(Err("it is an index".to_owned())),
        Err(why) => return Ok(Err(why)),
    };
    let [layer] = manifest.layers.as_slice() else {
        return Ok(Err("it has not one layer".to_owned()));
    };
    if layer.size > LARGEST_SBOM {
        return Ok(Err(format!("it has more than {LARGEST_SBOM} bytes")));
    }
    let Some(digest) = layer.sha256() else { return missing() };
    let Some(blob) = store.blob(repository, &digest, &RangeRequest::whole()).await? else {
        return missing();
    };
    let (mut body, mut bytes) = (blob.body, Vec::new());
    while let Some(piece) = body.next().await {
        bytes.extend_from_slice(&piece?);
        if bytes.len() as u64 > layer.size {
            break;
        }
    }
    let bytes = Bytes::from(bytes);
    if Digest::of(&bytes) != digest {
        return Ok(Err("its bytes have another digest".to_owned()));
    }
    let name = layer.annotations.get(TITLE).cloned();
    let name = name.unwrap_or_else(|| format!("sbom{}", format.ending()));
    Ok(Ok(ImageSbom { format, name, bytes }))
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
}
