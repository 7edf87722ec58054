//! Asks source after source for one release until one delivers.
//!
//! | file | holds |
//! |---|---|
//! | [`plan`] | [`Plan`](plan::Plan): failover, retry and racing as one pure reducer |
//! | `order` | the order in which sources are asked |
//! | `run` | `Failover`: drives the plan |
//! | `race` | `Race`: the sources that are being asked, one after the other or at the same time |
//! | `by_digest` | the offer of a source that need not be asked, because a lock file names the digest |
//! | `answer` | what a source's answer to a request means |
//! | `admitted` | `AdmittedRelease`: what a source's bytes are compared with, and what a failed transfer means |
//! | `report` | `StepReport`: what happened at a source, for the plan and for the log |
//! | `log` | `AttemptLog`: the attempts of one acquisition |

mod admitted;
mod answer;
mod by_digest;
mod log;
mod order;
pub mod plan;
mod race;
mod report;
mod run;

pub(super) use admitted::AdmittedRelease;
pub(super) use log::AttemptLog;
pub(super) use order::order;
pub(super) use run::{Failover, Served};
