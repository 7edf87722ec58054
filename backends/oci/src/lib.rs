//! OCI registries and OCI image layouts: releases as images and artifacts.
//!
//! | module | holds |
//! |---|---|
//! | [`oci`] | [`Oci`], the source |
//! | [`options`] | [`OciOptions`] and [`OciLocation`], with which a source is opened |
//! | [`error`] | [`OciError`]: why a source cannot be opened |
//! | [`publish`] | [`ImagePublisher`]: writes releases as images |
//! | `image_store` | the operations that publishing needs of its location |
//! | `image_write_error` | [`ImageWriteError`]: why images could not be written |
//! | `written_descriptor` | descriptors as they are written |
//! | `opened_registry` | a registry, opened with its options |
//! | [`reference`](mod@reference) | [`RegistryReference`]: the registry and the repository that an `oci://` URL names |
//! | [`credentials`] | logins, as docker and podman keep them |
//! | [`mapping`] | how a release is written as an index, manifests and layers |
//! | `manifest` | the documents of the OCI image specification, and their limits |
//! | `manifest_platform` | the platform of a manifest |
//! | `release_manifest` | the offer that a manifest describes |
//! | `known_file` | the layer of a release that is known by its digest |
//! | `release_evidence` | the signatures that refer to a manifest |
//! | `mirror_document` | the documents of a signed mirror, under reserved tags |
//! | [`verify`] | [`ImageVerifier`]: whether all images of a binary are there, and every byte of them |
//! | `version_list` | the versions of a product among the tags of a repository |
//! | `transport` | the operations that the source needs of its location |
//! | `registry` | a registry, through `loom-http` |
//! | `layout` | an image layout in a folder or a tar archive |
//!
//! A source returns what it reads and verifies nothing beyond what the registry states about itself: that a document has
//! the digest and the size by which it was requested.
//!
//! # Examples
//! ```
//! use loom_oci::{Oci, OciLocation, OciOptions};
//! use loom_source::Source as _;
//!
//! let location = OciLocation::Registry("oci://registry.example/loom".parse()?);
//! let source = Oci::open(location, OciOptions::default())?;
//! assert_eq!(source.to_string(), "oci://registry.example/loom");
//! assert!(source.capabilities().list && !source.is_local());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod credentials;
pub mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod image_store;
mod image_write_error;
mod known_file;
mod layout;
mod manifest;
mod manifest_platform;
pub mod mapping;
mod mirror_document;
pub mod oci;
mod opened_registry;
pub mod options;
pub mod publish;
pub mod reference;
mod registry;
mod release_evidence;
mod release_manifest;
mod transport;
pub mod verify;
mod version_list;
mod written_descriptor;

pub use credentials::{CredentialFiles, RegistryLogin};
pub use error::OciError;
pub use image_write_error::ImageWriteError;
pub use oci::Oci;
pub use options::{OciLocation, OciOptions};
pub use publish::ImagePublisher;
pub use reference::RegistryReference;
pub use verify::ImageVerifier;
