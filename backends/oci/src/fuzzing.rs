//! What registries, layouts and files of logins hold, for the fuzz targets.

use bytes::Bytes;
use loom_source::{Authority, Name, Platform, Release, Slot};

pub use crate::{
    credentials::fuzzing::logins, layout::fuzzing::archive, registry::fuzzing::responses,
};
use crate::{
    manifest::{ImageContent, ImageDocument},
    release_manifest::ReleaseManifest,
    version_list,
};

/// Reads an index or a manifest, and what it says of the release 0.2.0 for linux-x86_64.
pub fn manifest(data: &[u8]) {
    let document = ImageDocument::new(Bytes::copy_from_slice(data));
    let platforms = version_list::platforms(&document);
    assert!(platforms.len() <= Platform::ALL.len(), "{platforms:?}");
    let Ok(ImageContent::Manifest(manifest)) = document.content() else { return };
    let _ = version_list::states(&manifest, Platform::LinuxX86_64);
    let Ok(version) = "0.2.0".parse() else { return };
    let release = Release {
        authority: Authority::default(),
        binary: Name::default(),
        slot: Slot::Version(version),
        platform: Platform::LinuxX86_64,
    };
    let Ok(Some(read)) = ReleaseManifest::read(&manifest, &release, "loom/x", "the test") else {
        return;
    };
    assert!(read.artifacts.len() <= manifest.layers.len(), "more artifacts than layers");
    if let Some((statement, _)) = &read.statement {
        assert_eq!(statement.release(), release, "the statement of another release");
    }
}
