//! [`RegistryCall`]: a request that changes a registry, or asks whether something is there, and how it is sent.

use std::{
    fs::File,
    io::{Seek as _, SeekFrom},
    path::Path,
    time::Duration,
};

use bytes::Bytes;
use loom_base::{backoff::jitter, redact};
use loom_http::{
    HttpCall, Method, SmallResponse, UploadBody,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use loom_source::SourceErrorKind;
use url::Url;

use super::{RegistryTransport, authorizer::RefusedRequest, call_text, refusal};
use crate::image_write_error::ImageWriteError;

/// The longest pause that a registry can ask for. After that its error is returned, and the user decides when to try again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A request that changes a registry, or asks whether something is there.
pub(super) struct RegistryCall<'a> {
    method: Method,
    pub(super) url: Url,
    headers: HeaderMap,
    body: CallBody<'a>,
    /// Whether it can be sent again after it failed. A session of an upload ends with its first answer, also where that
    /// is lost.
    is_repeatable: bool,
}

/// The body of a [`RegistryCall`].
pub(super) enum CallBody<'a> {
    Bytes(Bytes),
    /// A part of a file.
    Part {
        path: &'a Path,
        from: u64,
        length: u64,
    },
}

impl<'a> RegistryCall<'a> {
    pub(super) fn new(method: Method, url: Url) -> Self {
        let (headers, body) = (HeaderMap::new(), CallBody::Bytes(Bytes::new()));
        Self { method, url, headers, body, is_repeatable: true }
    }

    /// A request of the session of an upload.
    pub(super) fn of_session(method: Method, url: Url) -> Self {
        Self { is_repeatable: false, ..Self::new(method, url) }
            .header(header::CONTENT_TYPE, "application/octet-stream")
    }

    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn body(mut self, body: CallBody<'a>) -> Self {
        self.body = body;
        self
    }
}

impl RegistryTransport {
    /// The response to a request, with the authorization that the registry asks for. Another origin gets none.
    pub(super) async fn call(
        &self,
        repository: &str,
        call: &RegistryCall<'_>,
    ) -> Result<SmallResponse, ImageWriteError> {
        let is_own = call.url.origin() == self.root.origin();
        let mut sent = if is_own { self.authorizer.current(repository).await } else { None };
        let mut is_fresh = false;
        loop {
            let response = self.patiently_called(call, sent.as_ref()).await?;
            if !matches!(response.status, 401 | 403) {
                return Ok(response);
            }
            if !is_own {
                return Err(refusal::denied(&call.url, &response).into());
            }
            let SmallResponse { status, headers, .. } = &response;
            let status = *status;
            let refused =
                RefusedRequest { repository, status, headers, sent: sent.as_ref(), is_fresh };
            match self.authorizer.after(&self.client, refused, &self.skipped).await? {
                Some(next) => (sent, is_fresh) = (Some(next), true),
                None => return Err(refusal::denied(&call.url, &response).into()),
            }
        }
    }

    /// The response to a request that is repeated after the pause that the registry asks for, also where that is longer than
    /// an answer may take.
    async fn patiently_called(
        &self,
        call: &RegistryCall<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<SmallResponse, ImageWriteError> {
        let mut made = 0;
        loop {
            let error = match self.call_once(call, authorization).await {
                Err(ImageWriteError::Answer(error)) if call.is_repeatable => error,
                response => return response,
            };
            made += 1;
            // Shorter pauses were kept before.
            let is_long = |pause: &Duration| *pause >= self.client.network().timeout;
            match self.pause(made, &error.kind).filter(is_long) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error.into()),
            }
        }
    }

    /// The pause before something is tried again; `None` where it is not.
    pub(super) fn pause(&self, made: u32, error: &SourceErrorKind) -> Option<Duration> {
        let pause = self.client.network().retry.pause(made, error, jitter());
        pause.filter(|pause| *pause <= LONGEST_PAUSE)
    }

    async fn call_once(
        &self,
        call: &RegistryCall<'_>,
        authorization: Option<&HeaderValue>,
    ) -> Result<SmallResponse, ImageWriteError> {
        let RegistryCall { method, url, headers, body, is_repeatable } = call;
        let mut headers = headers.clone();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.clone());
        }
        let made = |headers, bytes| {
            let made = HttpCall::new(method.clone(), url.clone(), headers, bytes);
            let made = made.allow_html().document();
            if *is_repeatable { made } else { made.once() }
        };
        let response = match body {
            CallBody::Bytes(bytes) => {
                if bytes.is_empty() && *method != Method::HEAD {
                    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
                }
                self.client.call(&made(headers, bytes.clone())).await?
            }
            CallBody::Part { path, from, length } => {
                let file = part(path, *from);
                let file = file.map_err(|source| unread(path, source))?;
                let body = UploadBody { file, length: *length };
                self.client.upload(&made(headers, Bytes::new()), body).await?
            }
        };
        if *method == Method::HEAD {
            let (status, headers) = (response.status.as_u16(), response.headers);
            return Ok(SmallResponse { status, headers, body: Bytes::new(), location: None });
        }
        Ok(call_text::small(&redact::url(url), response).await?)
    }

    /// The answer for something that is there; `None` where it is not.
    pub(super) async fn head(
        &self,
        repository: &str,
        url: Url,
        accept: &str,
    ) -> Result<Option<SmallResponse>, ImageWriteError> {
        let call = RegistryCall::new(Method::HEAD, url).header(header::ACCEPT, accept);
        let response = self.call(repository, &call).await?;
        match response.status {
            200 if refusal::is_html(&response.headers) => Err(refusal::page(&call.url).into()),
            // Where the bytes are somewhere else, they are there.
            200..=399 => Ok(Some(response)),
            404 | 410 => Ok(None),
            _ => Err(refusal::status(&call.url, &response).into()),
        }
    }
}

/// A file from an offset.
fn part(path: &Path, from: u64) -> std::io::Result<File> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    Ok(file)
}

fn unread(path: &Path, source: std::io::Error) -> ImageWriteError {
    ImageWriteError::Read { path: path.display().to_string(), source }
}
