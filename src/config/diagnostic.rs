//! Problems of a configuration, with the location of each.

use std::{fmt, path::PathBuf};

use super::{Problem, key_path::KeyPath};

/// The location of a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigLocation {
    /// A line of a file.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1; 0 for the file as a whole.
        line: usize,
        /// The key, such as `bridge.address`; empty where the line has none.
        key: String,
    },
    /// An environment variable.
    Env(String),
    /// An option of the command line, such as `--source`.
    Flag(&'static str),
}

impl ConfigLocation {
    /// A key in a file.
    pub(crate) fn key(file: impl Into<PathBuf>, line: usize, key: &KeyPath) -> Self {
        Self::File { file: file.into(), line, key: key.to_string() }
    }
}

impl fmt::Display for ConfigLocation {
    /// `/p/loom.toml:4: bridge.address`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, key } => {
                write!(f, "{}", file.display())?;
                if *line > 0 {
                    write!(f, ":{line}")?;
                }
                if key.is_empty() { Ok(()) } else { write!(f, ": {key}") }
            }
            Self::Env(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One problem of a configuration and its location.
///
/// # Examples
/// ```
/// use loom_runtime::config::{ConfigLocation, Diagnostic, Problem};
///
/// let location = ConfigLocation::Env("LOOM_OFFLINE".to_owned());
/// let problem = Problem::invalid("true or false", "perhaps");
/// let diagnostic = Diagnostic { location, problem };
/// assert_eq!(diagnostic.to_string(), "LOOM_OFFLINE: expected true or false, got \"perhaps\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The location.
    pub location: ConfigLocation,
    /// The problem; never shows a secret.
    pub problem: Problem,
}

impl Diagnostic {
    pub(crate) fn new(location: ConfigLocation, problem: Problem) -> Self {
        Self { location, problem }
    }

    /// A problem of an environment variable.
    pub(crate) fn env(name: &str, problem: Problem) -> Self {
        Self::new(ConfigLocation::Env(name.to_owned()), problem)
    }
}

impl fmt::Display for Diagnostic {
    /// `/p/loom.toml:4: bridge.adress: unknown key`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.problem)
    }
}
