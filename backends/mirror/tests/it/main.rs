//! The integration tests of this crate.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod bucket;
mod contract;
mod destination;
mod folder;
mod listings;
mod store_checks;
mod support;
mod web;
