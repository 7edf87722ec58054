//! Acquires releases: from "this release, please" to an installed tree.
//!
//! | file | holds |
//! |---|---|
//! | `acquirer` | [`Acquirer`]: the driver that folds the results of the steps |
//! | `selected` | installs what `latest` or a range selects, from one listed version to the next |
//! | `untrusted_version` | what a project that is not trusted may select |
//! | [`resolve`] | from `latest` or a range to one version: listing, choosing, cached lists |
//! | `fetch` | the bytes of one artifact into a staged tree |
//! | [`failover`] | source after source until one delivers: plan, race, run |
//! | [`state`] | what is kept in the state folder: quarantine, first-seen digests, chosen and highest version |
//! | `publish` | into the store, with receipt and first-seen digests |
//! | `locked` | whether an installed release is the locked one |
//! | `lock_version`, `lock_offers` | what a lock file has to hold of a version: [`PlatformOffer`] |
//! | `restore` | an installed release that does not count: links or verifies it again |
//! | `repair` | [`RepairReport`]: repairs a store from what is left of it, and from sources |
//! | `reverify` | verifies an installed version again, without a network |
//! | `local_file` | one file as a source, for `loom store add` and kept archives |
//! | `evidence` | reads the signatures of an offer |
//! | `near_misses` | what sources have instead of a release that none of them has |
//! | `attempt` | [`SourceAttempt`]: one attempt at a source, with its typed error |
//! | `failure_record` | keeps a failure for `loom why` |
//! | `observer` | [`Observer`]: receives the events of an acquisition |
//! | `options` · `acquired` · `error` | [`AcquireOptions`], [`Acquired`], [`AcquireError`] |
//! | `runtime` | [`SourceRuntime`]: runs asynchronous sources from blocking code |
//! | `build_receipt` | a cargo build as receipts name it |

mod acquired;
mod acquirer;
mod attempt;
mod build_receipt;
mod error;
mod evidence;
pub mod failover;
mod failure_record;
mod fetch;
mod local_file;
mod lock_offers;
mod lock_version;
mod locked;
mod near_misses;
mod observer;
mod options;
mod publish;
mod repair;
pub mod resolve;
mod restore;
mod reverify;
mod runtime;
mod selected;
pub mod state;
#[cfg(test)]
mod tests;
mod untrusted_version;

pub use acquired::{Acquired, How};
pub use acquirer::Acquirer;
pub use attempt::{AttemptCause, SourceAttempt};
pub use error::{AcquireError, ChecksumMismatch};
pub use evidence::{gather, judge_offer};
pub use failover::plan::{FailureReason, TransferRetry};
pub use lock_offers::{LockOffers, PlatformOffer};
pub use locked::meets_lock;
pub use observer::{AcquireEvent, Observer};
pub use options::{AcquireOptions, ProgramRule};
pub use repair::RepairReport;
pub use resolve::{
    Compared, MAX_LOWER_VERSIONS, NewerQuery, NewerVersions, NewestVersion, check_downgrade,
    is_update, newer_versions, newest_version, recalled_version, remote, withdrawn_versions,
};
pub use runtime::SourceRuntime;
pub use state::{chosen, first_seen, quarantine};
pub use untrusted_version::refuse_older;
