//! Errors as the command line reports them: their exit codes, kinds and hints. No other module decides these.
//!
//! | file | errors |
//! |---|---|
//! | `exit` | the exit codes |
//! | `command_error` | [`CommandError`], which all of them become |
//! | `text` | how a [`CommandError`] is printed |
//! | `source_error` | requests to sources |
//! | `launch` | starting, querying and stopping runtimes |
//! | `command` | commands of `loom exec` that cannot be executed |
//! | `stdout` | output that cannot be written |
//! | `interrupted` | downloads that Ctrl+C ended |
//! | `config` | configuration files and untrusted projects |
//! | `lock` | lock files |
//! | `deploy` | deployments |
//! | `open` | sources that cannot be opened |
//! | `state`, `store` | the state folder, the store |
//! | `signature` | signatures that do not count |
//! | `acquire` | acquiring releases |
//! | `release` | making releases |
//! | `mirror` | tasks on mirrors |
//! | `images` | images that cannot be written |
//! | `own_program` | replacing the program file of `loom` |

pub(crate) mod acquire;
pub(crate) mod command;
mod command_error;
pub(crate) mod config;
pub(crate) mod deploy;
pub(crate) mod exit;
mod images;
mod interrupted;
mod launch;
pub(crate) mod lock;
mod mirror;
pub(crate) mod open;
mod own_program;
pub(crate) mod release;
pub(crate) mod signature;
pub(crate) mod source_error;
pub(crate) mod state;
mod stdout;
pub(crate) mod store;
mod text;
#[cfg(test)]
mod variants;

pub(crate) use command_error::{CommandError, Outcome};
pub(crate) use exit::Exit;
pub(crate) use interrupted::interrupted;
pub(crate) use launch::{
    another_runs, ended_error, exit_of, log_before_hint, log_hint, log_tail, not_ready,
};
pub(crate) use stdout::stdout_error;
pub(crate) use text::human;
