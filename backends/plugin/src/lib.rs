//! Releases from a third-party program asked by JSON lines.
