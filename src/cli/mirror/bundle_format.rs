//! [`BundleFormat`]: in which format a bundle is written.

/// In which format a bundle is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum BundleFormat {
    /// Records, evidence, index and lock file, signed: for `loom mirror import`
    #[default]
    Loom,
    /// Images: for `oci-layout:FILE`, podman and skopeo
    OciLayout,
    /// Images for one platform: for `docker load`
    DockerArchive,
}
