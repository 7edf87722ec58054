//! Writes blobs and documents to a registry (OCI distribution specification, "Push").

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use loom_base::{loopback::is_loopback_url, redact};
use loom_http::{
    Method, SmallResponse,
    header::{self, HeaderMap},
};
use loom_source::{Digest, SourceError};
use url::Url;

use super::{
    RegistryTransport, refusal,
    registry_call::{CallBody, RegistryCall},
};
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

impl RegistryTransport {
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
