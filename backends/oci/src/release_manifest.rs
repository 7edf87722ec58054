//! The offer that a manifest describes.

use loom_source::{
    Artifact, AssetRef, ClaimedDigest, Digest, DigestSource, Packaging, Release, Statement, asset,
};

use crate::{
    manifest::{Descriptor, ImageManifest},
    mapping::{CARRIER, STATEMENT, TITLE, carrier},
};

/// A manifest of a release, read.
#[derive(Debug)]
pub(crate) struct ReleaseManifest {
    pub(crate) artifacts: Vec<Artifact>,
    /// The statement and its bytes.
    pub(crate) statement: Option<(Statement, String)>,
}

impl ReleaseManifest {
    /// What a manifest says of a release; `None` where it is about a release of another binary or authority. `at` names
    /// the manifest.
    ///
    /// # Errors
    /// The reason where its statement is not one, or is about another version or platform.
    pub(crate) fn read(
        manifest: &ImageManifest,
        release: &Release,
        repository: &str,
        at: &str,
    ) -> Result<Option<Self>, String> {
        let statement = match manifest.annotations.get(STATEMENT) {
            Some(text) => {
                let statement = Statement::parse(text.as_bytes());
                Some((statement.map_err(|error| error.to_string())?, text.clone()))
            }
            None => None,
        };
        if let Some((statement, _)) = &statement {
            let other =
                statement.binary != release.binary || statement.authority != release.authority;
            if other {
                return Ok(None);
            }
            if statement.release() != *release {
                let got = statement.release();
                return Err(format!("expected the statement of {release}, got that of {got}"));
            }
        }
        let layers = manifest.layers.iter().filter_map(|layer| {
            let statement = statement.as_ref().map(|(statement, _)| statement);
            artifact(layer, release, statement, repository, at)
        });
        Ok(Some(Self { artifacts: layers.collect(), statement }))
    }
}

/// The release asset that a layer is; `None` for other layers, such as those that an image needs to run.
fn artifact(
    layer: &Descriptor,
    release: &Release,
    statement: Option<&Statement>,
    repository: &str,
    at: &str,
) -> Option<Artifact> {
    let digest = layer.sha256()?;
    let stated = statement
        .and_then(|statement| statement.archives.iter().find(|archive| archive.digest == digest));
    let packaging = match (layer.annotations.get(CARRIER), stated) {
        (Some(text), stated) => match carrier(text)? {
            Some(format) => {
                let strip = stated.filter(|archive| archive.format == format).map(|a| a.strip);
                Packaging::Archive { format, strip }
            }
            None => Packaging::Bare,
        },
        (None, Some(archive)) => {
            Packaging::Archive { format: archive.format, strip: Some(archive.strip) }
        }
        // An asset that another program has pushed with its file name.
        (None, None) => {
            let title = layer.annotations.get(TITLE)?;
            let names = asset::names(release);
            names.into_iter().find(|asset| asset.name == *title)?.packaging
        }
    };
    let by = match stated {
        Some(_) => DigestSource::Statement,
        None => DigestSource::Manifest,
    };
    Some(Artifact {
        packaging,
        asset: asset_ref(repository, &digest),
        size: Some(layer.size),
        claims: vec![ClaimedDigest { digest, by, at: at.to_owned() }],
    })
}

/// The reference to a blob: `repository@sha256:…`.
pub(crate) fn asset_ref(repository: &str, digest: &Digest) -> AssetRef {
    AssetRef::new(format!("{repository}@sha256:{digest}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use loom_source::{
        ArchiveFormat, Authority, Name, Platform, Product, record::StatementArchive,
    };

    use super::*;

    fn release() -> Release {
        let product = Product {
            authority: Authority::default(),
            binary: Name::default(),
            platform: Platform::LinuxX86_64,
        };
        product.at_version("0.2.0".parse().unwrap())
    }

    fn layer(bytes: &[u8], annotations: &[(&str, &str)]) -> Descriptor {
        let annotations = annotations.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Descriptor {
            media_type: String::new(),
            digest: format!("sha256:{}", Digest::of(bytes)),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: annotations.collect(),
            platform: None,
        }
    }

    fn statement(change: impl FnOnce(&mut Statement)) -> String {
        let archive = StatementArchive {
            digest: Digest::of(b"archive"),
            size: 7,
            format: ArchiveFormat::TarGz,
            strip: true,
        };
        let mut statement = Statement {
            authority: Authority::default(),
            binary: Name::default(),
            version: "0.2.0".parse().unwrap(),
            platform: Platform::LinuxX86_64,
            tree: Digest::of(b"tree"),
            entry: "loom-bridge-server".to_owned(),
            archives: vec![archive],
            published: None,
            critical: vec![],
        };
        change(&mut statement);
        String::from_utf8(statement.to_bytes()).unwrap()
    }

    fn read(
        layers: Vec<Descriptor>,
        statement: Option<String>,
    ) -> Result<Option<ReleaseManifest>, String> {
        let annotations = statement.map(|text| (STATEMENT.to_owned(), text));
        let annotations: BTreeMap<String, String> = annotations.into_iter().collect();
        let manifest = ImageManifest { artifact_type: None, layers, annotations };
        ReleaseManifest::read(&manifest, &release(), "r", "at")
    }

    #[test]
    fn only_the_layer_that_is_the_asset_counts() {
        let runtime = layer(b"glibc", &[]);
        let archive = layer(b"archive", &[(CARRIER, "tar.gz")]);
        let read = read(vec![runtime, archive], Some(statement(|_| ()))).unwrap().unwrap();
        let [artifact] = read.artifacts.as_slice() else { panic!("{read:?}") };
        let expected = Packaging::Archive { format: ArchiveFormat::TarGz, strip: Some(true) };
        assert_eq!(artifact.packaging, expected);
        assert_eq!(artifact.claims[0].by, DigestSource::Statement);
    }

    #[test]
    fn an_asset_is_known_by_its_file_name_too() {
        let named = layer(b"x", &[(TITLE, "loom-bridge-server-0.2.0-linux-x86_64.tar.zst")]);
        let other = layer(b"y", &[(TITLE, "loom-bridge-server-0.2.0-macos-x86_64.tar.zst")]);
        let read = read(vec![other, named], None).unwrap().unwrap();
        let [artifact] = read.artifacts.as_slice() else { panic!("{read:?}") };
        assert_eq!(artifact.claims[0].by, DigestSource::Manifest);
    }

    #[test]
    fn a_statement_is_about_the_release() {
        let of = |change: fn(&mut Statement)| read(vec![], Some(statement(change)));
        assert!(of(|_| ()).unwrap().is_some());
        assert!(of(|s| s.binary = "other".parse().unwrap()).unwrap().is_none());
        assert!(of(|s| s.authority = "other".parse().unwrap()).unwrap().is_none());
        assert!(of(|s| s.version = "0.3.0".parse().unwrap()).is_err());
        assert!(of(|s| s.platform = Platform::MacosX86_64).is_err());
        assert!(read(vec![], Some("{}".to_owned())).is_err());
    }
}
