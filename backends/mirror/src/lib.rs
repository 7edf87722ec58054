//! Mirrors: releases in a folder, on an HTTP server, in an object store.
//!
//! | module | holds |
//! |---|---|
//! | [`mirror`] | [`Mirror`], the source, and what it is opened with |
//! | `transport` | the few acts a mirror needs of the place it lies in |
//! | `folder` | `file://` and plain paths, through `object_store` |
//! | `objects` | `s3://`, `gs://` and `az://`, through `object_store` and `loom-http` |
//! | `web` | `http://` and `https://`, through `loom-http` |
//! | `layout` | which of the two layouts a mirror has |
//! | `store` | the store layout: a store at rest |
//! | `release` | the plain release layout: assets as a release page has them |
//!
//! A mirror hands on what it reads and verifies nothing.

mod folder;
mod layout;
pub mod mirror;
mod objects;
mod release;
mod store;
mod transport;
mod web;

use loom_source::{asset, checksum};

pub use layout::MirrorLayout;
pub use mirror::{Mirror, MirrorError, MirrorOptions};
pub use objects::{ObjectOptions, VARIABLES};
