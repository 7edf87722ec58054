//! HTTP/1.1, as much of it as clients use here.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    thread,
};

use crate::faults::Fault;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The path's parts, decoded.
    pub(crate) fn parts(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap_or_default();
        let decoded = |part: &str| {
            percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
        };
        path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A number of the query.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The next request of a connection; `None` at its end.
pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
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
    let length = headers.get("content-length").and_then(|length: &String| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Some(Request { method, target, headers, body }))
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let answer = Self { status, headers: Vec::new(), body: body.into() };
        answer.with("Content-Type", kind)
    }

    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", "").with("Location", to)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it, or as much of it as the fault lets; whether the connection may go on.
    pub(crate) fn send(
        &self,
        stream: &mut impl Write,
        head_only: bool,
        fault: Option<&Fault>,
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
            Some(Fault::Cut(sent) | Fault::Stall(sent)) => {
                stream.write_all(&self.body[..(*sent).min(self.body.len())])?;
                stream.flush()?;
                if matches!(fault, Some(Fault::Stall(_))) {
                    wait();
                }
                return Ok(false);
            }
            Some(Fault::Drip(size, pause)) => {
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
