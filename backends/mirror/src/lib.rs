//! Mirrors: releases in a folder, on an HTTP server or in an object store.
//!
//! | module | holds |
//! |---|---|
//! | [`mirror`] | [`Mirror`], the source |
//! | [`options`] | [`MirrorOptions`], with which a mirror is opened |
//! | [`destination`] | [`Destination`]: a mirror that is written |
//! | [`error`] | [`MirrorError`]: why a mirror cannot be opened |
//! | [`layout`] | [`MirrorLayout`]: the layout of a mirror, and its detection |
//! | `store_layout` | the store layout: a store without its local files |
//! | `listed_statements` | what the index of a store says about the releases that it listed |
//! | `release_layout` | the release layout: assets as on a release page |
//! | `transport` | the operations that a mirror needs of its location |
//! | `folder` | `file://`, through `object_store` |
//! | `folder_errors` | folders that cannot be read do not end a listing |
//! | `folder_page` | reads the page that a web server makes of a folder |
//! | `web` | `http://` and `https://`, through `loom-http` |
//! | [`bundle`] | bundles: a mirror in one file |
//! | `bucket` | `s3://`, `gs://` and `az://`, through `object_store` and `loom-http` |
//!
//! A mirror returns what it reads and verifies nothing. A [`Destination`] writes what it is given.
//!
//! # Examples
//! A mirror in a folder, in the release layout:
//!
//! ```
//! use std::fs;
//!
//! use loom_mirror::{Mirror, MirrorOptions};
//! use loom_source::{Authority, Name, Platform, Product, Source as _};
//! use url::Url;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let asset = "v0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tar.gz";
//! fs::create_dir(folder.path().join("v0.2.0"))?;
//! fs::write(folder.path().join(asset), "an archive")?;
//!
//! let url = Url::from_file_path(folder.path()).map_err(|()| "not an absolute path")?;
//! let mirror = Mirror::open(url, MirrorOptions::default())?;
//! assert!(mirror.is_local());
//!
//! let product = Product {
//!     authority: Authority::default(),
//!     binary: Name::default(),
//!     platform: Platform::LinuxX86_64,
//! };
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let offer = mirror.find(&product.at_version("0.2.0".parse()?)).await?.ok_or("absent")?;
//! assert_eq!(offer.artifacts[0].asset.as_str(), asset);
//! # Ok(())
//! # })
//! # }
//! ```

mod bucket;
pub mod bundle;
pub mod destination;
pub mod error;
mod folder;
mod folder_errors;
mod folder_page;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod layout;
mod listed_statements;
pub mod mirror;
pub mod options;
mod release_layout;
mod store_layout;
mod transport;
mod web;

pub use bucket::{ObjectOptions, VARIABLES};
pub use destination::{Destination, open_destination};
pub use error::MirrorError;
pub use layout::MirrorLayout;
pub use mirror::Mirror;
pub use options::MirrorOptions;
