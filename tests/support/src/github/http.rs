//! HTTP/1.1 requests and responses, as far as the clients of the tests use them.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    thread,
};

use super::fault::GithubFault;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct RawRequest {
    pub(super) method: String,
    /// The path and the query.
    pub(super) target: String,
    /// The headers, by lower-case name.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl RawRequest {
    /// The segments of the path, decoded.
    pub(super) fn parts(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap_or_default();
        let decoded = |part: &str| {
            percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
        };
        path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
    }

    /// The path without the query.
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A number in the query.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok())
    }

    /// A text in the query, decoded.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The next request of a connection without its body; `None` at the end.
pub(super) fn read_head(stream: &mut impl BufRead) -> io::Result<Option<RawRequest>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned())
            }
            None => break,
        };
    }
    Ok(Some(RawRequest { method, target, headers, body: Vec::new() }))
}

/// Reads the body of a request, or the first `limit` bytes of it.
pub(super) fn read_body(
    stream: &mut impl BufRead,
    request: &mut RawRequest,
    limit: usize,
) -> io::Result<()> {
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    request.body = vec![0; length.unwrap_or(0).min(limit)];
    stream.read_exact(&mut request.body)
}

/// A response.
#[derive(Debug, Clone)]
pub(super) struct RawResponse {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl RawResponse {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let response = Self { status, headers: Vec::new(), body: body.into() };
        response.with("Content-Type", content_type)
    }

    pub(super) fn redirect(status: u16, to: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", "").with("Location", to)
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends the response, or as much of it as the fault permits. Returns whether the connection can be used for
    /// another request.
    pub(super) fn send(
        &self,
        stream: &mut impl Write,
        head_only: bool,
        fault: Option<&GithubFault>,
        wait: impl FnOnce(),
    ) -> io::Result<bool> {
        let mut head = format!("HTTP/1.1 {} x\r\n", self.status);
        if self.status != 304 {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes())?;
        if head_only || self.status == 304 {
            stream.flush()?;
            return Ok(true);
        }
        match fault {
            Some(GithubFault::Cut(sent) | GithubFault::Stall(sent)) => {
                stream.write_all(&self.body[..(*sent).min(self.body.len())])?;
                stream.flush()?;
                if matches!(fault, Some(GithubFault::Stall(_))) {
                    wait();
                }
                return Ok(false);
            }
            Some(GithubFault::Drip(size, pause)) => {
                for piece in self.body.chunks(*size) {
                    thread::sleep(*pause);
                    stream.write_all(piece)?;
                    stream.flush()?;
                }
            }
            _ => stream.write_all(&self.body)?,
        }
        stream.flush()?;
        Ok(true)
    }
}
