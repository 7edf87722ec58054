//! Deployments: files by which other programs run the runtime of a project.
//!
//! [`Deployment::of`] collects what they need from the project's file and its lock; [`render()`] writes them as values. The
//! same inputs give the same bytes on every machine. No secret is written: the runtime reads secrets from variables, and
//! the files name where these come from. Nothing here opens a socket.
//!
//! | module | holds |
//! |---|---|
//! | [`deployment`] | [`Deployment`]: what is deployed |
//! | `exposed` | finds values that may be secrets, or that depend on the environment |
//! | `locked_program` | the program of the locked release, by the digest of its tree |
//! | [`secret_variable`] | [`SecretVariable`]: a variable whose value the user provides |
//! | [`target`] | [`DeployTarget`]: the program that runs the deployment |
//! | [`render`](mod@render), [`rendered_file`] | [`render()`]: the files for a target, as [`RenderedFile`]s |
//! | `kubernetes`, `pod`, `helm`, `compose`, `systemd` | the files of one target |
//! | `yaml` | values as YAML |
//! | [`record`] | [`DeployRecord`]: the file by which a folder says what it was rendered from |
//! | [`folder`] | [`DeployFolder`]: writes and compares the files of a folder |
//! | [`line_diff`] | the lines in which two texts differ |
//! | [`error`] | [`DeployError`] |

mod compose;
pub mod deployment;
pub mod error;
mod exposed;
pub mod folder;
mod helm;
mod kubernetes;
pub mod line_diff;
mod locked_program;
mod pod;
pub mod record;
pub mod render;
pub mod rendered_file;
pub mod secret_variable;
mod systemd;
pub mod target;
#[cfg(test)]
mod tests;
mod yaml;

pub use deployment::{DeployOptions, Deployment};
pub use error::DeployError;
pub use folder::{DeployFolder, FileChange, FileDifference};
pub use record::DeployRecord;
pub use render::render;
pub use rendered_file::RenderedFile;
pub use secret_variable::SecretVariable;
pub use target::DeployTarget;
