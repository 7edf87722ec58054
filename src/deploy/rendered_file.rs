//! [`RenderedFile`]: a file of a deployment.

/// A rendered file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// The path in the folder, with `/`.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl RenderedFile {
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}
