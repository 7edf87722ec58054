//! The bytes after the answer, counted and timed.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use loom_source::{Body, SourceError, SourceErrorKind, TransferPhase};
use tokio::{io::AsyncBufReadExt as _, time::Instant};

use crate::talk::{PluginSession, timed};

/// Exactly `length` bytes, after which the plugin must end well.
pub(crate) fn body(talk: PluginSession, length: u64) -> Body {
    let reading = Reading { talk, read: 0, length };
    stream::try_unfold(Some(reading), |reading| async move {
        let Some(mut reading) = reading else { return Ok(None) };
        match reading.next().await? {
            Some(piece) => Ok(Some((piece, Some(reading)))),
            None => Ok(None),
        }
    })
    .boxed()
}

struct Reading {
    talk: PluginSession,
    read: u64,
    length: u64,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, SourceError> {
        let left = self.length - self.read;
        let talk = &mut self.talk;
        let until = Instant::now() + talk.timeout;
        let reading = talk.stdout.fill_buf();
        let got = timed(&talk.at, TransferPhase::Body, talk.timeout, talk.deadline, until, reading)
            .await?;
        if left == 0 {
            let more = !got.is_empty();
            return if more { Err(self.longer()) } else { self.end().await.map(|()| None) };
        }
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(got.len());
        let piece = Bytes::copy_from_slice(&got[..wanted]);
        talk.stdout.consume(wanted);
        if piece.is_empty() {
            let why = talk.ending().await;
            let kind = SourceErrorKind::Interrupted { received: self.read };
            return Err(SourceError::new(talk.at.clone(), kind).caused_by(why));
        }
        self.read += piece.len() as u64;
        Ok(Some(piece))
    }

    fn longer(&self) -> SourceError {
        self.talk.malformed(format!("more than the {} bytes that it promised", self.length))
    }

    /// All is there; a plugin that fails now may have had a reason.
    async fn end(&mut self) -> Result<(), SourceError> {
        let talk = &mut self.talk;
        let until = Instant::now() + talk.timeout;
        let ending = talk.process.end();
        let status =
            timed(&talk.at, TransferPhase::Body, talk.timeout, talk.deadline, until, ending)
                .await?;
        if status.success() {
            return Ok(());
        }
        let words = talk.ending().await;
        Err(talk.failed(format!("it failed after its last byte ({words})")))
    }
}
