//! The integration tests of this crate.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod proxies;
mod redirects;
mod responses;
mod support;
mod timeouts;
mod tls;
mod uploads;
