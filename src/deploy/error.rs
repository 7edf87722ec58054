//! [`DeployError`]: why a deployment cannot be rendered.

use std::{io, path::PathBuf};

use loom_source::Platform;

/// Why a deployment cannot be rendered, written or compared.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// Nothing names the image by its digest.
    #[error("no image to deploy: nothing names one by its digest")]
    NoImage,
    /// `deploy.image` names an image of another form, and no digest.
    #[error("deploy.image names no digest: {image}")]
    NotPinned {
        /// The image as it is written.
        image: String,
    },
    /// MCP servers are programs that Loom's image does not have.
    #[error("the image has no programs for MCP servers: {}", tables.join(", "))]
    StdioServers {
        /// The tables, such as `[mcp.files]`.
        tables: Vec<String>,
    },
    /// A value depends on the environment.
    #[error("{key} names a variable, and what is rendered must not depend on the environment")]
    Variable {
        /// The key.
        key: String,
    },
    /// A value may be a secret.
    #[error("{key} may hold a secret, which would be readable in what is rendered")]
    Secret {
        /// The key.
        key: String,
    },
    /// Two MCP servers have different values for one variable.
    #[error("the MCP servers {} and {} have different values for {variable}", servers[0], servers[1])]
    TwoValues {
        /// The variable.
        variable: String,
        /// The servers.
        servers: [String; 2],
    },
    /// An MCP server gets a variable that configures the runtime itself.
    #[error("the MCP server {server} gets {variable}, which the runtime itself reads")]
    OwnVariable {
        /// The server.
        server: String,
        /// The variable.
        variable: String,
    },
    /// No lock names the program.
    #[error("no program to run: there is no lock file with this project's release")]
    NotLocked,
    /// The lock has no tree for a platform.
    #[error("no program to run: the lock file has no tree for {platform}")]
    NoTree {
        /// The platform.
        platform: Platform,
    },
    /// A path has characters that a unit cannot hold.
    #[error(
        "the path of the program cannot be used in a unit: {program:?}; it has to be absolute, without spaces"
    )]
    Program {
        /// The path.
        program: String,
    },
    /// The folder has no record.
    #[error("nothing was rendered into {folder}")]
    NotRendered {
        /// The folder.
        folder: PathBuf,
    },
    /// The record of a folder cannot be understood.
    #[error("invalid {file}: {reason}")]
    Record {
        /// The file.
        file: PathBuf,
        /// The cause.
        reason: String,
    },
    /// A file is in the way that was not rendered.
    #[error("{file} exists, and was not rendered by `loom deploy render`")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("could not {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}
