//! Errors of the files of an instance as reasons why a runtime did not become ready.

use std::io;

use crate::{launch::StartFailure, state::StateError};

pub(super) fn io_failure(act: &str, error: &io::Error) -> StartFailure {
    StartFailure::State { act: format!("could not {act}"), why: error.to_string() }
}

pub(super) fn state_failure(error: StateError) -> StartFailure {
    let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    StartFailure::State { act: error.to_string(), why }
}
