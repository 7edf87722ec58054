//! What is wrong with a configuration, and where.

use std::{fmt, io, path::PathBuf};

/// Where a mistake was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigLocation {
    /// In a file.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, such as `bridge.address`; empty where the text is no TOML at all.
        key: String,
    },
    /// In an environment variable.
    Env(String),
    /// In a flag.
    Flag(&'static str),
}

impl fmt::Display for ConfigLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, key } if key.is_empty() => {
                write!(f, "{}:{line}", file.display())
            }
            Self::File { file, line, key } => write!(f, "{}:{line}: {key}", file.display()),
            Self::Env(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong, or unwise, in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where.
    pub place: ConfigLocation,
    /// What, without secrets.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(place: ConfigLocation, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    /// `/p/loom.toml:4: bridge.adress: unknown key`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The configuration cannot be resolved. All of these are exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Files, variables or flags say something that cannot be meant.
    #[error("{first}")]
    Mistakes {
        /// The first mistake.
        first: Box<Diagnostic>,
        /// All others.
        rest: Vec<Diagnostic>,
    },
    /// A file is there and cannot be read.
    #[error("could not read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file that `--config` or a command names is not there.
    #[error("there is no {}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// Nothing says where the cache or the state lies.
    #[error("there is no folder for the {what}: neither {variable} nor a home directory is set")]
    NoHome {
        /// `cache` or `state`.
        what: &'static str,
        /// The variable that would say.
        variable: &'static str,
    },
    /// What is known about trusted projects cannot be read or understood.
    #[error("could not read the list of trusted projects {}: {why}", file.display())]
    ReadTrusted {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// What is known about trusted projects cannot be written.
    #[error("could not write {}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that must not be overwritten is already there.
    #[error("{} exists already", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
}

impl ConfigError {
    pub(crate) fn of(mut mistakes: Vec<Diagnostic>) -> Option<Self> {
        if mistakes.is_empty() {
            return None;
        }
        let first = Box::new(mistakes.remove(0));
        Some(Self::Mistakes { first, rest: mistakes })
    }

    /// What the person in front of the screen can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Mistakes { first, rest } => {
                let more = match rest.len() {
                    0 => None,
                    n => Some(format!("{n} more: run `loom config check`")),
                };
                let hints: Vec<String> = first.hint.iter().cloned().chain(more).collect();
                if hints.is_empty() {
                    return Some(format!("correct {}, then `loom config check`", first.place));
                }
                Some(hints.join("\n"))
            }
            Self::Read { .. } | Self::Write { .. } => {
                Some("check who owns the file and its mode".to_owned())
            }
            Self::Missing { .. } => Some("`loom init` writes a loom.toml".to_owned()),
            Self::NoHome { variable, .. } => Some(format!("set {variable} to a folder")),
            Self::ReadTrusted { file, .. } => {
                Some(format!("remove {} and trust your projects again", file.display()))
            }
            Self::Exists { .. } => {
                Some("edit it, or remove it first; `loom config show` prints what holds".to_owned())
            }
        }
    }
}
