//! Errors as the command line reports them: their exit codes, kinds and hints. No other module decides these.
//!
//! | file | errors |
//! |---|---|
//! | `command_error` | [`CommandError`], which all of them become |
//! | `text` | how a [`CommandError`] is printed |
//! | `source_error` | requests to sources |
//! | `launch` | starting, querying and stopping runtimes |
//! | `config` | configuration files and untrusted projects |
//! | `open` | sources that cannot be opened |
//! | `state`, `store` | the state folder, the store |
//! | `acquire` | acquiring releases |

pub(crate) mod acquire;
mod command_error;
pub(crate) mod config;
mod launch;
pub(crate) mod open;
pub(crate) mod source_error;
pub(crate) mod state;
pub(crate) mod store;
mod text;

pub(crate) use command_error::{CommandError, Outcome};
pub(crate) use launch::log_tail;
pub(crate) use text::human;
