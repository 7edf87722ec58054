//! The runtime without a network.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod hosted;
#[cfg(target_os = "linux")]
mod mcp;
mod runtime;
