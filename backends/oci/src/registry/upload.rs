//! Writes blobs and documents to a registry (OCI distribution specification, "Push").

use std::{
    fs::File,
    io::{Seek as _, SeekFrom},
    path::Path,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{backoff::jitter, loopback::is_loopback_url, redact};
use loom_http::{
    HttpCall, Method, SmallResponse, UploadBody,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use loom_source::{Digest, SourceError, SourceErrorKind};
use url::Url;

use super::{RegistryTransport, authorizer::RefusedRequest, call_text, refusal};
use crate::{
    image_store::{BlobContent, ImageBlob, ImageStore, WrittenDocument},
    image_write_error::ImageWriteError,
    manifest::parse_digest,
    mapping::{INDEX_TYPES, MANIFEST_TYPES},
    transport::ImageTransport as _,
};

/// The code with which a manifest is refused whose digest is not that of its bytes.
const INVALID: &str = "DIGEST_INVALID";

/// How long to wait before a manifest is sent again that is refused for its digest, which was made of its bytes: docker-registry
/// 2.8 reads the file that links a blob while another writer is writing it, and finds no digest in it.
const WRITER_PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// The largest blob that is sent in one request, and the size of the pieces of a larger one, in bytes. Some proxies before
/// registries refuse larger requests.
const PIECE: u64 = 64 * 1024 * 1024;

/// The longest pause that a registry can ask for. After that its error is returned, and the user decides when to try again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A request that changes a registry, or asks whether something is there.
struct RegistryCall<'a> {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: CallBody<'a>,
    /// Whether it can be sent again after it failed. A session of an upload ends with its first answer, also where that
    /// is lost.
    is_repeatable: bool,
}

/// The body of a [`RegistryCall`].
enum CallBody<'a> {
    Bytes(Bytes),
    /// A part of a file.
    Part {
        path: &'a Path,
        from: u64,
        length: u64,
    },
}

impl<'a> RegistryCall<'a> {
    fn new(method: Method, url: Url) -> Self {
        let (headers, body) = (HeaderMap::new(), CallBody::Bytes(Bytes::new()));
        Self { method, url, headers, body, is_repeatable: true }
    }

    /// A request of the session of an upload.
    fn of_session(method: Method, url: Url) -> Self {
        Self { is_repeatable: false, ..Self::new(method, url) }
            .header(header::CONTENT_TYPE, "application/octet-stream")
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.insert(name, value);
        }
        self
    }

    fn body(mut self, body: CallBody<'a>) -> Self {
        self.body = body;
        self
    }
}

impl RegistryTransport {
    /// The response to a request, with the authorization that the registry asks for. Another origin gets none.
    async fn call(
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
    fn pause(&self, made: u32, error: &SourceErrorKind) -> Option<Duration> {
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
    async fn head(
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

    /// Sends a blob: in one request, or in pieces.
    async fn upload(&self, repository: &str, blob: &ImageBlob) -> Result<(), ImageWriteError> {
        let start = RegistryCall::new(Method::POST, self.url(repository, "blobs/uploads/"));
        let response = expect(&start.url, self.call(repository, &start).await?, &[202])?;
        let mut at = self.session(&start.url, &response)?;
        let mut body = match &blob.content {
            BlobContent::Bytes(bytes) => CallBody::Bytes(bytes.clone()),
            BlobContent::File(path) => CallBody::Part { path, from: 0, length: blob.size },
        };
        if let BlobContent::File(path) = &blob.content
            && blob.size > PIECE
        {
            at = self.pieces(repository, at, path, blob.size).await?;
            body = CallBody::Bytes(Bytes::new());
        }
        at.query_pairs_mut().append_pair("digest", &format!("sha256:{}", blob.digest));
        let end = RegistryCall::of_session(Method::PUT, at).body(body);
        let response = expect(&end.url, self.call(repository, &end).await?, &[200, 201])?;
        Ok(check_stated(&end.url, &response.headers, &blob.digest)?)
    }

    /// Sends a file in pieces; returns where the upload is completed.
    async fn pieces(
        &self,
        repository: &str,
        mut at: Url,
        path: &Path,
        size: u64,
    ) -> Result<Url, ImageWriteError> {
        let mut from = 0;
        while from < size {
            let length = PIECE.min(size - from);
            let range = format!("{from}-{}", from + length - 1);
            let piece = RegistryCall::of_session(Method::PATCH, at)
                .header(header::CONTENT_RANGE, &range)
                .body(CallBody::Part { path, from, length });
            let response = expect(&piece.url, self.call(repository, &piece).await?, &[202])?;
            at = self.session(&piece.url, &response)?;
            from += length;
        }
        Ok(at)
    }

    /// The URL at which an upload goes on. It is protected as well as the registry itself, and no registry beyond this
    /// machine can name one on it.
    fn session(&self, url: &Url, response: &SmallResponse) -> Result<Url, ImageWriteError> {
        let malformed = |why: &str| SourceError::malformed(redact::url(url), why);
        let location = response.headers.get(header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| malformed("its upload has no Location"))?;
        let mut next =
            url.join(location).map_err(|_| malformed("its upload has a bad Location"))?;
        if !matches!(next.scheme(), "http" | "https") {
            return Err(malformed("its upload goes on at no http URL").into());
        }
        // A server must not choose the credentials of a request.
        let _ = next.set_username("");
        let _ = next.set_password(None);
        let is_own = next.origin() == self.root.origin();
        let is_safe = next.scheme() == "https" && !is_loopback_url(&next);
        if !is_own && !is_safe && !is_loopback_url(&self.root) {
            let why = format!("its upload goes on at {}, which is not asked", redact::url(&next));
            return Err(malformed(&why).into());
        }
        Ok(next)
    }

    /// Puts a document at `manifests/<reference>`.
    async fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        written: &WrittenDocument,
    ) -> Result<SmallResponse, ImageWriteError> {
        let url = self.url(repository, &format!("manifests/{reference}"));
        let put = RegistryCall::new(Method::PUT, url)
            .header(header::CONTENT_TYPE, written.media_type)
            .body(CallBody::Bytes(written.document.bytes.clone()));
        let mut response = self.call(repository, &put).await?;
        for pause in WRITER_PAUSES {
            if response.status != 400 || refusal::code(&response.body).as_deref() != Some(INVALID) {
                break;
            }
            tokio::time::sleep(pause).await;
            response = self.call(repository, &put).await?;
        }
        let response = expect(&put.url, response, &[200, 201, 202])?;
        check_stated(&put.url, &response.headers, &written.document.digest)?;
        Ok(response)
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

/// The response, where it has one of these statuses.
fn expect(
    url: &Url,
    response: SmallResponse,
    statuses: &[u16],
) -> Result<SmallResponse, SourceError> {
    match response.status {
        200..=299 if refusal::is_html(&response.headers) => Err(refusal::page(url)),
        status if statuses.contains(&status) => Ok(response),
        _ => Err(refusal::rejected(url, &response)),
    }
}

/// Compares the digest that a registry states with the one of what it was sent.
fn check_stated(url: &Url, headers: &HeaderMap, expected: &Digest) -> Result<(), SourceError> {
    match digest_of(headers).filter(|stated| stated != expected) {
        None => Ok(()),
        Some(stated) => {
            let why = format!("expected the digest sha256:{expected}, got sha256:{stated}");
            Err(SourceError::damaged(redact::url(url), why))
        }
    }
}

/// The size that the answer for something states; `None` where it is about something else, such as a redirect.
fn size_of(response: &SmallResponse) -> Option<u64> {
    let length = response.headers.get(header::CONTENT_LENGTH).filter(|_| response.status == 200)?;
    length.to_str().ok()?.parse().ok()
}

/// The digest that a registry states.
fn digest_of(headers: &HeaderMap) -> Option<Digest> {
    let stated = headers.get("docker-content-digest")?.to_str().ok()?;
    parse_digest(stated)
}

#[async_trait]
impl ImageStore for RegistryTransport {
    async fn tag_digest(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<Digest>, ImageWriteError> {
        let accept = [INDEX_TYPES, MANIFEST_TYPES].concat().join(", ");
        let url = self.url(repository, &format!("manifests/{tag}"));
        let Some(there) = self.head(repository, url, &accept).await? else { return Ok(None) };
        match digest_of(&there.headers) {
            Some(digest) => Ok(Some(digest)),
            None => Ok(self.tagged(repository, tag).await?.map(|document| document.digest)),
        }
    }

    async fn has_blob(&self, repository: &str, blob: &ImageBlob) -> Result<bool, ImageWriteError> {
        let url = self.url(repository, &format!("blobs/sha256:{}", blob.digest));
        let Some(there) = self.head(repository, url.clone(), "*/*").await? else {
            return Ok(false);
        };
        check_stated(&url, &there.headers, &blob.digest)?;
        // One that was cut off is sent again.
        Ok(size_of(&there).is_none_or(|size| size == blob.size))
    }

    async fn put_blob(&self, repository: &str, blob: &ImageBlob) -> Result<(), ImageWriteError> {
        let mut made = 0;
        loop {
            let error = match self.upload(repository, blob).await {
                Ok(()) => break,
                Err(ImageWriteError::Answer(error)) => error,
                other => return other,
            };
            made += 1;
            match self.pause(made, &error.kind) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error.into()),
            }
            // The server may have taken a part: an upload is begun again, not continued. Where it took all of it, only the
            // answer was lost.
            if matches!(self.has_blob(repository, blob).await, Ok(true)) {
                return Ok(());
            }
        }
        if self.has_blob(repository, blob).await? {
            return Ok(());
        }
        let at = self.location(repository, &format!("sha256:{}", blob.digest));
        let why = format!("{} bytes were accepted, and are not there", blob.size);
        Err(SourceError::damaged(at, why).into())
    }

    async fn put_document(
        &self,
        repository: &str,
        document: &WrittenDocument,
    ) -> Result<bool, ImageWriteError> {
        let reference = format!("sha256:{}", document.document.digest);
        let response = self.put_manifest(repository, &reference, document).await?;
        Ok(response.headers.contains_key("oci-subject"))
    }

    async fn delete_document(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<bool, ImageWriteError> {
        let url = self.url(repository, &format!("manifests/sha256:{digest}"));
        let call = RegistryCall::new(Method::DELETE, url);
        let response = self.call(repository, &call).await?;
        match response.status {
            200 | 202 | 204 => Ok(true),
            404 | 410 => Ok(false),
            400 | 405 | 501 => {
                Err(ImageWriteError::Undeletable { at: self.location(repository, "") })
            }
            _ => Err(refusal::rejected(&call.url, &response).into()),
        }
    }

    async fn put_tag(
        &self,
        repository: &str,
        tag: &str,
        document: &WrittenDocument,
    ) -> Result<(), ImageWriteError> {
        self.put_manifest(repository, tag, document).await?;
        Ok(())
    }
}
