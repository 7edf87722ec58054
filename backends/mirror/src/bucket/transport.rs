//! [`BucketTransport`]: a prefix in a bucket.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, TryStreamExt as _};
use loom_http::{NetworkError, NetworkSettings};
use loom_source::{
    Download, RangeRequest, SkippedEntries, SourceError, SourceErrorKind, Validator,
};
use object_store::{
    GetOptions, GetRange, GetResult, ObjectMeta, list::PaginatedListOptions, path::Path as Key,
};

use super::{
    bucket_endpoint::BucketEndpoint,
    bucket_url::BucketUrl,
    client::{self, BucketClient},
    connector::{BucketConnector, ObjectRequest},
    listing_page::{ListingPage, ListingRequest},
    object_status::{ObjectStatus, ObjectStatusError},
    options::ObjectOptions,
};
use crate::transport::{Entries, Transport};

/// How many pages of a listing are read. Each page has at most some thousand names, and may have none.
const MAX_PAGES: usize = 1000;

/// The largest size of all pages of a listing together, in bytes.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// A prefix in a bucket.
pub(crate) struct BucketTransport {
    bucket: BucketUrl,
    endpoint: BucketEndpoint,
    options: ObjectOptions,
    connector: BucketConnector,
    /// The client, or why there are no credentials for it. Opened at the first use, since that reads files.
    client: OnceLock<Result<Box<dyn BucketClient>, String>>,
    /// Whether listing has been refused.
    list_refused: AtomicBool,
    skipped: SkippedEntries,
}

impl fmt::Debug for BucketTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketTransport({} at {})", self.bucket, self.endpoint.text())
    }
}

impl BucketTransport {
    pub(crate) fn new(
        bucket: BucketUrl,
        endpoint: BucketEndpoint,
        options: ObjectOptions,
        network: NetworkSettings,
    ) -> Result<Self, NetworkError> {
        let connector = BucketConnector::new(bucket.to_string(), endpoint.url.clone(), network)?;
        Ok(Self {
            bucket,
            endpoint,
            options,
            connector,
            client: OnceLock::new(),
            list_refused: AtomicBool::new(false),
            skipped: SkippedEntries::default(),
        })
    }

    pub(super) fn client(&self) -> Result<&dyn BucketClient, SourceError> {
        self.connector.check_endpoint()?;
        let open =
            || client::open(&self.bucket, &self.endpoint, &self.options, self.connector.clone());
        match self.client.get_or_init(open) {
            Ok(client) => Ok(client.as_ref()),
            Err(reason) => {
                let kind = SourceErrorKind::NoCredentials { reason: reason.clone() };
                Err(SourceError::new(self.bucket.to_string(), kind))
            }
        }
    }

    pub(super) fn object_key(&self, key: &str) -> Result<Key, SourceError> {
        Key::parse(self.bucket.key(key)).map_err(|e| self.malformed(key, e.to_string()))
    }

    /// The key in the bucket.
    pub(super) fn bucket_key(&self, key: &str) -> String {
        self.bucket.key(key)
    }

    fn malformed(&self, key: &str, why: String) -> SourceError {
        SourceError::malformed(self.location(key), why)
    }

    /// The status that an error of `object_store` carries; a failure where it carries none.
    pub(super) fn status(&self, key: &str, error: &object_store::Error) -> ObjectStatus {
        ObjectStatusError::status_of(error).unwrap_or_else(|| match error {
            // Azure answers a deletion with a list of statuses in the body of a response that succeeded.
            object_store::Error::NotFound { .. } => ObjectStatus::Absent,
            _ => ObjectStatus::Failed(self.malformed(key, innermost(error))),
        })
    }

    /// The error for a response that a request for a whole object has no use for.
    pub(super) fn unexpected(&self, key: &str, status: ObjectStatus) -> SourceError {
        match status {
            ObjectStatus::Failed(error) => error,
            status => {
                self.malformed(key, format!("unexpected response to a whole GET: {status:?}"))
            }
        }
    }

    pub(super) async fn get(
        &self,
        key: &str,
        range: &RangeRequest,
        is_document: bool,
    ) -> Result<GetResult, ObjectStatus> {
        let mut options = GetOptions::default();
        // A loose file of a tree may be an HTML page; every other HTML page is that of a proxy or login.
        let allow_html = key.starts_with("store/");
        options.extensions.insert(ObjectRequest { allow_html, is_document });
        if range.from > 0 {
            options.range = Some(GetRange::Offset(range.from));
            if let Some(Validator::Strong(tag)) = &range.validator {
                options.if_match = Some(tag.clone());
            }
        }
        let path = self.object_key(key).map_err(ObjectStatus::Failed)?;
        let client = self.client().map_err(ObjectStatus::Failed)?;
        client.get_opts(&path, options).await.map_err(|e| self.status(key, &e))
    }

    /// Size, time and tags of an object.
    pub(super) async fn head(&self, key: &str) -> Result<ObjectMeta, ObjectStatus> {
        let mut options = GetOptions { head: true, ..GetOptions::default() };
        options.extensions.insert(ObjectRequest { allow_html: true, is_document: true });
        let path = self.object_key(key).map_err(ObjectStatus::Failed)?;
        let client = self.client().map_err(ObjectStatus::Failed)?;
        let head = client.get_opts(&path, options).await;
        head.map(|object| object.meta).map_err(|e| self.status(key, &e))
    }

    /// All bytes of an object of at most `max_bytes` bytes.
    pub(super) async fn read_all(
        &self,
        key: &str,
        object: GetResult,
        max_bytes: usize,
    ) -> Result<Bytes, SourceError> {
        let mut download = self.download(key, object, 0);
        let mut bytes = BytesMut::new();
        while let Some(piece) = download.body.next().await {
            let piece = piece?;
            if bytes.len() + piece.len() > max_bytes {
                return Err(self.malformed(key, format!("it has more than {max_bytes} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// An object from the requested offset where it is unchanged, else from 0; and the offset.
    async fn get_range(
        &self,
        key: &str,
        range: &RangeRequest,
    ) -> Result<(GetResult, u64), ObjectStatus> {
        if range.from == 0 {
            return self.get(key, range, false).await.map(|object| (object, 0));
        }
        match self.get(key, range, false).await {
            Ok(object) if range.validator.is_none() || validator(&object) == range.validator => {
                Ok((object, range.from))
            }
            Err(ObjectStatus::RangeBeyondEnd(Some(end))) if end == range.from => {
                Err(ObjectStatus::RangeBeyondEnd(Some(end)))
            }
            Ok(_)
            | Err(
                ObjectStatus::Changed
                | ObjectStatus::RangeIgnored
                | ObjectStatus::RangeBeyondEnd(_),
            ) => self.get(key, &RangeRequest::whole(), false).await.map(|object| (object, 0)),
            Err(status) => Err(status),
        }
    }

    fn download(&self, key: &str, object: GetResult, start: u64) -> Download {
        let total = Some(object.meta.size);
        let validator = validator(&object);
        let location = self.location(key);
        let body = object.into_stream().map_err(move |e| match ObjectStatusError::status_of(&e) {
            Some(ObjectStatus::Failed(error)) => error,
            _ => SourceError::malformed(location.clone(), innermost(&e)),
        });
        Download { start, total, validator, body: body.boxed() }
    }

    /// All pages of the listing of `prefix`.
    async fn pages(&self, prefix: &str) -> Result<Entries, SourceError> {
        let mut entries = Entries::default();
        let mut tokens = BTreeSet::new();
        let mut before = Entries::default();
        let mut left = MAX_BYTES;
        let mut token = None;
        for _ in 0..MAX_PAGES {
            let ListingPage { entries: page, next, bytes } = self.page(prefix, token).await?;
            if page == before && page != Entries::default() {
                return Err(
                    self.malformed("", "a page of its listing repeats the one before".into())
                );
            }
            left = left.checked_sub(bytes).ok_or_else(|| {
                self.malformed("", format!("its listing has more than {MAX_BYTES} bytes"))
            })?;
            entries.folders.extend_from_slice(&page.folders);
            entries.files.extend_from_slice(&page.files);
            entries.check_count(&self.bucket.to_string())?;
            let Some(next) = next else { return Ok(entries) };
            if !tokens.insert(next.clone()) {
                return Err(self.malformed("", "the pages of its listing have no end".into()));
            }
            (before, token) = (page, Some(next));
        }
        Err(self.malformed("", format!("its listing has more than {MAX_PAGES} pages")))
    }

    /// One page of the listing of `prefix`: the first, or the one that a token names.
    async fn page(&self, prefix: &str, token: Option<String>) -> Result<ListingPage, SourceError> {
        let request = ListingRequest::default();
        let mut options = PaginatedListOptions {
            delimiter: Some("/".into()),
            page_token: token,
            ..Default::default()
        };
        options.extensions.insert(request.clone());
        let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
        let sent = self.client()?.list_paginated(prefix, options).await;
        sent.map_err(|e| self.list_error(&e))?;
        match request.take() {
            Some(body) => ListingPage::read(&body, prefix.unwrap_or_default(), &self.skipped)
                .map_err(|why| self.malformed("", format!("its listing: {why}"))),
            None => Err(self.malformed("", "its listing was not received".to_owned())),
        }
    }

    /// The error of a failed listing.
    fn list_error(&self, error: &object_store::Error) -> SourceError {
        let at = self.bucket.to_string();
        match self.status("", error) {
            ObjectStatus::Failed(
                error @ SourceError { kind: SourceErrorKind::AccessDenied(_), .. },
            ) => SourceError { at: format!("the listing of {at}"), ..error },
            ObjectStatus::Failed(error) => error,
            _ => SourceError::read(at, "there is no such bucket"),
        }
    }
}

#[async_trait]
impl Transport for BucketTransport {
    async fn get_bytes(&self, key: &str, max_bytes: usize) -> Result<Option<Bytes>, SourceError> {
        match self.get(key, &RangeRequest::whole(), true).await {
            Ok(object) => self.read_all(key, object, max_bytes).await.map(Some),
            Err(ObjectStatus::Absent) => Ok(None),
            Err(status) => Err(self.unexpected(key, status)),
        }
    }

    async fn open(&self, key: &str, range: &RangeRequest) -> Result<Option<Download>, SourceError> {
        match self.get_range(key, range).await {
            Ok((object, start)) => Ok(Some(self.download(key, object, start))),
            Err(ObjectStatus::Absent) => Ok(None),
            Err(ObjectStatus::RangeBeyondEnd(_)) => Ok(Some(empty_rest(range))),
            Err(status) => Err(self.unexpected(key, status)),
        }
    }

    async fn list(&self, folder: &str) -> Result<Option<Entries>, SourceError> {
        let mut prefix = self.bucket.key(folder);
        if !prefix.is_empty() {
            prefix.push('/');
        }
        let entries = self.pages(&prefix).await;
        if entries.as_ref().is_err_and(|error| error.kind.may_be_absent()) {
            self.list_refused.store(true, Ordering::Relaxed);
        }
        entries.map(Some)
    }

    fn can_list(&self) -> bool {
        !self.list_refused.load(Ordering::Relaxed)
    }

    fn unlistable_reason(&self) -> &'static str {
        "the bucket may not be listed, and there is no index; give --version"
    }

    fn skipped(&self) -> &SkippedEntries {
        &self.skipped
    }

    fn location(&self, key: &str) -> String {
        if key.is_empty() {
            return self.bucket.to_string();
        }
        format!("{}/{key}", self.bucket.to_string().trim_end_matches('/'))
    }
}

/// The download where an object ends at the requested offset: no bytes.
fn empty_rest(range: &RangeRequest) -> Download {
    let body = futures::stream::empty().boxed();
    let validator = range.validator.clone();
    Download { start: range.from, total: Some(range.from), validator, body }
}

/// The entity tag of an object. Object stores without entity tags have no other reliable validator.
fn validator(object: &GetResult) -> Option<Validator> {
    let tag = object.meta.e_tag.clone()?;
    let strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
    Some(if strong { Validator::Strong(tag) } else { Validator::Weak(tag) })
}

/// The innermost cause. The outer ones contain URLs with their queries, which may hold signatures.
fn innermost(error: &object_store::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
