//! One conversation: a process of its own, from its hello to its answer.

use std::{convert::Infallible, io, path::Path, time::Duration};

use loom_source::{AccessDenied, RefusedBy, SourceError, SourceErrorKind, TransferPhase, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{ChildStdin, ChildStdout},
    time::{Instant, timeout_at},
};

use crate::{
    plugin::PluginOptions,
    process::PluginProcess,
    words::{Hello, Kind, PROTOCOL, PluginRequest, PluginResponse, Trouble},
};

/// No line is longer.
const LINE: usize = 1024 * 1024;

/// A plugin that has answered; its bytes may follow.
#[derive(Debug)]
pub(crate) struct PluginSession {
    /// Who it is, for people.
    pub(crate) at: String,
    pub(crate) process: PluginProcess,
    pub(crate) stdout: BufReader<ChildStdout>,
    pub(crate) timeout: Duration,
    /// When all must be over, and the budget that says so.
    pub(crate) deadline: Option<(Instant, Duration)>,
    /// What must not show in what it says.
    secrets: Vec<String>,
}

impl PluginSession {
    /// Asks one question: the plugin's hello, its answer, and the conversation.
    pub(crate) async fn ask(
        options: &PluginOptions,
        program: &Path,
        question: &PluginRequest<'_>,
    ) -> Result<(Hello, PluginResponse, Self), SourceError> {
        let at = options.at();
        let started = PluginProcess::start(program, &options.environment).await;
        let (process, stdin, stdout) =
            started.map_err(|source| SourceError::read(program.display().to_string(), source))?;
        let mut talk = Self {
            at,
            process,
            stdout: BufReader::with_capacity(64 * 1024, stdout),
            timeout: options.timeout,
            deadline: options.total_timeout.map(|total| (Instant::now() + total, total)),
            secrets: options.secrets(),
        };
        let timeout_ms = u64::try_from(options.timeout.as_millis()).unwrap_or(u64::MAX);
        let hello = PluginRequest::Hello {
            protocols: [PROTOCOL],
            name: &options.name,
            options: &options.options,
            timeout_ms,
        };
        let (hello, said) = talk.exchange(stdin, &hello, question).await?;
        Ok((hello, said, talk))
    }

    async fn exchange(
        &mut self,
        mut stdin: ChildStdin,
        hello: &PluginRequest<'_>,
        question: &PluginRequest<'_>,
    ) -> Result<(Hello, PluginResponse), SourceError> {
        let mut lines = Vec::new();
        for line in [hello, question] {
            serde_json::to_writer(&mut lines, line).map_err(|e| self.failed(e.to_string()))?;
            lines.push(b'\n');
        }
        // A plugin that ends before it has read its question shows in its answer: writing never fails the exchange.
        let asking = async {
            let _ = stdin.write_all(&lines).await;
            let _ = stdin.shutdown().await;
            drop(stdin);
            futures::future::pending::<Infallible>().await
        };
        let answering = async {
            let hello = match self.said().await? {
                PluginResponse::Hello(hello) => hello,
                other => return Err(self.unexpected("hello", &other)),
            };
            if hello.protocol != PROTOCOL {
                let why = format!(
                    "it speaks protocol {}, and this loom speaks {PROTOCOL}",
                    hello.protocol
                );
                return Err(self.malformed(why));
            }
            Ok((hello, self.said().await?))
        };
        tokio::select! {
            biased;
            answer = answering => answer,
            never = asking => match never {},
        }
    }

    /// The next line; an error that it tells of is one.
    async fn said(&mut self) -> Result<PluginResponse, SourceError> {
        let line = self.line().await?;
        match json::strict(&line) {
            Ok(PluginResponse::Error(trouble)) => Err(self.trouble(trouble)),
            Ok(said) => Ok(said),
            Err(e) => {
                let begins: String = String::from_utf8_lossy(&line).chars().take(60).collect();
                let why = format!("no line of the protocol ({e}): {}", self.shown(&begins));
                Err(self.malformed(why))
            }
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, SourceError> {
        let until = Instant::now() + self.timeout;
        let mut line = Vec::new();
        loop {
            let (taken, ended) = {
                let stdout = &mut self.stdout;
                let (phase, reading) = (TransferPhase::Response, stdout.fill_buf());
                let read =
                    timed(&self.at, phase, self.timeout, self.deadline, until, reading).await?;
                let end = read.iter().position(|b| *b == b'\n');
                line.extend_from_slice(&read[..end.unwrap_or(read.len())]);
                (end.map_or(read.len(), |end| end + 1), end.is_some())
            };
            self.stdout.consume(taken);
            if line.len() > LINE {
                return Err(self.malformed(format!("a line of more than {LINE} bytes")));
            }
            if ended {
                return Ok(line);
            }
            if taken == 0 {
                return Err(self.silent().await);
            }
        }
    }

    /// It ended, and with no answer.
    async fn silent(&mut self) -> SourceError {
        let how = self.ending().await;
        self.failed(format!("it ended without an answer ({how})"))
    }

    /// How it ended, with its last words.
    pub(crate) async fn ending(&mut self) -> String {
        let ended =
            tokio::time::timeout(self.timeout.min(Duration::from_secs(1)), self.process.end());
        let how = match ended.await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(e)) => e.to_string(),
            Err(_) => "it still runs".to_owned(),
        };
        match self.process.last_words().await {
            words if words.is_empty() => how,
            words => format!("{how}: {}", self.shown(&words)),
        }
    }

    fn trouble(&self, Trouble { kind, message }: Trouble) -> SourceError {
        let at = self.at.clone();
        let message = self.shown(&message);
        match kind {
            Kind::Gone => SourceError::new(at, SourceErrorKind::Gone).caused_by(message),
            Kind::Credentials => {
                SourceError::denied(at, AccessDenied::by(RefusedBy::Plugin).because(message))
            }
            Kind::Failed => self.failed(message),
        }
    }

    pub(crate) fn failed(&self, why: String) -> SourceError {
        SourceError::new(self.at.clone(), SourceErrorKind::Failed).caused_by(why)
    }

    pub(crate) fn malformed(&self, why: String) -> SourceError {
        SourceError::malformed(format!("the response of {}", self.at), why)
    }

    pub(crate) fn unexpected(&self, wanted: &str, said: &PluginResponse) -> SourceError {
        self.malformed(format!("it says {:?} where {wanted:?} belongs", said.name()))
    }

    /// What a plugin says, on one line of bounded length, without the secrets of its options.
    fn shown(&self, text: &str) -> String {
        let mut text = text.replace(char::is_control, " ");
        for secret in &self.secrets {
            text = text.replace(secret, "***");
        }
        text.chars().take(500).collect()
    }
}

/// An act of reading within its time and the whole's.
pub(crate) async fn timed<T>(
    at: &str,
    phase: TransferPhase,
    after: Duration,
    deadline: Option<(Instant, Duration)>,
    until: Instant,
    reading: impl Future<Output = io::Result<T>>,
) -> Result<T, SourceError> {
    let (ends, total) = match deadline {
        Some((ends, total)) if ends < until => (ends, Some(total)),
        _ => (until, None),
    };
    match (timeout_at(ends, reading).await, total) {
        (Ok(read), _) => read.map_err(|source| SourceError::read(at, source)),
        (Err(_), Some(timeout)) => {
            Err(SourceError::new(at, SourceErrorKind::TotalTimeout { timeout }))
        }
        (Err(_), None) => {
            Err(SourceError::new(at, SourceErrorKind::Stalled { phase, timeout: after }))
        }
    }
}
