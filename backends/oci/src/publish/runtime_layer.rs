//! The layer with what a program needs to run from an image that has nothing else.

use std::{fs::File, io, path::Path};

use loom_source::{ArchiveFormat, Digest};

use super::archive_layer::ArchiveLayer;
use crate::image_store::{BlobContent, ImageBlob};

/// The user and the group that programs run as.
pub(super) const USER: &str = "65532:65532";

/// The media type of a layer without compression, and of compressed ones.
const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
pub(super) const TAR_GZ: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(super) const TAR_ZST: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// The folders and files, with their modes.
const FILES: [(&str, u32, Option<&str>); 5] = [
    ("etc/", 0o755, None),
    ("etc/group", 0o644, Some("root:x:0:\nloom:x:65532:\n")),
    ("etc/nsswitch.conf", 0o644, Some("hosts: files dns\n")),
    (
        "etc/passwd",
        0o644,
        Some("root:x:0:0:root:/:/sbin/nologin\nloom:x:65532:65532:loom:/tmp:/sbin/nologin\n"),
    ),
    ("tmp/", 0o1777, None),
];

/// A layer of an image: a blob, its media type, and the digest of its tar archive.
#[derive(Debug, Clone)]
pub(super) struct ImageLayer {
    pub(super) blob: ImageBlob,
    pub(super) media_type: &'static str,
    pub(super) diff_id: Digest,
}

/// The layer of this version of the mapping. Its bytes never change: a release that is published again has the same digest.
/// It has no compression, whose bytes depend on the version of a library.
pub(super) fn frozen() -> io::Result<ImageLayer> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, mode, text) in FILES {
        let bytes = text.unwrap_or_default().as_bytes();
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_entry_type(match text {
            Some(_) => tar::EntryType::Regular,
            None => tar::EntryType::Directory,
        });
        header.set_cksum();
        tar.append(&header, bytes)?;
    }
    let blob = ImageBlob::of(tar.into_inner()?);
    Ok(ImageLayer { diff_id: blob.digest, blob, media_type: TAR })
}

/// The layer in a file: a tar archive, without compression or with that of gzip or zstd.
pub(super) fn of_file(path: &Path) -> io::Result<ImageLayer> {
    let mut head = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(File::open(path)?, 4), &mut head)?;
    let (media_type, layer) = if head.starts_with(b"\x1f\x8b") {
        (TAR_GZ, ArchiveLayer::read(path, ArchiveFormat::TarGz)?)
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        (TAR_ZST, ArchiveLayer::read(path, ArchiveFormat::TarZst)?)
    } else {
        (TAR, ArchiveLayer::of(File::open(path)?)?)
    };
    let (digest, size) = Digest::of_file(path)?;
    let blob = ImageBlob { digest, size, content: BlobContent::File(path.to_owned()) };
    Ok(ImageLayer { blob, media_type, diff_id: layer.diff_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of these bytes is a new version of the mapping.
    #[test]
    fn the_layer_is_frozen() {
        let layer = frozen().unwrap();
        assert_eq!(
            layer.diff_id.to_string(),
            "91cf6eb950723d9be4f4f566d63a7dca5221f6b57a2d6fc3e8f91e96da1331c0"
        );
    }
}
