//! [`CargoBuild`]: the source.

use std::{
    collections::BTreeSet,
    fmt, io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use async_trait::async_trait;
use loom_base::sync::LockExt as _;
use loom_source::{
    Artifact, AssetRef, BuildInfo, Capabilities, Download, ListingScope, Offer, Packaging, Product,
    RangeRequest, Release, Slot, Source, SourceError, VersionListing,
};

use crate::{
    build_file,
    cargo_command::{self, BuildRequest},
    cargo_config, git_commit,
    options::CargoBuildOptions,
    target_folder::{self, BuildArtifact},
};

/// A source of development builds: the cargo builds of a checkout.
///
/// It offers [`Slot::Dev`] only: `find` of a version returns `None`, and `list` returns no version.
///
/// # Examples
/// See the [crate documentation](crate#examples).
#[derive(Debug)]
pub struct CargoBuild {
    options: CargoBuildOptions,
    /// The references that have been offered. No other file can be opened.
    offered: Mutex<BTreeSet<AssetRef>>,
}

impl CargoBuild {
    /// The source for these options. Nothing is read yet: a checkout that does not exist is an error of `find`.
    pub fn open(options: CargoBuildOptions) -> Self {
        Self { options, offered: Mutex::default() }
    }

    /// The existing executables of `product`, the newest first. Nothing is built.
    ///
    /// # Errors
    /// If the checkout, its target folder or a configuration file of cargo cannot be read.
    pub fn builds(&self, product: &Product) -> Result<Vec<BuildArtifact>, SourceError> {
        existing(&self.options, product)
    }

    async fn newest(&self, product: Product) -> Result<Option<BuildArtifact>, SourceError> {
        let options = self.options.clone();
        let at = options.checkout.display().to_string();
        let builds = tokio::task::spawn_blocking(move || existing(&options, &product)).await;
        let builds = builds.map_err(|e| SourceError::read(at, e))?;
        Ok(builds?.into_iter().next())
    }

    /// Runs `cargo build`. `None` where the executable is for another platform.
    async fn build(&self, product: &Product) -> Result<Option<BuildArtifact>, SourceError> {
        let options = &self.options;
        let checkout = canonical_checkout(&options.checkout)?;
        let executable = cargo_command::build(BuildRequest {
            cargo: &options.cargo,
            checkout: &checkout,
            binary: product.binary.as_ref(),
            profile: options.profile.as_deref(),
            selection: options.selection,
            target_dir: options.target_dir.as_deref(),
            output: &options.output,
        });
        let build = target_folder::artifact(&executable.await?)?;
        Ok(Some(build).filter(|build| build.platform == product.platform))
    }

    async fn offer(&self, build: BuildArtifact) -> Result<Offer, SourceError> {
        let checkout = canonical_checkout(&self.options.checkout)?;
        let commit = git_commit::commit(&checkout, build.built).await;
        let asset = AssetRef::new(utf8(&build.path)?);
        self.offered.locked().insert(asset.clone());
        let artifact = Artifact {
            packaging: Packaging::Bare,
            asset,
            size: Some(build.size),
            claims: Vec::new(),
        };
        let info = BuildInfo { profile: build.profile, built: build.built, commit, checkout };
        Ok(Offer { artifacts: vec![artifact], build: Some(info), ..Offer::default() })
    }
}

fn existing(
    options: &CargoBuildOptions,
    product: &Product,
) -> Result<Vec<BuildArtifact>, SourceError> {
    let CargoBuildOptions { target_dir, cargo_home, profile, .. } = options;
    let checkout = canonical_checkout(&options.checkout)?;
    let target = cargo_config::target_dir(&checkout, target_dir.as_deref(), cargo_home.as_deref())?;
    let executable = product.platform.executable(&product.binary);
    let mut builds = target_folder::scan(&target, &executable)?;
    builds.retain(|build| build.platform == product.platform);
    if let Some(profile) = profile {
        let folder = target_folder::profile_folder(profile);
        builds.retain(|build| build.profile == folder);
    }
    Ok(builds)
}

/// The canonical path of the checkout: cargo looks for its configuration in the folders above that path.
fn canonical_checkout(checkout: &Path) -> Result<PathBuf, SourceError> {
    let manifest = || checkout.join("Cargo.toml").display().to_string();
    let fail = |source: io::Error| SourceError::read(manifest(), source);
    let checkout = checkout.canonicalize().map_err(fail)?;
    checkout.join("Cargo.toml").metadata().map_err(fail)?;
    Ok(checkout)
}

fn utf8(path: &Path) -> Result<&str, SourceError> {
    path.to_str()
        .ok_or_else(|| SourceError::malformed(path.display().to_string(), "the path is not UTF-8"))
}

#[async_trait]
impl Source for CargoBuild {
    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: false, dev: true, list: true, resume: true, claims: false }
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        if release.slot != Slot::Dev {
            return Ok(None);
        }
        let product = release.product();
        let build = if self.options.build {
            self.build(&product).await?
        } else {
            self.newest(product).await?
        };
        match build {
            Some(build) => self.offer(build).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, _: &Product, _: ListingScope) -> Result<VersionListing, SourceError> {
        Ok(VersionListing::Versions(Vec::new()))
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        if !self.offered.locked().contains(asset) {
            let source = io::Error::new(io::ErrorKind::NotFound, "this build was not offered");
            return Err(SourceError::read(asset.to_string(), source));
        }
        build_file::open(Path::new(asset.as_str()), range).await
    }
}

impl fmt::Display for CargoBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target:{}", self.options.checkout.display())
    }
}
