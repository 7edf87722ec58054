//! Writes releases as images, to a registry or to a layout.
//!
//! | module | holds |
//! |---|---|
//! | `image_publisher` | [`ImagePublisher`]: writes the images of a version |
//! | `release_image` | [`ReleaseImage`]: the release of one platform, to be published, with its [`RuntimeLayerFile`] |
//! | `published_images` | [`PublishedImages`]: what is there after publishing |
//! | `original_image` | [`OriginalImage`]: the image of a release as another registry has it |
//! | `release_documents` | the documents and blobs that a release is written as |
//! | `image_config` | the configuration of an image |
//! | `runtime_layer` | the layer with what a program needs to run from an image |
//! | `archive_layer` | `ArchiveLayer`: what an archive is as a layer |
//! | `docker_archive` | [`DockerArchive`]: images as an archive that `docker load` reads |
//! | `layout_archive` | [`LayoutArchive`]: an image layout as a tar archive |
//! | `image_file` | the documents of the OCI image specification, as they are written |
//! | `version_index` | `VersionIndex`: the index of a version, to which platforms are added |
//! | `document_writer` | reads and writes the documents of a signed mirror |
//! | `image_sbom` | [`ImageSbom`]: the list of the components of a program |
//! | `image_evidence` | [`ImageEvidence`]: a signature or an attestation that is attached to an image |
//! | `sbom_signature` | [`SbomSignature`]: a signature over a list of components |
//! | `source_revision` | [`SourceRevision`]: the commit that a program was built from |
//! | `fetched_blob` | blobs of a registry in files of this machine |
//! | `image_statements` | [`ImageStatement`]: the statements of all images of a binary |
//! | `referrer_image` | signatures and lists of components as artifacts that refer to a manifest |
//! | `referrer_writer` | attaches them, where there is a list of referrers and where a tag is one |
//! | `image_garbage` | [`ImageGarbage`]: finds and removes versions that are not needed any more |

mod archive_layer;
mod docker_archive;
mod document_writer;
mod fetched_blob;
mod image_config;
mod image_evidence;
mod image_file;
mod image_garbage;
mod image_publisher;
mod image_sbom;
mod image_statements;
mod layout_archive;
mod original_image;
mod published_images;
mod referrer_image;
mod referrer_writer;
mod release_documents;
mod release_image;
mod runtime_layer;
mod sbom_signature;
mod source_revision;
mod version_index;

pub use crate::image_store::SweptBlobs;
pub use docker_archive::DockerArchive;
pub use image_evidence::{ImageEvidence, ImageEvidenceSubject};
pub use image_garbage::ImageGarbage;
pub use image_publisher::{ImagePublisher, ImageVersion};
pub use image_sbom::{ImageSbom, LARGEST_SBOM, SbomFormat};
pub use image_statements::ImageStatement;
pub use layout_archive::LayoutArchive;
pub use original_image::OriginalImage;
pub use published_images::{PlatformImage, PublishedImages};
pub use release_image::{ReleaseImage, RuntimeLayerFile};
pub use sbom_signature::SbomSignature;
pub use source_revision::{NotARevision, SourceRevision};
