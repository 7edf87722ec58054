//! Where a setting came from.

use std::{fmt, path::PathBuf};

/// The layer that decided a setting, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingOrigin {
    /// Nothing said otherwise.
    Default,
    /// The user's own `config.toml`.
    User {
        /// That file.
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
    },
    /// The project's `loom.toml`.
    Project {
        /// That file.
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
    },
    /// A variable from the `.env` beside the project's `loom.toml`.
    DotEnv {
        /// That file.
        file: PathBuf,
        /// The line of the variable, from 1.
        line: usize,
        /// The variable.
        name: String,
    },
    /// An environment variable of this process.
    Env(String),
    /// A flag of the command, such as `--version`.
    Flag(&'static str),
}

impl SettingOrigin {
    /// Whether nobody asked for it.
    pub fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::User { file, line } | Self::Project { file, line } => {
                write!(f, "{}:{line}", file.display())
            }
            Self::DotEnv { file, line, name } => write!(f, "{name} in {}:{line}", file.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value and the layer that decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who said so.
    pub origin: SettingOrigin,
}

impl<T> Setting<T> {
    /// A value nobody asked for.
    pub fn default(value: T) -> Self {
        Self { value, origin: SettingOrigin::Default }
    }

    /// A value that `origin` decided.
    pub fn new(value: T, origin: SettingOrigin) -> Self {
        Self { value, origin }
    }

    /// The same origin for what `f` makes of the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: f(self.value), origin: self.origin }
    }
}
