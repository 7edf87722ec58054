//! The integration tests of this crate.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(unix)]
mod builds;
#[cfg(unix)]
mod contract;
mod shared_units;
