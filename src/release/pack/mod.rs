//! From a program to the archive of a release, byte for byte the same each time.
//!
//! | file | holds |
//! |---|---|
//! | `packer` | [`pack`]: packs one release, and unpacks it again to compare; [`attach`]: adds another file |
//! | `program` | finds the program of a platform, and refuses what is no release of it |
//! | `debug_info` | whether a program is a development build by its debug information |
//! | `archive` | writes reproducible archives |
//! | `repeated_writer` | a writer that a signal does not interrupt |
//! | `sums_file` | the `SHA256SUMS` of a folder, which grows with it |
//! | `error` | [`PackError`] |

mod archive;
mod debug_info;
mod error;
mod packer;
mod program;
mod repeated_writer;
mod sums_file;

pub use error::PackError;
pub use packer::{AttachedFile, PackRequest, PackedAsset, attach, pack};
pub use program::{AdditionalFile, find_program};
pub use sums_file::write_sums;
