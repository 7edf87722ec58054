//! Makes releases: packs programs as assets, signs them, publishes them, and checks what was published.
//!
//! | module | holds |
//! |---|---|
//! | [`pack`] | from a program to the archive of a release, byte for byte the same each time |
//! | [`checksum_files`] | `.sha256` files and `SHA256SUMS`, as coreutils writes them |
//! | [`sign`] | signs the files of a release folder |
//! | `mirror_files` | [`publish_to_mirror`]: publishes a folder to a mirror |
//! | `mirror_publish_error` | [`MirrorPublishError`] |
//! | `mirrored_sums` | the `SHA256SUMS` of a mirror, which lists the files of all binaries |
//! | [`check`] | checks what was published |
//! | `elf_links` | [`ElfLinks`]: the loader and the libraries that a program for Linux needs |
//! | `library_layer` | [`LibraryLayer`]: these files as a layer of an image |
//! | `library_search` | finds them in the folders of a system |
//! | `sbom_files` | [`SbomFile`]: the lists of the components of programs in such a folder |
//! | [`release_folder`] | [`ReleaseFolder`]: a folder with the files of one release |
//! | `placed_file` | files of a release folder that never replace others |
//!
//! No function here reads the environment or prints: the command line gives values.

pub mod check;
pub mod checksum_files;
mod elf_links;
mod library_layer;
mod library_search;
mod mirror_files;
mod mirror_publish_error;
mod mirrored_sums;
pub mod pack;
mod placed_file;
pub mod release_folder;
mod sbom_files;
pub mod sign;

pub use elf_links::ElfLinks;
pub use library_layer::LibraryLayer;
pub use library_search::LibraryError;
pub use mirror_files::{MirroredRelease, publish_to_mirror};
pub use mirror_publish_error::MirrorPublishError;
pub use placed_file::Placed;
pub use release_folder::{ReleaseFile, ReleaseFolder, ReleaseFolderError};
pub use sbom_files::{SbomError, SbomFile};
