//! [`CargoBuildOptions`]: the options with which a source of cargo builds is opened.

use std::path::PathBuf;

use crate::cargo_command::{CargoOutput, PackageSelection};

/// The options with which a source of cargo builds is opened.
#[derive(Debug, Clone)]
pub struct CargoBuildOptions {
    /// The checkout: the folder of the workspace's `Cargo.toml`.
    pub checkout: PathBuf,
    /// The profile whose builds are offered (`dev`, `release`, a custom one); `None` offers the newest build of any
    /// profile.
    pub profile: Option<String>,
    /// How `cargo build` selects the package.
    pub selection: PackageSelection,
    /// Whether `cargo build` runs first. The executable that cargo reports is then offered.
    pub build: bool,
    /// The value of `CARGO_TARGET_DIR`.
    pub target_dir: Option<PathBuf>,
    /// The home folder of cargo, whose `config.toml` is read as well.
    pub cargo_home: Option<PathBuf>,
    /// The cargo program: a path, or a name that is searched in `PATH`.
    pub cargo: PathBuf,
    /// The destination of cargo's output during a build.
    pub output: CargoOutput,
}

impl CargoBuildOptions {
    /// Options that offer the newest build in `checkout` and build nothing.
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
