//! Tests of the crate through its public interface; those with the tools of others are in the workspace's `tests/it`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod cosign;
mod minisign;
mod sigstore;
mod support;
mod tools;
