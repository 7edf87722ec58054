//! Tests of the source against real registries, layouts and realms.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking; clippy only knows the functions marked as tests"
)]

mod contract;
mod credentials;
mod evidence;
mod failing_registry;
mod hostile;
mod hostile_publish;
mod publish;
mod registry;
mod releases;
mod support;
