//! The lines of MCP servers, for the fuzz targets.

/// Reads a line.
pub fn line(line: &[u8]) {
    let messages = super::wire::read(line);
    assert!(messages <= line.len(), "more messages than bytes");
}
