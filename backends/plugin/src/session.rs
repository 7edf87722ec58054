//! [`PluginSession`]: one request to a plugin and its response, in a process of their own.

use std::{convert::Infallible, path::Path, time::Duration};

use loom_base::clean;
use loom_source::{AccessDenied, RefusedBy, SourceError, SourceErrorKind, TransferPhase, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{ChildStdin, ChildStdout},
};

use crate::{
    messages::{
        Hello, PROTOCOL_VERSION, PluginFailure, PluginFailureKind, PluginRequest, PluginResponse,
    },
    options::PluginOptions,
    process::PluginProcess,
    read_limits::ReadLimits,
};

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 1024 * 1024;

/// The longest text of a plugin that a message repeats, in characters.
const MAX_SHOWN: usize = 500;

/// A plugin that has responded. The bytes of a body may follow.
#[derive(Debug)]
pub(crate) struct PluginSession {
    /// The name of the plugin in messages.
    pub(crate) label: String,
    pub(crate) process: PluginProcess,
    pub(crate) stdout: BufReader<ChildStdout>,
    pub(crate) limits: ReadLimits,
    /// The texts that are removed from what the plugin writes before it is shown.
    secrets: Vec<String>,
}

impl PluginSession {
    /// Starts `program` and sends it one request. Returns the hello of the plugin, its response, and the session.
    ///
    /// # Errors
    /// Where the program cannot be started, reports an error, or does not follow the protocol.
    pub(crate) async fn request(
        options: &PluginOptions,
        program: &Path,
        request: &PluginRequest<'_>,
    ) -> Result<(Hello, PluginResponse, Self), SourceError> {
        let started = PluginProcess::start(program, &options.environment).await;
        let (process, stdin, stdout) =
            started.map_err(|source| SourceError::read(program.display().to_string(), source))?;
        let mut session = Self {
            label: options.label(),
            process,
            stdout: BufReader::with_capacity(64 * 1024, stdout),
            limits: ReadLimits::start(options),
            secrets: options.secrets(),
        };
        let hello = PluginRequest::Hello {
            protocols: [PROTOCOL_VERSION],
            name: &options.name,
            options: &options.options,
            timeout_ms: u64::try_from(options.timeout.as_millis()).unwrap_or(u64::MAX),
        };
        let (hello, response) = session.exchange(stdin, &hello, request).await?;
        Ok((hello, response, session))
    }

    /// Sends both lines and reads both responses at the same time, since the plugin may write before it reads.
    async fn exchange(
        &mut self,
        mut stdin: ChildStdin,
        hello: &PluginRequest<'_>,
        request: &PluginRequest<'_>,
    ) -> Result<(Hello, PluginResponse), SourceError> {
        let mut lines = Vec::new();
        for message in [hello, request] {
            serde_json::to_writer(&mut lines, message).map_err(|e| self.failed(e.to_string()))?;
            lines.push(b'\n');
        }
        // Errors of writing are ignored: where the plugin ends before it has read the request, its missing response
        // is the error to report.
        let send = async {
            let _ = stdin.write_all(&lines).await;
            let _ = stdin.shutdown().await;
            drop(stdin);
            futures::future::pending::<Infallible>().await
        };
        tokio::select! {
            biased;
            responses = self.responses() => responses,
            never = send => match never {},
        }
    }

    async fn responses(&mut self) -> Result<(Hello, PluginResponse), SourceError> {
        let hello = match self.response().await? {
            PluginResponse::Hello(hello) => hello,
            other => return Err(self.unexpected("hello", &other)),
        };
        if hello.protocol != PROTOCOL_VERSION {
            let got = hello.protocol;
            let reason = format!("unsupported protocol: expected {PROTOCOL_VERSION}, got {got}");
            return Err(self.malformed(reason));
        }
        Ok((hello, self.response().await?))
    }

    /// The message of the next line. An `error` message is returned as an error.
    async fn response(&mut self) -> Result<PluginResponse, SourceError> {
        let line = self.line().await?;
        match json::strict(&line) {
            Ok(PluginResponse::Error(failure)) => Err(self.reported(failure)),
            Ok(response) => Ok(response),
            Err(e) => {
                let beginning: String = String::from_utf8_lossy(&line).chars().take(60).collect();
                let beginning = self.redacted(&beginning);
                Err(self.malformed(format!("not a message of the protocol ({e}): {beginning}")))
            }
        }
    }

    /// The next line without its line feed. The whole line has to arrive within the timeout.
    async fn line(&mut self) -> Result<Vec<u8>, SourceError> {
        let deadline = self.limits.deadline();
        let mut line = Vec::new();
        loop {
            let fill = self.stdout.fill_buf();
            let buffer = self.limits.within(TransferPhase::Response, deadline, fill).await?;
            if buffer.is_empty() {
                let ending = self.ending().await;
                return Err(self.failed(format!("the process ended without a response ({ending})")));
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            line.extend_from_slice(&buffer[..end.unwrap_or(buffer.len())]);
            let consumed = end.map_or(buffer.len(), |end| end + 1);
            self.stdout.consume(consumed);
            if line.len() > MAX_LINE {
                return Err(self.malformed(format!("a line of more than {MAX_LINE} bytes")));
            }
            if end.is_some() {
                return Ok(line);
            }
        }
    }

    /// How the process ended, with the last lines of its standard error.
    pub(crate) async fn ending(&mut self) -> String {
        let patience = self.limits.timeout().min(Duration::from_secs(1));
        let status = match tokio::time::timeout(patience, self.process.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(e)) => e.to_string(),
            Err(_) => "still running".to_owned(),
        };
        match self.process.last_error_lines().await {
            lines if lines.is_empty() => status,
            lines => format!("{status}: {}", self.redacted(&lines)),
        }
    }

    /// The error for a failure that the plugin reported.
    fn reported(&self, PluginFailure { kind, message }: PluginFailure) -> SourceError {
        let message = self.redacted(&message);
        match kind {
            PluginFailureKind::Gone => {
                SourceError::new(&self.label, SourceErrorKind::Gone).caused_by(message)
            }
            PluginFailureKind::Credentials => {
                let denial = AccessDenied::by(RefusedBy::Plugin).because(message);
                SourceError::denied(&self.label, denial)
            }
            PluginFailureKind::Failed => self.failed(message),
        }
    }

    pub(crate) fn failed(&self, reason: String) -> SourceError {
        SourceError::new(&self.label, SourceErrorKind::Failed).caused_by(reason)
    }

    pub(crate) fn malformed(&self, reason: String) -> SourceError {
        SourceError::malformed(format!("the response of {}", self.label), reason)
    }

    pub(crate) fn unexpected(&self, expected: &str, response: &PluginResponse) -> SourceError {
        self.malformed(format!("expected {expected:?}, got {:?}", response.name()))
    }

    /// A text of the plugin on one line of bounded length, without the secrets of its options.
    fn redacted(&self, text: &str) -> String {
        let mut text = clean::blanked(text);
        for secret in &self.secrets {
            text = text.replace(secret, "***");
        }
        text.chars().take(MAX_SHOWN).collect()
    }
}
