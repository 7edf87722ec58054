//! Checks what was published, as a user of it would.
//!
//! | file | holds |
//! |---|---|
//! | `checker` | [`ReleaseCheck`]: downloads each platform's asset, and verifies and unpacks it |
//! | `published_files` | the files beside an asset: checksum files and signatures |
//! | `recorded_evidence` | verifies the signatures that the record of a release in a mirror names |
//! | `signatures` | verifies the signatures of an asset and of `SHA256SUMS` |
//! | `release_signers` | [`ReleaseSigners`]: the keys and identities by which it is verified |
//! | `download` | downloads of assets and of small files |
//! | `report` | [`PlatformReport`] and [`CheckedFile`]: what was found |
//! | `problem` | [`CheckProblem`]: what is wrong with a file |

mod checker;
mod download;
mod problem;
mod published_files;
mod recorded_evidence;
mod release_signers;
mod report;
mod signatures;

pub use checker::ReleaseCheck;
pub use problem::CheckProblem;
pub use release_signers::{NeededSigners, ReleaseSigners};
pub use report::{CheckedFile, FileProblem, PlatformReport};
