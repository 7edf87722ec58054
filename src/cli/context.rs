//! What a command runs with.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Exit, Failure, global::Global, printer::Printer};

/// The global options, the environment as it was at the start, and where to print.
pub(crate) struct Context {
    /// The options every command takes.
    pub(crate) global: Global,
    /// Where output goes.
    pub(crate) printer: Printer,
    /// The environment; variables that are not Unicode are left out.
    pub(crate) env: BTreeMap<String, String>,
}

impl Context {
    pub(crate) fn new(global: Global, printer: Printer) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { global, printer, env }
    }

    /// The current folder.
    pub(crate) fn cwd(&self) -> Result<PathBuf, Failure> {
        std::env::current_dir().map_err(|e| {
            Failure::new(Exit::Failure, format!("the current folder cannot be read: {e}"))
                .hint("change to a folder that exists")
        })
    }

    /// The user's home folder.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        std::env::home_dir()
    }
}
