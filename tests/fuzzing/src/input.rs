//! The bytes that a target is given, as text.

/// The text, where the bytes are UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
