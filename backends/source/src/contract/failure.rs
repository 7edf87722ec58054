//! [`Failure`]: why a contract case failed.

/// Why a case failed, or why a fixture could not be started.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A failure with this message.
pub(super) fn failure(message: impl Into<String>) -> Failure {
    message.into().into()
}

/// Fails with the message unless the condition is true.
pub(super) fn ensure(condition: bool, message: impl FnOnce() -> String) -> Result<(), Failure> {
    if condition { Ok(()) } else { Err(failure(message())) }
}
