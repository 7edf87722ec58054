//! Which of the two layouts a mirror has.

use loom_source::SourceError;

use crate::transport::Transport;

/// How a mirror is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MirrorLayout {
    /// Look: a store has a file `format`.
    #[default]
    Probe,
    /// A store at rest: `format`, `releases/`, `objects/`.
    Store,
    /// Assets as a release page has them: `v0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tar.gz`.
    Release,
}

/// A layout that has been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DetectedLayout {
    Store,
    Release,
}

/// The store format read here.
const FORMAT: u64 = 1;

/// More than a file `format` holds.
const CAP: usize = 1024;

/// Whether a store can be read at all, where something in it may not be.
pub(crate) async fn is_readable(transport: &dyn Transport) -> bool {
    transport.small("format", CAP).await.is_ok_and(|bytes| bytes.is_some())
}

/// Reads the file `format` of a mirror.
pub(crate) async fn probe(transport: &dyn Transport) -> Result<DetectedLayout, SourceError> {
    let bytes = match transport.small("format", CAP).await {
        Ok(bytes) => bytes,
        Err(e) if e.kind.may_be_absent() => None,
        Err(e) => return Err(e),
    };
    let Some(bytes) = bytes else { return Ok(DetectedLayout::Release) };
    judge(&bytes).map_err(|why| SourceError::malformed(transport.at("format"), why))
}

/// Another program's `format` says nothing about us; a newer store must not be read as an older one.
fn judge(bytes: &[u8]) -> Result<DetectedLayout, String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default();
    let Some(number) = line.strip_prefix("loom-store ") else { return Ok(DetectedLayout::Release) };
    match number.trim().parse() {
        Ok(FORMAT) => Ok(DetectedLayout::Store),
        Ok(0) | Err(_) => Err(format!("{line:?} names no store format")),
        Ok(newer) => Err(format!("a store of format {newer}, which this loom is too old to read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_newer_than_ours_are_refused() {
        assert_eq!(judge(b"loom-store 1\n"), Ok(DetectedLayout::Store));
        assert_eq!(judge(b"loom-store 1\r\n"), Ok(DetectedLayout::Store));
        assert_eq!(judge(b"something else"), Ok(DetectedLayout::Release));
        assert_eq!(judge(b""), Ok(DetectedLayout::Release));
        assert!(judge(b"loom-store 2\n").unwrap_err().contains("too old"));
        assert!(judge(b"loom-store 0").is_err());
        assert!(judge(b"loom-store x").is_err());
    }
}
