//! [`Setting`]: a value, and the layer that it comes from.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

/// The layer that a setting comes from, lowest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingOrigin {
    /// The default of the setting.
    Default,
    /// The machine-wide file.
    Machine {
        /// The file.
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
    },
    /// The user's `config.toml`.
    User {
        /// The file.
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
    },
    /// The project's `loom.toml`.
    Project {
        /// The file.
        file: PathBuf,
        /// The line of the value, from 1.
        line: usize,
    },
    /// A variable of the `.env` file beside the project's `loom.toml`.
    DotEnv {
        /// The file.
        file: PathBuf,
        /// The line of the variable, from 1.
        line: usize,
        /// The name of the variable.
        name: String,
    },
    /// An environment variable of this process.
    Env(String),
    /// An option of the command line, such as `--version`.
    Flag(&'static str),
}

impl SettingOrigin {
    /// Whether no layer set the value.
    pub fn is_default(&self) -> bool {
        *self == Self::Default
    }

    /// The origin as JSON, for display: `from` names the layer; `file`, `line` and `name` follow where there are some.
    pub fn json(&self) -> Value {
        let shown = |file: &Path| file.display().to_string();
        match self {
            Self::Default => json!({"from": "default"}),
            Self::Machine { file, line } => {
                json!({"from": "machine", "file": shown(file), "line": line})
            }
            Self::User { file, line } => json!({"from": "user", "file": shown(file), "line": line}),
            Self::Project { file, line } => {
                json!({"from": "project", "file": shown(file), "line": line})
            }
            Self::DotEnv { file, line, name } => {
                json!({"from": "dotenv", "file": shown(file), "line": line, "name": name})
            }
            Self::Env(name) => json!({"from": "environment", "name": name}),
            Self::Flag(name) => json!({"from": "flag", "name": name}),
        }
    }
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Machine { file, line }
            | Self::User { file, line }
            | Self::Project { file, line } => write!(f, "{}:{line}", file.display()),
            Self::DotEnv { file, line, name } => write!(f, "{name} in {}:{line}", file.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value, and the layer that it comes from.
///
/// # Examples
/// ```
/// use loom_runtime::config::{Setting, SettingOrigin};
///
/// let port = Setting::new(4040, SettingOrigin::Env("LOOM_DASHBOARD_PORT".to_owned()));
/// assert_eq!(port.origin.to_string(), "environment variable LOOM_DASHBOARD_PORT");
/// assert!(Setting::default(3030).origin.is_default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value in effect.
    pub value: T,
    /// The layer that it comes from.
    pub origin: SettingOrigin,
}

impl<T> Setting<T> {
    /// The default of a setting.
    pub fn default(value: T) -> Self {
        Self { value, origin: SettingOrigin::Default }
    }

    /// A value that comes from `origin`.
    pub fn new(value: T, origin: SettingOrigin) -> Self {
        Self { value, origin }
    }

    /// Applies `f` to the value and keeps the origin.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: f(self.value), origin: self.origin }
    }
}

impl<T> Setting<Option<T>> {
    /// `None` where the value is `None`.
    pub fn transpose(self) -> Option<Setting<T>> {
        let Self { value, origin } = self;
        value.map(|value| Setting { value, origin })
    }
}
