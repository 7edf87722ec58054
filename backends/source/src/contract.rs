//! The contract suite: one set of test cases for every kind of source, built in or not.
//!
//! | module | holds |
//! |---|---|
//! | [`fixture`] | [`SourceFixture`] and [`RunningFixture`]: what a backend provides to the suite |
//! | [`published`] | [`PublishedRelease`]: what a fixture publishes |
//! | [`cases`] | the cases, and the [capabilities](crate::Capabilities) to which each applies |
//! | `run` | [`run()`]: runs the suite |
//! | [`report`] | [`ContractReport`]: the result of each case |
//! | [`failure`] | [`Failure`]: why a case failed |
//! | `check` | the steps and comparisons that the cases share |
//!
//! A backend's test is a fixture and one call:
//!
//! ```text
//! contract::run(&MyFixture).await.assert();
//! ```
//!
//! The [crate documentation](crate#a-complete-source) has a complete source with such a test.

pub mod cases;
mod check;
pub mod failure;
pub mod fixture;
pub mod published;
pub mod report;
mod run;

pub use failure::Failure;
pub use fixture::{RunningFixture, SourceFixture};
pub use published::{PublishedAsset, PublishedChecksum, PublishedRelease, product};
pub use report::ContractReport;
pub use run::run;
