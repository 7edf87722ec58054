//! The layer of a release that is known by its digest, so that neither index nor manifest is read.

use loom_source::{Artifact, KnownFile, Packaging, Release, asset};

use crate::release_manifest::asset_ref;

/// The layer that an image most likely has: images that engines run have a `.tar.gz`, and one archive each.
pub(crate) fn layer(release: &Release, files: &[KnownFile], repository: &str) -> Option<Artifact> {
    let names = asset::names(release);
    let named = files.iter().filter_map(|file| {
        let asset = names.iter().find(|asset| asset.name == file.name)?;
        Some((file, asset.packaging.clone()))
    });
    let (file, packaging) = named.min_by_key(|(_, packaging)| rank(packaging))?;
    let asset = asset_ref(repository, &file.digest);
    Some(Artifact { packaging, asset, size: file.size, claims: Vec::new() })
}

/// The order in which archives are chosen for images.
fn rank(packaging: &Packaging) -> usize {
    use loom_source::ArchiveFormat::{TarGz, TarZst, Zip};
    match packaging {
        Packaging::Archive { format: TarGz, .. } => 0,
        Packaging::Archive { format: TarZst, .. } => 1,
        Packaging::Archive { format: Zip, .. } => 2,
        Packaging::Bare | Packaging::Loose { .. } => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loom_source::{Authority, Digest, Name, Platform, Product};

    #[test]
    fn the_archive_that_an_image_has_is_chosen() {
        let platform = Platform::LinuxX86_64;
        let (authority, binary) = (Authority::default(), Name::default());
        let release = Product { authority, binary, platform }.at_version("0.2.0".parse().unwrap());
        let file = |ending: &str| KnownFile {
            name: format!("loom-bridge-server-0.2.0-{ending}"),
            digest: Digest::of(ending.as_bytes()),
            size: Some(1),
        };
        for (files, chosen) in [
            (&["linux-x86_64.tar.zst", "linux-x86_64.tar.gz", "linux-x86_64"][..], Some(1)),
            (&["linux-x86_64", "linux-x86_64.zip", "linux-x86_64.tar.zst"][..], Some(2)),
            (&["linux-x86_64"][..], Some(0)),
            (&["linux-aarch64.tar.gz", "linux-x86_64.deb"][..], None),
            (&[][..], None),
        ] {
            let files: Vec<KnownFile> = files.iter().map(|ending| file(ending)).collect();
            let asset = layer(&release, &files, "team/r").map(|artifact| artifact.asset);
            let expected = chosen.map(|at: usize| asset_ref("team/r", &files[at].digest));
            assert_eq!(asset, expected, "{files:?}");
        }
    }
}
