//! Garbage collection: removes versions that the rules give up, and what nothing names.
//!
//! | file | holds |
//! |---|---|
//! | `rules` | [`GcRules`]: which versions may go |
//! | `census` | what the store holds, read once while publishers wait |
//! | `plan` | the decision for each version: a pure function over census and rules |
//! | `room` | how much room versions take that share files |
//! | `report` | [`GcReport`]: what was removed, what stays, and why |
//! | `removal` | takes one version out of use |
//! | `garbage` | trees and objects that nothing names |
//! | `early_deletion` | deletes trees while others are taken out of use |
//! | `taken` | deletes what was taken out of use, on many threads |
//! | `preview` | what a collection would do |
//! | `run` | [`Store::collect`](super::Store::collect): the steps in their order |

mod census;
mod early_deletion;
mod garbage;
mod plan;
mod preview;
mod removal;
mod report;
mod room;
mod rules;
mod run;
mod taken;

pub use plan::{KeepReason, RemoveReason};
pub use report::{GcReport, KeptVersion, RemovedVersion};
pub use rules::{DefaultVersion, FetchableSources, GRACE, GcRules};
pub use run::GcRun;
