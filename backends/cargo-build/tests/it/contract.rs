//! A folder of builds passes the contract suite.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use async_trait::async_trait;
use loom_cargo_build::{CargoBuild, CargoBuildOptions};
use loom_source::{
    Capabilities, Source,
    contract::{self, Failure, PublishedRelease, RunningFixture, SourceFixture},
};

/// The builds of a checkout.
struct BuildsFixture;

/// A checkout and its source.
struct RunningCheckout {
    folder: tempfile::TempDir,
    source: CargoBuild,
}

fn publish(checkout: &Path, releases: &[PublishedRelease]) -> Result<(), Failure> {
    let profile = checkout.join("target/debug");
    if profile.exists() {
        fs::remove_dir_all(&profile)?;
    }
    fs::create_dir_all(&profile)?;
    for PublishedRelease { release, bytes, .. } in releases {
        let path = profile.join(release.executable());
        fs::write(&path, bytes)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[async_trait]
impl SourceFixture for BuildsFixture {
    fn name(&self) -> String {
        "target".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { dev: true, list: true, resume: true, ..Capabilities::default() }
    }

    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("Cargo.toml"), "[workspace]")?;
        publish(folder.path(), releases)?;
        let mut options = CargoBuildOptions::new(folder.path());
        options.target_dir = Some("target".into());
        Ok(Box::new(RunningCheckout { folder, source: CargoBuild::open(options) }))
    }
}

#[async_trait]
impl RunningFixture for RunningCheckout {
    fn source(&self) -> &dyn Source {
        &self.source
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        publish(self.folder.path(), releases)
    }
}

#[tokio::test]
async fn builds_pass_the_contract_suite() {
    let source = CargoBuild::open(CargoBuildOptions::new("/"));
    assert_eq!(source.capabilities(), BuildsFixture.capabilities());
    contract::run(&BuildsFixture).await.assert();
}
