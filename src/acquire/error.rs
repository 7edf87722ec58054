//! Why a release could not be acquired.

use std::{path::PathBuf, time::Duration};

use loom_source::{Selector, Version};

use super::plan::FailureReason;
use crate::state::StateError;
use crate::store::{Attempt, StoreError};

/// No release, and why.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state folder failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// Nothing is configured.
    #[error("no source is configured for {0}")]
    NoSource(String),
    /// No source could serve; each attempt says why.
    #[error("{}", unserved(*.reason, .release))]
    Unserved {
        /// What was wanted.
        release: String,
        /// The first reason that applies.
        reason: FailureReason,
        /// Who was asked and what came of it.
        attempts: Vec<Attempt>,
        /// Whether something could be had if nothing were proven.
        unproven: bool,
    },
    /// A file is to be added, and cannot be read.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is to be added, and nothing says what it has to be.
    #[error("nothing says what {} has to be", file.display())]
    Unproven {
        /// The file.
        file: PathBuf,
    },
    /// A released version is wanted, and only cargo builds are configured.
    #[error("{release} is a released version, and only cargo builds are configured as a source")]
    OnlyBuilds {
        /// What was wanted.
        release: String,
    },
    /// Nobody can say which versions there are.
    #[error("no source can tell which version {selector} is")]
    Unlistable {
        /// What was asked for.
        selector: Selector,
        /// Who was asked.
        attempts: Vec<Attempt>,
    },
    /// What fits is too young.
    #[error(
        "nothing that is {selector} is known to be {} old at any source",
        humantime::format_duration(*minimum)
    )]
    Young {
        /// What was asked for.
        selector: Selector,
        /// How old it would have to be.
        minimum: Duration,
        /// Who was asked.
        attempts: Vec<Attempt>,
    },
    /// The answer is older than an earlier one.
    #[error("{source_name} says the latest version is {offered}, but it was {before} before")]
    Downgrade {
        /// Who says so.
        source_name: String,
        /// What it offers.
        offered: Version,
        /// What was the latest before.
        before: Version,
    },
    /// The network is needed, and we are offline.
    #[error("{what} is not here, and loom is offline")]
    Offline {
        /// What was wanted.
        what: String,
        /// Who was asked all the same.
        attempts: Vec<Attempt>,
    },
    /// The runtime that drives the network could not be made.
    #[error("could not prepare for asking sources")]
    Prepare(#[source] std::io::Error),
}

fn unserved(reason: FailureReason, release: &str) -> String {
    match reason {
        FailureReason::Absent => format!("no source carries {release}"),
        FailureReason::Unreachable => format!("no source could serve {release}"),
        FailureReason::Credentials => {
            format!("no source would serve {release} without other credentials")
        }
        FailureReason::Integrity => {
            format!("nothing that could be trusted was offered for {release}")
        }
    }
}

impl AcquireError {
    /// No source could serve, for this reason.
    pub(super) fn unserved(release: String, reason: FailureReason, attempts: Vec<Attempt>) -> Self {
        Self::Unserved { release, reason, attempts, unproven: false }
    }

    /// Who was asked and what came of it.
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::Unserved { attempts, .. }
            | Self::Unlistable { attempts, .. }
            | Self::Young { attempts, .. }
            | Self::Offline { attempts, .. } => attempts,
            _ => &[],
        }
    }

    /// Whether the sources decided it, and not this machine or the way it was asked.
    pub(super) fn is_verdict(&self) -> bool {
        match self {
            Self::Unserved { .. }
            | Self::Unlistable { .. }
            | Self::Young { .. }
            | Self::Downgrade { .. }
            | Self::Offline { .. } => true,
            Self::Store(_)
            | Self::State(_)
            | Self::NoSource(_)
            | Self::Unreadable { .. }
            | Self::Unproven { .. }
            | Self::OnlyBuilds { .. }
            | Self::Prepare(_) => false,
        }
    }

    /// What to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Store(error) => return error.hint(),
            Self::NoSource(_) => {
                "build it in a checkout of Loom with `loom up --build`, or name a \
                source: --source file:///FOLDER or --source https://HOST/PATH"
                    .to_owned()
            }
            Self::Unserved { unproven: true, .. } => {
                "publish a .sha256 file beside the archive, or accept what \
                is there once with --allow-unverified"
                    .to_owned()
            }
            Self::Unserved { reason, .. } => return reason_hint(*reason),
            Self::Unreadable { .. } => {
                "give the path of an archive, or of the program itself".to_owned()
            }
            Self::Unproven { .. } => {
                "give its digest with --sha256, or take it as it is with --allow-unverified"
                    .to_owned()
            }
            Self::OnlyBuilds { .. } => {
                "add a source that carries releases (--source …), or ask for --version dev"
                    .to_owned()
            }
            Self::Unlistable { .. } => {
                "give --version: a plain HTTP folder cannot be listed".to_owned()
            }
            Self::Young { .. } => {
                "name the version with --version, or lower trust.minimum_release_age".to_owned()
            }
            Self::Downgrade { offered, .. } => format!(
                "a mirror that goes back may be stale or hostile; accept it with --allow-downgrade, \
                 or ask for --version {offered}"
            ),
            Self::Offline { .. } => {
                "run it once without --offline (or LOOM_OFFLINE), or name a local source: \
                --source file:///FOLDER"
                    .to_owned()
            }
            Self::State(_) => {
                "check that the state folder can be written, or set LOOM_STATE_DIR".to_owned()
            }
            Self::Prepare(_) => return None,
        })
    }
}

fn reason_hint(reason: FailureReason) -> Option<String> {
    let hint = match reason {
        FailureReason::Absent => {
            "check the version (`loom list` shows what is here), name another source with --source, \
             or build it in a checkout of Loom with `loom up --build`"
        }
        FailureReason::Unreachable => {
            "check the address of each source named above, and the connection to it, or name another one \
             with --source"
        }
        FailureReason::Credentials => "check the credentials for the sources named above",
        FailureReason::Integrity => {
            "nothing of it was kept; tell whoever keeps the source, or name another one with --source"
        }
    };
    Some(hint.to_owned())
}
