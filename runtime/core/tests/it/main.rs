//! The runtime without a server around it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod hosting;
#[cfg(target_os = "linux")]
mod https;
#[cfg(target_os = "linux")]
mod mcp;
mod runtime;
mod support;
mod traces;
