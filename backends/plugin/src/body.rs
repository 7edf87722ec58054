//! The bytes after a response, counted and timed.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{Body, SourceError, SourceErrorKind, TransferPhase};
use tokio::io::AsyncBufReadExt as _;

use crate::session::PluginSession;

/// A body of exactly `length` bytes. The stream fails unless the plugin then exits successfully.
pub(crate) fn body(session: PluginSession, length: u64) -> Body {
    let body = PluginBody { session, received: 0, length };
    stream::try_unfold(Some(body), |body| async move {
        let Some(mut body) = body else { return Ok(None) };
        match body.next().await? {
            Some(piece) => Ok(Some((piece, Some(body)))),
            None => Ok(None),
        }
    })
    .boxed()
}

/// A body that is being read from the standard output of a plugin.
struct PluginBody {
    session: PluginSession,
    received: u64,
    length: u64,
}

impl PluginBody {
    /// The next piece; `None` after the last byte.
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        let left = self.length - self.received;
        let session = &mut self.session;
        let deadline = session.limits.deadline();
        let fill = session.stdout.fill_buf();
        let buffer = session.limits.within(TransferPhase::Body, deadline, fill).await?;
        if left == 0 {
            if !buffer.is_empty() {
                let reason = format!("more than the announced {} bytes", self.length);
                return Err(self.session.malformed(reason));
            }
            return self.exit().await.map(|()| None);
        }
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let piece = Bytes::copy_from_slice(&buffer[..length]);
        session.stdout.consume(length);
        if piece.is_empty() {
            let ending = session.ending().await;
            let kind = SourceErrorKind::Interrupted { received: self.received };
            return Err(SourceError::new(&session.label, kind).caused_by(ending));
        }
        self.received += piece.len() as u64;
        Ok(Some(piece))
    }

    /// Waits until the process ends. A plugin can report by its exit status that the bytes sent are wrong.
    async fn exit(&mut self) -> Result<(), SourceError> {
        let session = &mut self.session;
        let deadline = session.limits.deadline();
        let exit = session.process.wait();
        let status = session.limits.within(TransferPhase::Body, deadline, exit).await?;
        if status.success() {
            return Ok(());
        }
        let ending = session.ending().await;
        Err(session.failed(format!("the process failed after its last byte ({ending})")))
    }
}
