//! [`UploadBody`]: a file that is sent as the body of a request.

use std::{
    fs::File,
    io::{self, Read as _},
};

use bytes::Bytes;
use futures::stream;
use loom_base::redact;
use loom_source::{RangeRequest, SourceError};
use reqwest::{
    Body,
    header::{self, HeaderValue},
};

use super::{
    CallResponse, Client, HttpCall,
    attempts::{Hop, RequestAttempts},
};
use crate::connect_timings::ConnectTimings;

/// The number of bytes that are read and sent at once.
const PIECE: u64 = 128 * 1024;

/// A file that is sent as the body of a request, piece by piece: its size is no matter of memory.
#[derive(Debug)]
pub struct UploadBody {
    /// The open file, at the first byte to send.
    pub file: File,
    /// The number of bytes to send, which is the `Content-Length`. A file that has fewer is an error of the request.
    pub length: u64,
}

impl Client {
    /// Sends a request whose body is a file, once, and returns the response, refusals and redirects included. Transient
    /// statuses (408, 425, 429, 5xx) are errors; the request is never repeated, as the server may have taken it.
    ///
    /// The settings' [`timeout`](crate::NetworkSettings::timeout) limits the time without progress: until the next
    /// piece is taken, and from the last piece to the response.
    ///
    /// # Errors
    /// Where there is no response, or a transient one.
    pub async fn upload(
        &self,
        call: &HttpCall,
        body: UploadBody,
    ) -> Result<CallResponse, SourceError> {
        let url = &call.request.url;
        self.check_url(url)?;
        let attempts = RequestAttempts::new(&call.request, &self.network);
        let at = redact::url(url);
        let timings = ConnectTimings::begin();
        let mut request = call.to_request();
        request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(body.length));
        *request.body_mut() = Some(watched(body, timings.clone()));
        let headers = &call.request.headers;
        let hop = Hop { url, headers, range: &RangeRequest::whole(), at: &at };
        let response = self.execute_timed(&attempts, &hop, request, &timings).await?;
        // The time for a small document begins when all of the body was taken.
        let reading = match call.is_document {
            true => RequestAttempts::at_document(&call.request, &self.network),
            false => RequestAttempts::new(&call.request, &self.network),
        };
        let reading = RequestAttempts { deadline: attempts.deadline, ..reading };
        self.call_response(call, &reading, at.clone(), response).await
    }
}

/// The body of the request. Each piece that is taken is progress.
fn watched(body: UploadBody, timings: ConnectTimings) -> Body {
    let UploadBody { file, length } = body;
    let pieces = stream::unfold((file, length), move |(mut file, left)| {
        timings.sent();
        let piece = (left > 0).then(|| read_piece(&mut file, left));
        futures::future::ready(piece.map(|piece| {
            let left = piece.as_ref().map_or(0, |piece| left - piece.len() as u64);
            (piece, (file, left))
        }))
    });
    Body::wrap_stream(pieces)
}

/// The next bytes of the file. Read at once: a local disk answers faster than a task could be moved.
fn read_piece(file: &mut File, left: u64) -> io::Result<Bytes> {
    let mut piece = Vec::new();
    file.take(left.min(PIECE)).read_to_end(&mut piece)?;
    if piece.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
    }
    Ok(piece.into())
}
