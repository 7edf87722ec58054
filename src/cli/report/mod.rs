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
//! | `state` | files of the state folder |

mod command_error;
pub(crate) mod config;
mod launch;
pub(crate) mod open;
pub(crate) mod source_error;
mod state;
mod text;

pub(crate) use command_error::{CommandError, Outcome};
pub(crate) use launch::log_tail;
pub(crate) use text::human;

use crate::cli::Exit;
use loom_runtime::{
    acquire::{AcquireError, FailureReason},
    store::StoreError,
};

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let exit = match () {
            () if error.is_disk_full() => Exit::DiskFull,
            () if error.is_integrity() => Exit::Integrity,
            () if error.is_busy() => Exit::Busy,
            () => Exit::Failure,
        };
        Self::of(exit, &error).maybe_hint(error.hint())
    }
}

impl From<AcquireError> for CommandError {
    fn from(error: AcquireError) -> Self {
        let exit = match &error {
            AcquireError::Store(_) | AcquireError::State(_) => return Self::from_below(error),
            AcquireError::NoSource(_) | AcquireError::Unreadable { .. } => Exit::Usage,
            AcquireError::Unserved { reason, .. } => match reason {
                FailureReason::Absent => Exit::Absent,
                FailureReason::Unreachable => Exit::Unreachable,
                FailureReason::Credentials => Exit::Credentials,
                FailureReason::Integrity => Exit::Integrity,
            },
            AcquireError::OnlyBuilds { .. } | AcquireError::Unlistable { .. } => Exit::Absent,
            AcquireError::Downgrade { .. }
            | AcquireError::Unproven { .. }
            | AcquireError::Young { .. } => Exit::Integrity,
            AcquireError::Offline { .. } => Exit::Offline,
            AcquireError::Prepare(_) => Exit::Failure,
        };
        let mut failure = Self::of(exit, &error).maybe_hint(error.hint());
        let attempts = error.attempts().iter();
        failure
            .causes
            .extend(attempts.map(|attempt| format!("{}: {}", attempt.source, attempt.outcome)));
        failure
    }
}

impl CommandError {
    fn from_below(error: AcquireError) -> Self {
        match error {
            AcquireError::Store(error) => error.into(),
            AcquireError::State(error) => error.into(),
            other => Self::of(Exit::Failure, &other),
        }
    }
}
