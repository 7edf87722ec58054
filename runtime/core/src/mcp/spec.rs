//! Which program, with what.

use std::{collections::BTreeMap, ffi::OsString, fmt};

use secrecy::SecretString;

/// A server, as a table `[mcp.<name>]` describes it.
#[derive(Clone)]
pub struct McpServerConfig {
    /// Its name: what comes before the colon in the names of its tools.
    pub name: String,
    /// The program: a path, or a name that is looked up in `PATH`.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment, besides what every program gets.
    pub env: BTreeMap<String, SecretString>,
    /// What every program gets, already chosen from ours.
    pub inherited: BTreeMap<OsString, OsString>,
}

/// Arguments may hold keys as well: only how many there are is shown.
impl fmt::Debug for McpServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("name", &self.name)
            .field("command", &self.command)
            .field("args", &self.args.len())
            .field("env", &self.env.keys())
            .finish_non_exhaustive()
    }
}
