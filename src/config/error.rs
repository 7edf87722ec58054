//! Why a configuration cannot be read, resolved or changed.

use std::{io, path::PathBuf};

use loom_signatures::KeyError;

use super::Diagnostic;
use crate::state::StateError;

/// The configuration cannot be read, resolved or changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Files, variables or options have problems.
    #[error("{first}")]
    Problems {
        /// The first problem.
        first: Box<Diagnostic>,
        /// All others.
        rest: Vec<Diagnostic>,
    },
    /// A file exists and cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of `trust.keys` has no key.
    #[error("{at} has no usable key")]
    TrustKey {
        /// The file, or `trust.keys`.
        at: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The file that `--config` or a command names does not exist.
    #[error("no such file: {}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// Neither a variable nor a home folder says where the folder is.
    #[error("no {what} folder: neither {variable} nor a home folder is set")]
    NoHome {
        /// `cache` or `state`.
        what: &'static str,
        /// The variable that can name the folder.
        variable: &'static str,
    },
    /// A folder whose name begins with `~`, which is neither the home folder nor a path below it.
    #[error("{what} is not a folder: {}", path.display())]
    Tilde {
        /// The variable or option.
        what: &'static str,
        /// Its value.
        path: PathBuf,
    },
    /// The list of trusted projects cannot be understood.
    #[error("cannot read the list of trusted projects {}: {why}", file.display())]
    ReadTrusted {
        /// The file.
        file: PathBuf,
        /// What is wrong with its content.
        why: String,
    },
    /// The state folder cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// A configuration file cannot be written.
    #[error("cannot write {}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that must not be overwritten exists.
    #[error("{} already exists", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// A key that no setting has, on the command line.
    #[error("unknown key: {key}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The known keys that begin like it, or the one spelt most alike.
        similar: Vec<String>,
    },
    /// A setting that no file can hold.
    #[error("{key} cannot be set in a file")]
    NotInFiles {
        /// The key.
        key: String,
        /// The environment variables and options that set it.
        set_by: Vec<String>,
    },
    /// A value that the setting does not accept.
    #[error("{key}: {problem}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with the value.
        problem: Box<super::Problem>,
    },
    /// There is no project whose file could be changed.
    #[error("no loom.toml in {} or a folder above it", folder.display())]
    NoProject {
        /// The current folder.
        folder: PathBuf,
    },
}

impl ConfigError {
    /// The error that reports these problems; `None` if there is none.
    pub(crate) fn of(mut problems: Vec<Diagnostic>) -> Option<Self> {
        if problems.is_empty() {
            return None;
        }
        let first = Box::new(problems.remove(0));
        Some(Self::Problems { first, rest: problems })
    }
}
