//! The result of a task's step.

/// A step either succeeds or ends the task with an error that is printed.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
