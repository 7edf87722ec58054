//! A history as a whole: what is written is read again, whatever happens in between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests"
)]

mod caps;
mod child;
mod damage;
mod deletion;
mod exporting;
mod fixture;
mod killed;
mod lost_file;
mod opening;
mod overview;
mod queries;
mod secrets;
mod storing;
