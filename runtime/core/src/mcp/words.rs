//! What a program says on standard error, bounded and without secrets.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::{lock::lock, mcp::McpServerConfig};

/// The longest line that is told; the rest of it is dropped.
const LINE: usize = 500;
/// How many lines are remembered.
const REMEMBERED: usize = 5;
/// A value shorter than this is no secret: it would be cut out of everything.
const SECRET: usize = 6;

/// A program's last words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words(Arc<Mutex<VecDeque<String>>>);

impl Words {
    /// Reads all that the program says, so that it never waits for us, and logs it at debug.
    pub(crate) async fn listen(self, mut from: impl AsyncRead + Unpin, spec: Arc<McpServerConfig>) {
        let mut line = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = match from.read(&mut buffer).await {
                Ok(read) if read > 0 => read,
                _ => break,
            };
            for &byte in &buffer[..read] {
                match byte {
                    b'\n' => self.take(&std::mem::take(&mut line), &spec),
                    byte if line.len() < LINE => line.push(byte),
                    _ => {}
                }
            }
        }
        self.take(&line, &spec);
    }

    fn take(&self, line: &[u8], spec: &McpServerConfig) {
        let text = discreet(&String::from_utf8_lossy(line), spec.env.values());
        if text.is_empty() {
            return;
        }
        tracing::debug!(server = spec.name, "{text}");
        let mut last = lock(&self.0);
        last.push_back(text);
        if last.len() > REMEMBERED {
            last.pop_front();
        }
    }

    /// The last lines, as one; nothing is left.
    pub(crate) fn last(&self) -> String {
        lock(&self.0).drain(..).collect::<Vec<_>>().join(" | ")
    }
}

/// Cuts the values of secrets out of a text, and what could move a terminal's cursor.
fn discreet<'a>(text: &str, secrets: impl Iterator<Item = &'a SecretString>) -> String {
    let mut text = text.replace(|c: char| c.is_control(), " ");
    for secret in secrets.map(|secret| secret.expose_secret()) {
        if secret.len() >= SECRET {
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
    async fn the_last_lines_are_remembered_cut_and_without_secrets() {
        let env = [("KEY", "hush-hush"), ("N", "1")];
        let spec = McpServerConfig {
            name: "s".to_owned(),
            command: String::new(),
            args: Vec::new(),
            env: env.map(|(name, value)| (name.to_owned(), value.into())).into(),
            inherited: BTreeMap::new(),
        };
        let words = Words::default();
        let said = format!("0\n\n1\n2\n\x1b[31m3\n4 hush-hush\n{}x\nend", "l".repeat(LINE));
        words.clone().listen(said.as_bytes(), Arc::new(spec)).await;
        let long = "l".repeat(LINE);
        assert_eq!(words.last(), format!("2 | [31m3 | 4 [secret] | {long} | end"));
        assert_eq!(words.last(), "");
    }
}
