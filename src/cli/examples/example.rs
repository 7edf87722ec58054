//! [`Example`]: a command line and what it does.

/// A command line and what it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Example {
    pub(crate) line: &'static str,
    pub(crate) does: &'static str,
}

pub(super) const fn example(line: &'static str, does: &'static str) -> Example {
    Example { line, does }
}

/// The path of a command, and its examples.
pub(super) type CommandExamples = (&'static str, &'static [Example]);
