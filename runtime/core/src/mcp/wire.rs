//! The messages between the runtime and an MCP server, one JSON document per line, read leniently.
//!
//! Servers are foreign programs: a deviation in one place of a message must not cost the whole message, and a response
//! that cannot be understood must fail its call at once rather than leave it to its timeout.
//!
//! | module | provides |
//! |---|---|
//! | `transport` | the connection for MCP's library |
//! | `line_reader` | lines of bounded length |
//! | `id_scanner` | the id of a message that cannot be read |
//! | `text` | text that is almost JSON, as JSON |
//! | `message` | a line as a message |
//! | `tools`, `content`, `handshake` | the results that the runtime uses, reduced to what can be understood |

mod content;
mod handshake;
mod id_scanner;
mod line_reader;
mod message;
mod text;
mod tools;
mod transport;

pub(super) use line_reader::MAX_MESSAGE_BYTES;
pub(super) use transport::McpTransport;

/// A message as a text that MCP's library can read; unchanged where it is none, or a batch.
pub(super) fn lenient(text: String, server: &str) -> String {
    match &message::read(text.as_bytes(), server)[..] {
        [message] => serde_json::to_string(message).unwrap_or(text),
        _ => text,
    }
}

/// The number of messages in a line, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(super) fn read(line: &[u8]) -> usize {
    message::read(line, "the test").len()
}
