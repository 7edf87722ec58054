//! `s3://`, `gs://` and `az://`, through `object_store`.
//!
//! | module | holds |
//! |---|---|
//! | `options` | what an object store is asked with |
//! | `place` | bucket, prefix and endpoint |
//! | `bucket` | the library's view of it, and its credentials |
//! | `wire` | the library's way to the network: `loom-http` |
//! | `said` | refusals and the like |

mod bucket;
mod options;
pub(crate) mod place;
mod said;
mod wire;

use std::{
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
use loom_source::{Download, RangeRequest, SourceError, SourceErrorKind, Validator};
use object_store::{
    GetOptions, GetRange, GetResult, list::PaginatedListOptions, path::Path as Key,
};

use self::{
    bucket::Bucket,
    place::{BucketEndpoint, BucketUrl},
    said::{Carried, ObjectStatus},
    wire::{Object, Wire},
};
use crate::transport::{Entries, Transport};

pub use options::{ObjectOptions, VARIABLES};

/// How many pages of a listing are read; each holds a thousand names.
const PAGES: usize = 1000;

/// A prefix in a bucket.
pub(crate) struct Objects {
    place: BucketUrl,
    endpoint: BucketEndpoint,
    options: ObjectOptions,
    wire: Wire,
    /// Opened at the first use: that reads files of credentials.
    opened: OnceLock<Result<Box<dyn Bucket>, String>>,
    /// Whether listing has been refused.
    unlisted: AtomicBool,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({} at {})", self.place, self.endpoint.text())
    }
}

impl Objects {
    pub(crate) fn new(
        place: BucketUrl,
        endpoint: BucketEndpoint,
        options: ObjectOptions,
        network: NetworkSettings,
    ) -> Result<Self, NetworkError> {
        let wire = Wire::new(place.to_string(), endpoint.url.clone(), network)?;
        let (opened, unlisted) = (OnceLock::new(), AtomicBool::new(false));
        Ok(Self { place, endpoint, options, wire, opened, unlisted })
    }

    fn bucket(&self) -> Result<&dyn Bucket, SourceError> {
        self.wire.admits()?;
        let open = || bucket::open(&self.place, &self.endpoint, &self.options, self.wire.clone());
        match self.opened.get_or_init(open) {
            Ok(bucket) => Ok(bucket.as_ref()),
            Err(why) => {
                let at = self.place.to_string();
                let kind = SourceErrorKind::NoCredentials { reason: why.clone() };
                Err(SourceError::new(at, kind))
            }
        }
    }

    fn key(&self, key: &str) -> Result<Key, SourceError> {
        Key::parse(self.place.key(key)).map_err(|e| self.malformed(key, e.to_string()))
    }

    fn malformed(&self, key: &str, why: String) -> SourceError {
        SourceError::malformed(self.at(key), why)
    }

    /// What the library's error means.
    fn said(&self, key: &str, error: &object_store::Error) -> ObjectStatus {
        Carried::out_of(error)
            .unwrap_or_else(|| ObjectStatus::Failed(self.malformed(key, innermost(error))))
    }

    async fn get(&self, key: &str, from: &RangeRequest) -> Result<GetResult, ObjectStatus> {
        let mut options = GetOptions::default();
        options.extensions.insert(Object { page: key.starts_with("store/") });
        if from.from > 0 {
            options.range = Some(GetRange::Offset(from.from));
            if let Some(Validator::Strong(tag)) = &from.validator {
                options.if_match = Some(tag.clone());
            }
        }
        let path = self.key(key).map_err(ObjectStatus::Failed)?;
        let bucket = self.bucket().map_err(ObjectStatus::Failed)?;
        bucket.get_opts(&path, options).await.map_err(|e| self.said(key, &e))
    }

    /// An object from where it is to continue, or from its beginning if it cannot.
    async fn resumed(
        &self,
        key: &str,
        from: &RangeRequest,
    ) -> Result<(GetResult, u64), ObjectStatus> {
        if from.from == 0 {
            return self.get(key, from).await.map(|got| (got, 0));
        }
        match self.get(key, from).await {
            Ok(got) if from.validator.is_none() || validator(&got) == from.validator => {
                Ok((got, from.from))
            }
            Err(ObjectStatus::Beyond(Some(end))) if end == from.from => {
                Err(ObjectStatus::Beyond(Some(end)))
            }
            Ok(_) | Err(ObjectStatus::Changed | ObjectStatus::Whole | ObjectStatus::Beyond(_)) => {
                self.get(key, &RangeRequest::whole()).await.map(|got| (got, 0))
            }
            Err(said) => Err(said),
        }
    }

    fn opened(&self, key: &str, got: GetResult, start: u64) -> Download {
        let (total, validator) = (Some(got.meta.size), validator(&got));
        let (bucket, name) = (self.place.clone(), key.to_owned());
        let body = got.into_stream().map_err(move |e| match Carried::out_of(&e) {
            Some(ObjectStatus::Failed(error)) => error,
            _ => SourceError::malformed(at(&bucket, &name), innermost(&e)),
        });
        Download { start, total, validator, body: body.boxed() }
    }

    async fn pages(&self, prefix: &str) -> Result<Entries, SourceError> {
        let bucket = self.bucket()?;
        let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
        let mut entries = Entries::default();
        let mut options =
            PaginatedListOptions { delimiter: Some("/".into()), ..Default::default() };
        for _ in 0..PAGES {
            let page = bucket.list_paginated(prefix, options.clone()).await;
            let page = page.map_err(|e| self.unlisted(&e))?;
            let name = |key: &Key| key.filename().unwrap_or_default().to_owned();
            let listed = page.result;
            entries.folders.extend(listed.common_prefixes.iter().map(name));
            entries.files.extend(listed.objects.iter().map(|o| (name(&o.location), o.size)));
            match page.page_token.filter(|token| !token.is_empty()) {
                Some(token) => options.page_token = Some(token),
                None => return Ok(entries),
            }
        }
        Err(self.malformed("", format!("its listing has more than {PAGES} pages")))
    }

    /// Why a listing failed.
    fn unlisted(&self, error: &object_store::Error) -> SourceError {
        let at = self.place.to_string();
        match self.said("", error) {
            ObjectStatus::Failed(
                error @ SourceError { kind: SourceErrorKind::AccessDenied(_), .. },
            ) => SourceError { at: format!("the listing of {at}"), ..error },
            ObjectStatus::Failed(error) => error,
            _ => SourceError::read(at, "there is no such bucket"),
        }
    }
}

#[async_trait]
impl Transport for Objects {
    async fn small(&self, key: &str, cap: usize) -> Result<Option<Bytes>, SourceError> {
        let Some(mut opened) = self.open(key, &RangeRequest::whole()).await? else {
            return Ok(None);
        };
        let mut all = BytesMut::new();
        while let Some(piece) = opened.body.next().await {
            let piece = piece?;
            if all.len() + piece.len() > cap {
                return Err(self.malformed(key, format!("it has more than {cap} bytes")));
            }
            all.extend_from_slice(&piece);
        }
        Ok(Some(all.freeze()))
    }

    async fn open(&self, key: &str, from: &RangeRequest) -> Result<Option<Download>, SourceError> {
        match self.resumed(key, from).await {
            Ok((got, start)) => Ok(Some(self.opened(key, got, start))),
            Err(ObjectStatus::Absent) => Ok(None),
            Err(ObjectStatus::Beyond(_)) => Ok(Some(nothing_left(from))),
            Err(ObjectStatus::Failed(error)) => Err(error),
            Err(said) => Err(self.malformed(key, format!("it was asked for whole: {said:?}"))),
        }
    }

    async fn list(&self, folder: &str) -> Result<Option<Entries>, SourceError> {
        let mut prefix = self.place.key(folder);
        if !prefix.is_empty() {
            prefix.push('/');
        }
        let listed = self.pages(&prefix).await;
        if listed.as_ref().is_err_and(|error| error.kind.may_be_absent()) {
            self.unlisted.store(true, Ordering::Relaxed);
        }
        listed.map(Some)
    }

    fn can_list(&self) -> bool {
        !self.unlisted.load(Ordering::Relaxed)
    }

    fn unlistable(&self) -> &'static str {
        "the bucket may not be listed, and there is no index; give --version"
    }

    fn at(&self, key: &str) -> String {
        at(&self.place, key)
    }
}

/// The answer where an object ends at the offset that was asked for.
fn nothing_left(from: &RangeRequest) -> Download {
    let body = futures::stream::empty().boxed();
    Download { start: from.from, total: Some(from.from), validator: from.validator.clone(), body }
}

fn at(place: &BucketUrl, key: &str) -> String {
    if key.is_empty() {
        return place.to_string();
    }
    format!("{}/{key}", place.to_string().trim_end_matches('/'))
}

/// The entity tag; stores of objects that have none say nothing else that could be relied on.
fn validator(got: &GetResult) -> Option<Validator> {
    let tag = got.meta.e_tag.clone()?;
    let strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
    Some(if strong { Validator::Strong(tag) } else { Validator::Weak(tag) })
}

/// The innermost cause: the outer ones hold addresses with their queries.
fn innermost(error: &object_store::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
