//! Registries and layouts pass the contract suite.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use async_trait::async_trait;
use loom_oci::{Oci, OciLocation, OciOptions};
use loom_source::{
    Capabilities, Source,
    contract::{self, Failure, PublishedRelease, RunningFixture, SourceFixture},
};
use loom_test_support::{
    docker_registry::{DockerRegistry, PASSWORD, RegistryAccess},
    release_images::ReleaseImages,
};
use tempfile::TempDir;

use crate::support::{self, PREFIX};

/// Where the images are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Registry,
    Folder,
    Archive,
}

/// Images at a place, and a source over them.
struct RunningImages {
    root: TempDir,
    registry: Option<DockerRegistry>,
    place: Place,
    source: Oci,
}

#[async_trait]
impl SourceFixture for Place {
    fn name(&self) -> String {
        format!("images in a {self:?}")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, dev: false, list: true, resume: true, claims: true }
    }

    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure> {
        let root = TempDir::new()?;
        let (source, registry) = match self {
            Self::Registry => {
                let registry = DockerRegistry::start(&RegistryAccess::Password);
                let options = support::with_login(support::password());
                (support::source(&registry.address, options), Some(registry))
            }
            Self::Folder | Self::Archive => {
                let location = OciLocation::Layout(place_of(&root, *self));
                (Oci::open(location, OciOptions::default())?, None)
            }
        };
        let mut running = RunningImages { root, registry, place: *self, source };
        running.replace(releases).await?;
        Ok(Box::new(running))
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned(), "YWRhOnMzY3JldC13MHJk".to_owned()]
    }
}

fn place_of(root: &TempDir, place: Place) -> PathBuf {
    root.path().join(if place == Place::Archive { "images.tar" } else { "images" })
}

#[async_trait]
impl RunningFixture for RunningImages {
    fn source(&self) -> &dyn Source {
        &self.source
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        let images = ReleaseImages::of(releases);
        if let Some(registry) = &self.registry {
            images.write_registry(&registry.data(), PREFIX)?;
            return Ok(());
        }
        let folder = self.root.path().join("images");
        fs::create_dir_all(&folder)?;
        images.write_layout(&folder)?;
        if self.place == Place::Archive {
            let temporary = self.root.path().join("new.tar");
            let mut archive = tar::Builder::new(File::create(&temporary)?);
            archive.append_dir_all(".", &folder)?;
            archive.into_inner()?.sync_all()?;
            fs::rename(temporary, place_of(&self.root, self.place))?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_registry_passes_the_contract_suite() {
    contract::run(&Place::Registry).await.assert();
}

#[tokio::test]
async fn a_layout_in_a_folder_passes_the_contract_suite() {
    contract::run(&Place::Folder).await.assert();
}

#[tokio::test]
async fn a_layout_in_an_archive_passes_the_contract_suite() {
    contract::run(&Place::Archive).await.assert();
}
