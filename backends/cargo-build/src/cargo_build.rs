//! The source: a checkout's cargo builds.

use std::{
    collections::BTreeSet,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use loom_source::{
    Artifact, AssetRef, BuildInfo, Capabilities, Download, ListingScope, Offer, Packaging, Product,
    RangeRequest, Release, Slot, Source, SourceError, VersionListing,
};

use crate::{
    builds::{self, BuildArtifact},
    cargo::{self, CargoOutput, PackageSelection},
    config, git, read,
};

/// How a checkout's builds are found or made.
#[derive(Debug, Clone)]
pub struct CargoBuildOptions {
    /// The checkout: the folder of the workspace's `Cargo.toml`.
    pub checkout: PathBuf,
    /// Only builds of this profile (`dev`, `release`, a custom one); `None` takes the newest of all.
    pub profile: Option<String>,
    /// How `cargo build` selects the package.
    pub selection: PackageSelection,
    /// Whether `cargo build` is run first; then the executable that cargo reports is taken.
    pub build: bool,
    /// The value of `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
    /// Cargo's home, whose `config.toml` counts too.
    pub cargo_home: Option<PathBuf>,
    /// The cargo program: a path, or a name that the system looks up.
    pub cargo: PathBuf,
    /// Where cargo's words go while it builds.
    pub output: CargoOutput,
}

impl CargoBuildOptions {
    /// The newest build in `checkout`, building nothing.
    pub fn new(checkout: impl Into<PathBuf>) -> Self {
        Self {
            checkout: checkout.into(),
            profile: None,
            selection: PackageSelection::default(),
            build: false,
            target_dir: None,
            cargo_home: None,
            cargo: PathBuf::from("cargo"),
            output: CargoOutput::default(),
        }
    }
}

/// A checkout's cargo builds, as a source of development builds.
///
/// Offers [`Slot::Dev`] only: `find` of a version answers `None`, and nothing is listed.
#[derive(Debug)]
pub struct CargoBuild {
    options: CargoBuildOptions,
    /// A pointer opens what was offered and nothing else.
    offered: Mutex<BTreeSet<AssetRef>>,
}

impl CargoBuild {
    /// The source for these options. Nothing is read yet: a checkout that is gone is an error of `find`.
    pub fn open(options: CargoBuildOptions) -> Self {
        Self { options, offered: Mutex::default() }
    }

    /// The executables of `line` that are there, the newest first, building nothing.
    ///
    /// # Errors
    /// If the checkout, its target folder or a configuration file of cargo cannot be read.
    pub fn builds(&self, line: &Product) -> Result<Vec<BuildArtifact>, SourceError> {
        present(&self.options, line)
    }

    async fn newest(&self, line: Product) -> Result<Option<BuildArtifact>, SourceError> {
        let options = self.options.clone();
        let at = options.checkout.display().to_string();
        let found = tokio::task::spawn_blocking(move || present(&options, &line)).await;
        let found = found.map_err(|e| SourceError::read(at, e))?;
        Ok(found?.into_iter().next())
    }

    async fn build(&self, line: &Product) -> Result<Option<BuildArtifact>, SourceError> {
        let options = &self.options;
        let checkout = absolute(&options.checkout)?;
        let path = cargo::build(cargo::BuildRequest {
            cargo: &options.cargo,
            checkout: &checkout,
            binary: line.binary.as_ref(),
            profile: options.profile.as_deref(),
            selection: options.selection,
            target_dir: options.target_dir.as_deref(),
            output: &options.output,
        });
        let found = builds::at(&path.await?)?;
        Ok(Some(found).filter(|found| found.platform == line.platform))
    }

    async fn offer(&self, found: BuildArtifact) -> Result<Offer, SourceError> {
        let checkout = absolute(&self.options.checkout)?;
        let commit = git::commit(&checkout).await;
        let at = AssetRef::new(text(&found.path)?);
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).insert(at.clone());
        let (size, claims) = (Some(found.size), Vec::new());
        let build = BuildInfo { profile: found.profile, built: found.built, commit, checkout };
        Ok(Offer {
            artifacts: vec![Artifact { packaging: Packaging::Bare, asset: at, size, claims }],
            build: Some(build),
            ..Offer::default()
        })
    }

    fn has_offered(&self, what: &AssetRef) -> bool {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).contains(what)
    }
}

fn present(options: &CargoBuildOptions, line: &Product) -> Result<Vec<BuildArtifact>, SourceError> {
    let CargoBuildOptions { target_dir, cargo_home, profile, .. } = options;
    let checkout = absolute(&options.checkout)?;
    let dir = config::target_dir(&checkout, target_dir.as_deref(), cargo_home.as_deref())?;
    let mut found = builds::scan(&dir, &line.platform.executable(&line.binary))?;
    let folder = profile.as_deref().map(builds::profile_folder);
    found.retain(|found| {
        found.platform == line.platform && folder.is_none_or(|folder| found.profile == folder)
    });
    Ok(found)
}

/// The checkout without links: cargo finds its configuration upward from there.
fn absolute(checkout: &Path) -> Result<PathBuf, SourceError> {
    let at = || checkout.join("Cargo.toml").display().to_string();
    let fail = |source: io::Error| SourceError::read(at(), source);
    let checkout = checkout.canonicalize().map_err(fail)?;
    checkout.join("Cargo.toml").metadata().map_err(fail)?;
    Ok(checkout)
}

fn text(path: &Path) -> Result<&str, SourceError> {
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
        let line = release.product();
        let found =
            if self.options.build { self.build(&line).await? } else { self.newest(line).await? };
        match found {
            Some(found) => self.offer(found).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, _: &Product, _: ListingScope) -> Result<VersionListing, SourceError> {
        Ok(VersionListing::Versions(Vec::new()))
    }

    async fn open(&self, what: &AssetRef, from: &RangeRequest) -> Result<Download, SourceError> {
        if !self.has_offered(what) {
            let source = io::Error::new(io::ErrorKind::NotFound, "no build that was offered");
            return Err(SourceError::read(what.to_string(), source));
        }
        read::open(Path::new(what.as_str()), from).await
    }
}

impl fmt::Display for CargoBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target:{}", self.options.checkout.display())
    }
}
