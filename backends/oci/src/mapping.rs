//! How a release is written as an index, manifests and layers.
//!
//! A repository is a binary, and a tag is a version; the tags that begin with `loom-` are reserved for the documents of a
//! signed mirror. The tag names an index with a manifest for each platform. One layer of
//! a manifest is the release asset itself: its digest is the SHA-256 that other sources publish. The manifest has the
//! statement of the release as an annotation.

use loom_source::{ArchiveFormat, EvidenceKind, Platform};

/// The media types of an index and of a manifest, those of OCI first.
pub const INDEX_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// See [`INDEX_TYPES`].
pub const MANIFEST_TYPES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The type of the artifacts that are releases for other systems than Linux.
pub const RELEASE_ARTIFACT: &str = "application/vnd.loom.release.v1";
/// The type of the artifacts that are signatures.
pub const EVIDENCE_ARTIFACT: &str = "application/vnd.loom.evidence.v1";

/// The type of the artifacts that are documents of a signed mirror.
pub const MIRROR_ARTIFACT: &str = "application/vnd.loom.mirror.v1";

/// The tag of the index of a signed mirror.
pub const INDEX_TAG: &str = "loom-index";
/// The tag of the timestamp of a signed mirror.
pub const TIMESTAMP_TAG: &str = "loom-timestamp";
/// The tag of the list of what the index does not name, which collections write.
pub const UNNAMED_TAG: &str = "loom-unnamed";
/// The path of that list among the documents of a mirror.
pub const UNNAMED_PATH: &str = "releases/unnamed.json";
/// The beginning of the tags of the roots of a signed mirror, before their numbers.
pub const ROOT_TAG: &str = "loom-root-";

/// The annotation of a layout's descriptor that holds the tag.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation of a layer that holds the file name of the release asset.
pub const TITLE: &str = "org.opencontainers.image.title";
/// The annotation of an index that holds the version.
pub const VERSION: &str = "org.opencontainers.image.version";
/// The annotation of a manifest, and the label of an image, that holds the commit that the program was built from.
pub const REVISION: &str = "org.opencontainers.image.revision";
/// The annotation of an index that holds the version of this mapping, for which the layer that an image needs to run is
/// always the same.
pub const MAPPING: &str = "dev.loom.mapping";
/// The version of the mapping that is written.
pub const MAPPING_VERSION: &str = "1";
/// The annotation of an index, and of its descriptor in a layout, that holds the name of the binary.
pub const BINARY: &str = "dev.loom.binary";
/// The annotation of a manifest's descriptor that holds the platform, such as `linux-x86_64`.
pub const PLATFORM: &str = "dev.loom.platform";
/// The annotation of a manifest that holds the bytes of the release's statement.
pub const STATEMENT: &str = "dev.loom.statement";
/// The annotation of a layer that says that it is the release asset: the archive's format, or `bare`.
pub const CARRIER: &str = "dev.loom.carrier";
/// The annotation of evidence that holds its kind: `minisign`, `cosign`, `gpg` or `sigstore`.
pub const EVIDENCE: &str = "dev.loom.evidence";
/// The annotation of evidence that says what it is about: `statement`, the digest of the release asset, or that of its
/// second layer, which is a `SHA256SUMS`.
pub const EVIDENCE_OF: &str = "dev.loom.evidence.of";

/// The value of [`CARRIER`] for an executable that is not in an archive.
pub const BARE: &str = "bare";

/// The operating system and architecture of a platform, as Go names them.
pub fn go_platform(platform: Platform) -> (&'static str, &'static str) {
    match platform {
        Platform::LinuxAarch64 => ("linux", "arm64"),
        Platform::LinuxX86_64 => ("linux", "amd64"),
        Platform::MacosAarch64 => ("darwin", "arm64"),
        Platform::MacosX86_64 => ("darwin", "amd64"),
        Platform::WindowsX86_64 => ("windows", "amd64"),
    }
}

/// The format that [`CARRIER`] names; `Some(None)` for an executable that is not in an archive.
pub(crate) fn carrier(text: &str) -> Option<Option<ArchiveFormat>> {
    if text == BARE {
        return Some(None);
    }
    ArchiveFormat::ALL.into_iter().find(|format| format.extension() == text).map(Some)
}

/// The value of [`EVIDENCE`] for a kind.
pub(crate) fn evidence_name(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Minisign => "minisign",
        EvidenceKind::Cosign => "cosign",
        EvidenceKind::Gpg => "gpg",
        EvidenceKind::Sigstore => "sigstore",
    }
}

/// The kind that [`EVIDENCE`] names.
pub(crate) fn evidence_kind(text: &str) -> Option<EvidenceKind> {
    Some(match text {
        "minisign" => EvidenceKind::Minisign,
        "cosign" => EvidenceKind::Cosign,
        "gpg" => EvidenceKind::Gpg,
        "sigstore" => EvidenceKind::Sigstore,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_its_own_name_in_go() {
        let names: std::collections::BTreeSet<_> = Platform::ALL.map(go_platform).into();
        assert_eq!(names.len(), Platform::ALL.len());
    }

    #[test]
    fn carriers_are_formats_or_bare() {
        assert_eq!(carrier("tar.gz"), Some(Some(ArchiveFormat::TarGz)));
        assert_eq!(carrier("bare"), Some(None));
        assert_eq!(carrier("tar"), None);
    }
}
