//! The server as its clients see it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod bridge;
mod connections;
mod health;
mod local_publish;
mod server;
mod slow_reader;
mod support;
mod tls;
