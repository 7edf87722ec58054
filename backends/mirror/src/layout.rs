//! [`MirrorLayout`]: the layout of a mirror, and its detection.

use loom_source::SourceError;

use crate::transport::Transport;

/// The layout of a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MirrorLayout {
    /// The layout is detected: a store has a file `format`.
    #[default]
    Probe,
    /// The layout of a store: `format`, `releases/`, `objects/`.
    Store,
    /// Assets as on a release page: `v0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tar.gz`.
    Release,
}

/// The layout that a mirror was found to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DetectedLayout {
    Store,
    Release,
}

/// The file that names the format of a store.
const FORMAT_FILE: &str = "format";

/// The store format that this crate reads.
const STORE_FORMAT: u64 = 1;

/// The largest file `format` that is read, in bytes.
const MAX_FORMAT_FILE: usize = 1024;

/// Whether a store can be read. If it can, a refused file of the store may be one that does not exist.
pub(crate) async fn is_readable(transport: &dyn Transport) -> bool {
    transport.get_bytes(FORMAT_FILE, MAX_FORMAT_FILE).await.is_ok_and(|bytes| bytes.is_some())
}

/// Detects the layout of a mirror by its file `format`.
pub(crate) async fn detect(transport: &dyn Transport) -> Result<DetectedLayout, SourceError> {
    let bytes = match transport.get_bytes(FORMAT_FILE, MAX_FORMAT_FILE).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind.may_be_absent() => None,
        Err(error) => return Err(error),
    };
    let Some(bytes) = bytes else { return Ok(DetectedLayout::Release) };
    layout_of(&bytes).map_err(|why| SourceError::malformed(transport.location(FORMAT_FILE), why))
}

/// The layout that the content of a file `format` means. A file of another program means no store. A store of a newer
/// format is an error, since it cannot be read by the rules of an older one.
fn layout_of(bytes: &[u8]) -> Result<DetectedLayout, String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default();
    let Some(number) = line.strip_prefix("loom-store ") else { return Ok(DetectedLayout::Release) };
    match number.trim().parse() {
        Ok(STORE_FORMAT) => Ok(DetectedLayout::Store),
        Ok(0) | Err(_) => Err(format!("expected `loom-store {STORE_FORMAT}`, got {line:?}")),
        Ok(newer) => Err(format!(
            "expected store format {STORE_FORMAT}, got {newer}, which this version of loom cannot read"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_store_formats_are_refused() {
        assert_eq!(layout_of(b"loom-store 1\n"), Ok(DetectedLayout::Store));
        assert_eq!(layout_of(b"loom-store 1\r\n"), Ok(DetectedLayout::Store));
        assert_eq!(layout_of(b"something else"), Ok(DetectedLayout::Release));
        assert_eq!(layout_of(b""), Ok(DetectedLayout::Release));
        assert!(layout_of(b"loom-store 2\n").unwrap_err().contains("cannot read"));
        assert!(layout_of(b"loom-store 0").is_err());
        assert!(layout_of(b"loom-store x").is_err());
    }
}
