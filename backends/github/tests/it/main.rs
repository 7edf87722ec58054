//! The integration tests of this crate.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod listings;
mod publish;
mod requests;
mod support;
