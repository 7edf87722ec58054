//! The last lines that a program wrote to standard error, bounded and without secrets.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use loom_base::{LockExt as _, clean};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::config::McpProgramConfig;

/// The part of a line that is kept, in bytes.
const MAX_LINE_BYTES: usize = 500;
/// The number of lines that are kept.
const MAX_LINES: usize = 5;
/// A shorter value is not treated as a secret: it would be removed wherever its characters occur.
const MIN_SECRET_LENGTH: usize = 6;

/// The last lines of one program. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct StderrTail(Arc<Mutex<VecDeque<String>>>);

impl StderrTail {
    /// Reads everything that the program writes, so that it never blocks on a full pipe, and logs it at debug level.
    pub(super) async fn read(
        self,
        mut stderr: impl AsyncRead + Unpin,
        config: Arc<McpProgramConfig>,
    ) {
        let mut line = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = match stderr.read(&mut buffer).await {
                Ok(read) if read > 0 => read,
                _ => break,
            };
            for &byte in &buffer[..read] {
                match byte {
                    b'\n' => self.add(&std::mem::take(&mut line), &config),
                    byte if line.len() < MAX_LINE_BYTES => line.push(byte),
                    _ => {}
                }
            }
        }
        self.add(&line, &config);
    }

    fn add(&self, line: &[u8], config: &McpProgramConfig) {
        let secrets = config.env.values().map(|secret| secret.expose_secret());
        let text = without_secrets(&String::from_utf8_lossy(line), secrets);
        if text.is_empty() {
            return;
        }
        tracing::debug!(server = config.name, "{text}");
        let mut lines = self.0.locked();
        lines.push_back(text);
        if lines.len() > MAX_LINES {
            lines.pop_front();
        }
    }

    /// Removes the lines and returns them as one.
    pub(super) fn take(&self) -> String {
        self.0.locked().drain(..).collect::<Vec<_>>().join(" | ")
    }
}

/// A text without the values of secrets, and without control characters, which could move a terminal's cursor.
pub(super) fn without_secrets<'a>(text: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut text = clean::blanked(text);
    for secret in secrets {
        if secret.len() >= MIN_SECRET_LENGTH {
            text = text.replace(secret, "[secret]");
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[tokio::test]
    async fn the_last_lines_are_kept_without_secrets() {
        let env = [("KEY", "hush-hush"), ("N", "1")];
        let config = McpProgramConfig {
            name: "s".to_owned(),
            command: String::new(),
            args: Vec::new(),
            env: env.map(|(name, value)| (name.to_owned(), value.into())).into(),
            inherited: BTreeMap::new(),
        };
        let tail = StderrTail::default();
        let long = "l".repeat(MAX_LINE_BYTES);
        let written = format!("0\n\n1\n2\n\x1b[31m3\n4 hush-hush\n{long}x\nend");
        tail.clone().read(written.as_bytes(), Arc::new(config)).await;
        assert_eq!(tail.take(), format!("2 | [31m3 | 4 [secret] | {long} | end"));
        assert_eq!(tail.take(), "");
    }
}
