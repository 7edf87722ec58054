//! The integration tests of this crate.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod exact;
mod proxies;
mod redirects;
mod support;
mod tls;
mod waiting;
