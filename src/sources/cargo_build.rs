//! Opens sources of type `target`: the cargo builds of a checkout.

use std::path::{Path, PathBuf};

use loom_cargo_build::{
    CargoBuild, CargoBuildOptions, CheckoutCandidates, CheckoutChoice, PackageSelection,
    choose_checkout, choose_checkout_to_build,
};

use super::{Candidate, OpenError, Opener, Reach, SourceClass};
use crate::{
    config::{SourceSpec, TargetSource, dirs},
    state::{DevLink, StateError},
    trust::Channel,
};

/// Opens the builds of the configured checkout, else of the checkout that [`Opener::checkout`] chooses. With `build`,
/// `cargo build` runs when a release is requested, by default in the checkout that [`Opener::checkout_to_build`] chooses.
pub(super) fn open(
    opener: &Opener,
    spec: &SourceSpec,
    target: &TargetSource,
    build: bool,
) -> Result<Candidate, OpenError> {
    let checkout = match &target.path {
        Some(path) => path.clone(),
        None => {
            let CheckoutChoice { checkout, hint } =
                if build { opener.checkout_to_build()? } else { opener.checkout()? };
            checkout.map(|(path, _)| path).ok_or(OpenError::NoCheckout { hint })?
        }
    };
    // What `cargo run` has compiled for this program is not compiled again in another profile or with other features.
    let own_profile = if build { opener.built_profile.clone() } else { None };
    let profile = target.profile.clone().or(own_profile);
    let selection = if opener.is_built_from(&checkout) {
        PackageSelection::DefaultMembers
    } else {
        PackageSelection::Package
    };
    let options =
        CargoBuildOptions { profile, selection, build, ..opener.cargo_build_options(checkout) };
    let source = Box::new(CargoBuild::open(options));
    let (class, channel, address) = (SourceClass::Build, Channel::LocalBuild, source.to_string());
    Ok(Candidate::of(spec, address, class, channel, Reach::Disk, source))
}

impl Opener {
    /// The checkout whose builds are used where a source names none: the linked one, else the one that this program
    /// was built from.
    ///
    /// # Errors
    /// If the link in the state folder cannot be read.
    pub fn checkout(&self) -> Result<CheckoutChoice, StateError> {
        self.candidates().map(choose_checkout)
    }

    /// The checkout that `--build` builds where a source names none: the one around the current folder, else that of
    /// [`checkout`](Self::checkout).
    ///
    /// # Errors
    /// If the link in the state folder cannot be read.
    pub fn checkout_to_build(&self) -> Result<CheckoutChoice, StateError> {
        self.candidates().map(choose_checkout_to_build)
    }

    fn candidates(&self) -> Result<CheckoutCandidates, StateError> {
        let linked = DevLink::of(&self.state).read()?;
        Ok(CheckoutCandidates::detect(linked.as_deref(), self.built_from.as_deref(), &self.cwd))
    }

    /// Whether this program was built from `checkout`.
    fn is_built_from(&self, checkout: &Path) -> bool {
        let canonical = |path: &Path| path.canonicalize().ok();
        let own = self.built_from.as_deref().and_then(canonical);
        own.is_some() && own == canonical(checkout)
    }

    /// The folder that `CARGO_TARGET_DIR` names. Cargo itself would make a folder `~` of a `~` that no shell expanded.
    fn target_dir(&self) -> Option<PathBuf> {
        let named = self.env.path("CARGO_TARGET_DIR")?;
        Some(dirs::expand_tilde(&named, self.home.as_deref()).unwrap_or(named))
    }

    /// Options for the newest build in `checkout`, with the cargo program and folders that the environment names.
    pub fn cargo_build_options(&self, checkout: PathBuf) -> CargoBuildOptions {
        let home = || Some(self.home.as_ref()?.join(".cargo"));
        CargoBuildOptions {
            target_dir: self.target_dir(),
            cargo_home: self.env.path("CARGO_HOME").or_else(home),
            cargo: self.env.path("CARGO").unwrap_or_else(|| PathBuf::from("cargo")),
            ..CargoBuildOptions::new(checkout)
        }
    }
}
