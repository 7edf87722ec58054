//! Cargo builds in a checkout, offered as development builds.
//!
//! | module | holds |
//! |---|---|
//! | [`cargo_build`] | [`CargoBuild`], the source |
//! | [`options`] | [`CargoBuildOptions`], with which a source is opened |
//! | [`target_folder`] | [`BuildArtifact`]: the executables in a target folder |
//! | [`cargo_config`] | the target folder of a checkout: `CARGO_TARGET_DIR`, `.cargo/config.toml`, `target/` |
//! | [`cargo_command`] | runs `cargo build` and reads the executable from its messages |
//! | [`git_commit`] | the commit that a checkout is at |
//! | [`checkout`] | detects checkouts of Loom |
//! | [`checkout_choice`] | chooses the checkout where the caller names none |
//! | [`build_file`] | reads an executable and detects that cargo replaces it meanwhile |
//!
//! A cargo build is offered in [`Slot::Dev`](loom_source::Slot::Dev) only, never under a version.
//!
//! # Examples
//! ```
//! # #[cfg(unix)]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{fs, os::unix::fs::PermissionsExt as _};
//!
//! use loom_cargo_build::{CargoBuild, CargoBuildOptions};
//! use loom_source::{Authority, Name, Platform, Product, Slot, Source as _};
//!
//! // What `cargo build` leaves behind in a checkout.
//! let checkout = tempfile::tempdir()?;
//! fs::write(checkout.path().join("Cargo.toml"), "[workspace]")?;
//! let executable = checkout.path().join("target/debug/loom-bridge-server");
//! fs::create_dir_all(checkout.path().join("target/debug"))?;
//! fs::write(&executable, "#!/bin/sh\n")?;
//! fs::set_permissions(&executable, fs::Permissions::from_mode(0o755))?;
//!
//! let Some(platform) = Platform::current() else { return Ok(()) };
//! let product = Product { authority: Authority::default(), binary: Name::default(), platform };
//! let options = CargoBuildOptions {
//!     target_dir: Some("target".into()),
//!     ..CargoBuildOptions::new(checkout.path())
//! };
//! let source = CargoBuild::open(options);
//! assert_eq!(source.builds(&product)?[0].profile, "debug");
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let offer = source.find(&product.in_slot(Slot::Dev)).await?.ok_or("nothing is built")?;
//! assert_eq!(offer.build.ok_or("not a build")?.profile, "debug");
//! # Ok(())
//! # })
//! # }
//! # #[cfg(not(unix))]
//! # fn main() {}
//! ```

pub mod build_file;
pub mod cargo_build;
pub mod cargo_command;
pub mod cargo_config;
pub mod checkout;
pub mod checkout_choice;
pub mod git_commit;
pub mod options;
pub mod target_folder;

pub use cargo_build::CargoBuild;
pub use cargo_command::{CargoOutput, PackageSelection};
pub use checkout::{find_checkout, is_checkout};
pub use checkout_choice::{
    CheckoutCandidates, CheckoutChoice, CheckoutHint, CheckoutReason, choose_checkout,
    choose_checkout_to_build,
};
pub use options::CargoBuildOptions;
pub use target_folder::BuildArtifact;
