//! Plain data of the table of settings: [`KeyRow`] and [`TableRow`].

use super::{document::KeyPattern, key_companion::KeyCompanion};

/// The part of a row of the table of settings that does not depend on the type of the setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyRow {
    /// The key in files, from the outermost table inward; parts in `<…>` stand for names that the user chooses.
    pub(crate) path: KeyPattern,
    /// What the setting does.
    pub(crate) description: &'static str,
    /// The environment variables, highest first.
    pub(crate) variables: &'static [KeyVariable],
    /// The unit of a number.
    pub(crate) unit: Option<&'static str>,
    /// A typical value as TOML, where the default is not one.
    pub(crate) example: Option<&'static str>,
    /// Which files may have the key.
    pub(crate) files: KeyFiles,
    /// The other key of which a table has exactly one: this one or that.
    pub(crate) alternative: Option<&'static str>,
    /// The key that this one belongs to, of two that exclude each other.
    pub(crate) companion: Option<KeyCompanion>,
    /// Whether one layer decides the key's table as a whole, so that keys of several layers are not combined.
    pub(crate) whole: bool,
    /// The key that `loom init` writes, commented out; `None` if it does not write the key.
    pub(crate) starter: Option<&'static str>,
    /// Whether `loom config show` prints the setting.
    pub(crate) listed: bool,
}

/// A table of settings. A table whose path ends in `<…>` exists once for each name that the user chooses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableRow {
    /// The path of the table.
    pub(crate) path: KeyPattern,
    /// What the settings of the table are about.
    pub(crate) description: &'static str,
    /// The environment variable that replaces the tables of all files.
    pub(crate) variable: Option<&'static str>,
    /// Whether the table of an untrusted project has no effect.
    pub(crate) trusted: bool,
    /// The name of the table in the file that `loom init` writes.
    pub(crate) example_name: Option<&'static str>,
}

/// An environment variable that sets a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyVariable {
    /// This variable.
    Named(&'static str),
    /// This variable, for the default provider only.
    OfDefaultProvider(&'static str),
    /// The name of the table in capitals, then this suffix: `DEEPSEEK_API_KEY`. Also read from the project's `.env`.
    OfName(&'static str),
}

/// Which files may have a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFiles {
    /// All files.
    All,
    /// The project's file; in other files the key has no effect.
    Project,
    /// The user's and the machine-wide file; in the file of a project the key has no effect.
    User,
    /// The machine-wide file; in other files the key is an error.
    Machine,
    /// No file: the key is set by variables and options only.
    None,
}

impl KeyRow {
    pub(crate) const fn new(path: KeyPattern) -> Self {
        Self {
            path,
            description: "",
            variables: &[],
            unit: None,
            example: None,
            files: KeyFiles::All,
            alternative: None,
            companion: None,
            whole: false,
            starter: None,
            listed: true,
        }
    }
}

impl TableRow {
    pub(crate) const fn new(path: KeyPattern, description: &'static str) -> Self {
        Self { path, description, variable: None, trusted: false, example_name: None }
    }
}

impl KeyVariable {
    /// The name of the variable, for the reference.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Named(name) | Self::OfDefaultProvider(name) => name.to_owned(),
            Self::OfName(suffix) => format!("<NAME>{suffix}"),
        }
    }
}

/// The variable of a table named `name`: `DEEPSEEK_API_KEY`.
pub(crate) fn variable_of(name: &str, suffix: &str) -> String {
    loom_environment::names::of_table(name, suffix)
}
