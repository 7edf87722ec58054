//! [`ReleaseImage`]: the release of one platform, to be published.

use std::path::PathBuf;

use bytes::Bytes;
use loom_source::Digest;

use super::{
    image_evidence::ImageEvidence, image_sbom::ImageSbom, original_image::OriginalImage,
    source_revision::SourceRevision,
};

/// The release of one platform, to be published.
#[derive(Debug, Clone)]
pub struct ReleaseImage {
    /// The bytes of its statement.
    pub statement: Bytes,
    /// The digest of the file: of one of the statement's archives, or of the program of a release without archives.
    pub digest: Digest,
    /// The file.
    pub file: PathBuf,
    /// The signatures and attestations.
    pub evidence: Vec<ImageEvidence>,
    /// The lists of the components of the program.
    pub sboms: Vec<ImageSbom>,
    /// The commit that the program was built from, where that is known.
    pub revision: Option<SourceRevision>,
    /// A layer that an image gets below the archive. `None` leaves the choice to the image that is there.
    pub runtime_layer: Option<RuntimeLayerFile>,
    /// The image as another registry has it: it is published as it is where it is that of this release.
    pub original: Option<OriginalImage>,
}

/// A layer with what a program needs to run, in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeLayerFile {
    /// A tar archive, without compression or with that of gzip or zstd.
    pub path: PathBuf,
    /// Whether an image that is there with another layer stays as it is; else that is an error.
    pub yields: bool,
}
