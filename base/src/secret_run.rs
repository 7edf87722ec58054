//! What is kept of the failures of a secret run.

/// What stands in place of an error message of a run that is marked secret: a message often repeats its input.
pub const SECRET_ERROR: &str = "error (secret run)";
