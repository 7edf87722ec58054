//! Cargo builds in a checkout, offered as development builds.
//!
//! | module | holds |
//! |---|---|
//! | [`cargo_build`] | [`CargoBuild`], the source, and [its options](CargoBuildOptions) |
//! | [`builds`] | which executables lie in a target folder, and which one is the newest |
//! | [`config`] | where cargo puts its builds: `CARGO_TARGET_DIR`, `.cargo/config.toml`, `target/` |
//! | [`cargo`] | runs `cargo build` and learns the executable from its messages |
//! | [`git`] | the commit a checkout is at |
//! | [`checkout`] | what a checkout is, and the one that a folder lies in |
//! | [`choose`] | which checkout counts when nobody named one |
//! | [`read`] | reads an executable and notices when cargo replaces it meanwhile |
//!
//! A build is a development build and nothing else: it stands in [`Slot::Dev`](loom_source::Slot::Dev),
//! and is never offered under a version.

pub mod builds;
pub mod cargo;
pub mod cargo_build;
pub mod checkout;
pub mod choose;
pub mod config;
pub mod git;
pub mod read;

pub use builds::BuildArtifact;
pub use cargo::{CargoOutput, PackageSelection};
pub use cargo_build::{CargoBuild, CargoBuildOptions};
pub use checkout::{find_checkout, is_checkout};
pub use choose::{
    CheckoutCandidates, CheckoutChoice, CheckoutHint, CheckoutReason, choose_checkout,
    choose_checkout_to_build,
};
