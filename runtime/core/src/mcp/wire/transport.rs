//! The connection to a server for MCP's library.

use std::{collections::VecDeque, io, sync::Arc};

use rmcp::{RoleClient, service::TxJsonRpcMessage, transport::Transport};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::Mutex,
};

use super::{
    line_reader::{Line, LineReader, MAX_MESSAGE_BYTES},
    message::{self, ServerMessage},
};

/// Messages over a server's standard input and output.
pub(in crate::mcp) struct McpTransport<R, W> {
    server: String,
    input: LineReader<R>,
    /// Messages that were read and not received yet: a line may hold several.
    received: VecDeque<ServerMessage>,
    /// `None` once the connection is closed.
    output: Arc<Mutex<Option<W>>>,
}

impl<R: AsyncRead + Unpin, W> McpTransport<R, W> {
    /// Reads from `input` and writes to `output` of `server`.
    pub(in crate::mcp) fn new(server: &str, input: R, output: W) -> Self {
        Self {
            server: server.to_owned(),
            input: LineReader::new(input),
            received: VecDeque::new(),
            output: Arc::new(Mutex::new(Some(output))),
        }
    }
}

impl<R, W> Transport<RoleClient> for McpTransport<R, W>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let output = Arc::clone(&self.output);
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let mut output = output.lock().await;
            let output = output.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            output.write_all(&line).await?;
            output.flush().await
        }
    }

    async fn receive(&mut self) -> Option<ServerMessage> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Some(message);
            }
            match self.input.next().await? {
                Line::Complete(line) => self.received.extend(message::read(&line, &self.server)),
                Line::TooLong(id) => {
                    let reason = format!("it is longer than {MAX_MESSAGE_BYTES} bytes");
                    let id = id.unwrap_or_default();
                    self.received.extend(message::unreadable(&id, &reason, &self.server));
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.output.lock().await.take();
        Ok(())
    }
}
