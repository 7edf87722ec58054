//! From «this release, please» to a tree in the store: find, judge, fetch, check, publish.
//!
//! | file | holds |
//! |---|---|
//! | `candidate` | [`Candidate`]: a source in its place of the order, and what it is to us |
//! | `bounded` | [`Bounded`]: a folder that may hang is not waited for longer than its timeout |
//! | `resolve` | from «latest» or a range to one version |
//! | `listing` | what one source says of the versions that it carries |
//! | `choose` | which of a source's versions that is: old enough, and not going back |
//! | `versions` | what a source last said it carries |
//! | `plan` | [`Plan`](plan::Plan): failover and retry as one pure reducer |
//! | `run` | drives the plan: asks source after source |
//! | `race` | the sources that are being asked, and the policy about what each offers |
//! | `attempt` | one attempt at one source, and what its failure means |
//! | `build` | a cargo build |
//! | `publish` | into the store, with receipt and first-seen pins |
//! | `fetch` · `loose` | one carrier's bytes into a staged tree |
//! | `pipe` · `inflate` | what the threads of a transfer share |
//! | `outcome` | what came of each source that was asked; the receipt |
//! | `failure` | the receipt of a failure |
//! | [`remote`] | what every source offers |
//! | `quarantine` | which sources brought wrong bytes lately |
//! | [`chosen`] | the version that `loom use` chose |
//! | `add` | a file that the user hands us |
//! | `first_seen` | the digests a release had when it was first seen |
//! | `network` | the only bridge between blocking code and asynchronous sources |
//! | [`Notes`] | what a source remembers from run to run |
//! | `state` | small JSON files in the state folder |
//! | `observer` | what is told meanwhile |
//! | `error` | [`AcquireError`] |

mod add;
mod attempt;
mod build;
mod choose;
pub mod chosen;
mod describe;
mod error;
mod failure;
mod fetch;
mod first_seen;
mod inflate;
mod listing;
mod loose;
mod network;
mod observer;
mod outcome;
mod pipe;
pub mod plan;
mod publish;
pub mod quarantine;
mod race;
pub mod remote;
mod resolve;
mod run;
#[cfg(test)]
mod tests;
mod versions;

use std::time::{Duration, Instant};

use loom_source::{Digest, Product, Release, Selector, Slot};

pub use error::AcquireError;
pub use first_seen::forget as forget_first_seen;
pub use network::SourceRuntime;
pub use observer::{Observer, Progress};
pub use plan::{FailureReason, TransferRetry};
pub use versions::age_in_words;

use resolve::ResolutionState;

use crate::{
    sources::Candidate,
    state::{StateDir, StateError},
};
use crate::{
    store::{Installed, Recovery, Store, StoreError, TreeLimits},
    trust::Policy,
};

/// Everything an acquisition needs to know, as values.
pub struct Acquirer<'a> {
    /// Where releases are kept.
    pub store: &'a Store,
    /// The state folder.
    pub state: &'a StateDir,
    /// Who may be asked, in order.
    pub candidates: &'a [Candidate],
    /// What may enter.
    pub policy: Policy,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// What a tree may hold.
    pub limits: TreeLimits,
    /// How often a broken transfer is taken up.
    pub retry: TransferRetry,
    /// Whether archives stay beside their trees.
    pub keep_archives: bool,
    /// How long a listing from the network stays fresh.
    pub freshness: Duration,
    /// Ask only sources that need no network.
    pub offline: bool,
    /// Fetch even what is here.
    pub force: bool,
    /// Let `latest` go back.
    pub allow_downgrade: bool,
    /// Ask sources that lied lately last; not where the user named the sources for this run.
    pub quarantine: bool,
    /// Drives the sources.
    pub network: SourceRuntime,
}

/// A release that is here now.
#[derive(Debug, Clone)]
pub struct Acquired {
    /// Where.
    pub installed: Installed,
    /// How it got here.
    pub how: How,
}

/// How a release got here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It was here.
    Here,
    /// Its link was missing; the tree was found sound and linked again.
    Relinked,
    /// It came from this source.
    Fetched {
        /// The source's name.
        source: String,
    },
}

/// The release, if it is here and today's policy accepts what was proven when it entered.
///
/// No lock, no thread, no network: one link and the receipt are read.
pub fn here(
    store: &Store,
    release: &Release,
    policy: &Policy,
) -> Result<Option<Installed>, StoreError> {
    let Some(installed) = store.find(release)? else { return Ok(None) };
    let accepted = accepted(store, release, policy)?;
    Ok(Some(installed).filter(|installed| accepted == Some(installed.tree)))
}

/// The tree whose receipt today's policy accepts. It need not be the one that the link leads to: a run that was
/// killed in between leaves the receipt of one tree beside the link to another.
fn accepted(
    store: &Store,
    release: &Release,
    policy: &Policy,
) -> Result<Option<Digest>, StoreError> {
    let receipt = store.receipt(release)?;
    let receipt = receipt.filter(|receipt| policy.accepts(receipt.grade, receipt.waiver));
    Ok(receipt.and_then(|receipt| receipt.tree))
}

impl Acquirer<'_> {
    /// Makes sure that what `selector` selects is in the store.
    pub fn acquire(&self, line: &Product, selector: &Selector) -> Result<Acquired, AcquireError> {
        let (begun, mut slot) = (Instant::now(), None);
        let result = match selector {
            Selector::Exact(version) => {
                self.acquire_at(line.at_version(version.clone()), ResolutionState::default())
            }
            Selector::Dev => self.acquire_at(line.in_slot(Slot::Dev), ResolutionState::default()),
            Selector::Latest | Selector::Range(_) => self.acquire_one_of(line, selector, &mut slot),
        };
        self.conclude(line, selector, slot.as_ref(), begun, &result);
        result
    }

    /// What a fresh memory promises and no source carries any more is asked for again.
    fn acquire_one_of(
        &self,
        line: &Product,
        selector: &Selector,
        slot: &mut Option<Slot>,
    ) -> Result<Acquired, AcquireError> {
        let mut resolution = self.resolve(line, selector)?;
        *slot = Some(resolution.slot.clone());
        if let Some(memory) = resolution.remembered.take() {
            match self.acquire_at(line.in_slot(resolution.slot), resolution.asked) {
                Err(AcquireError::Unserved { reason: FailureReason::Absent, .. }) => {
                    memory.forget()?
                }
                result => return result,
            };
            resolution = self.resolve(line, selector)?;
            *slot = Some(resolution.slot.clone());
        }
        self.acquire_at(line.in_slot(resolution.slot), resolution.asked)
    }

    fn acquire_at(
        &self,
        release: Release,
        asked: ResolutionState,
    ) -> Result<Acquired, AcquireError> {
        if let Some(installed) = self.hit(&release)? {
            return Ok(Acquired { installed, how: How::Here });
        }
        let what = release.to_string();
        let mut wait = || self.observer.on_event(Progress::Waiting { what: &what });
        let _lock = self.store.lock_release(&release, &mut wait)?;
        if let Some(installed) = self.hit(&release)? {
            return Ok(Acquired { installed, how: How::Here });
        }
        if let Some(installed) = self.relink(&release)? {
            return Ok(Acquired { installed, how: How::Relinked });
        }
        self.run(&release, asked.attempts, &asked.silent)
    }

    /// What is here counts, unless it is to be fetched again; a cargo build may have changed and is always looked at.
    fn hit(&self, release: &Release) -> Result<Option<Installed>, AcquireError> {
        if self.force || release.slot == Slot::Dev {
            return Ok(None);
        }
        Ok(here(self.store, release, &self.policy)?)
    }

    /// A missing link is doubt: the tree is hashed before it is linked again. The policy is asked before that:
    /// what it refuses must not get its link back.
    fn relink(&self, release: &Release) -> Result<Option<Installed>, AcquireError> {
        if self.force || release.slot == Slot::Dev || self.store.find(release)?.is_some() {
            return Ok(None);
        }
        let Some(tree) = accepted(self.store, release, &self.policy)? else { return Ok(None) };
        match self.store.recover(release)? {
            Recovery::Linked(installed) => Ok(Some(installed).filter(|i| i.tree == tree)),
            Recovery::Nothing => Ok(None),
            Recovery::Damaged(what) => {
                let text =
                    format!("what was here of {release} is damaged ({what}); fetching it again");
                self.observer.on_event(Progress::Notice { text: &text });
                Ok(None)
            }
        }
    }

    /// Something that a run can do without could not be remembered.
    fn memory(&self, kept: Result<(), StateError>) {
        if let Err(error) = kept {
            let text = describe::error_chain(&error);
            self.observer.on_event(Progress::Notice { text: &text });
        }
    }

    /// Links `bin/latest` to what was acquired, for people.
    pub fn show_as_latest(&self, installed: &Installed) -> Result<(), AcquireError> {
        Ok(self.store.link_latest(installed)?)
    }
}
