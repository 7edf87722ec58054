//! Opens sources of type `target`: the cargo builds of a checkout.

use std::path::PathBuf;

use loom_cargo_build::{
    CargoBuild, CargoBuildOptions, CheckoutCandidates, CheckoutChoice, choose_checkout,
};

use super::{Candidate, OpenError, Opener, Reach};
use crate::{
    config::{SourceSpec, TargetSource},
    state::{DevLink, StateError},
    trust::SourceClass,
};

/// Opens the builds of the configured checkout, else of the checkout that [`Opener::checkout`] chooses. With `build`,
/// `cargo build` runs when a release is requested.
pub(super) fn open(
    opener: &Opener,
    spec: &SourceSpec,
    target: &TargetSource,
    build: bool,
) -> Result<Candidate, OpenError> {
    let checkout = match &target.path {
        Some(path) => path.clone(),
        None => {
            let CheckoutChoice { checkout, hint } = opener.checkout()?;
            checkout.map(|(path, _)| path).ok_or(OpenError::NoCheckout { hint })?
        }
    };
    let profile = target.profile.clone();
    let options = CargoBuildOptions { profile, build, ..opener.cargo_build_options(checkout) };
    let source = Box::new(CargoBuild::open(options));
    Ok(Candidate::of(spec, SourceClass::Workspace, Reach::Disk, source))
}

impl Opener {
    /// The checkout whose builds are used where a source names none: the linked one, else the one that this program
    /// was built from.
    ///
    /// # Errors
    /// If the link in the state folder cannot be read.
    pub fn checkout(&self) -> Result<CheckoutChoice, StateError> {
        let linked = DevLink::of(&self.state).read()?;
        let candidates =
            CheckoutCandidates::detect(linked.as_deref(), self.built_from.as_deref(), &self.cwd);
        Ok(choose_checkout(candidates))
    }

    /// Options for the newest build in `checkout`, with the cargo program and folders that the environment names.
    pub fn cargo_build_options(&self, checkout: PathBuf) -> CargoBuildOptions {
        let home = || Some(self.home.as_ref()?.join(".cargo"));
        CargoBuildOptions {
            target_dir: self.env.path("CARGO_TARGET_DIR"),
            cargo_home: self.env.path("CARGO_HOME").or_else(home),
            cargo: self.env.path("CARGO").unwrap_or_else(|| PathBuf::from("cargo")),
            ..CargoBuildOptions::new(checkout)
        }
    }
}
