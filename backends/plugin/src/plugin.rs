//! The source.

use std::{
    ffi::OsString,
    fmt,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use loom_source::{
    AssetRef, Capabilities, Download, ListingScope, Offer, Product, RangeRequest, Release, Source,
    SourceError, SourceErrorKind, Validator, VersionListing,
};
use serde_json::Value;

use crate::{
    bytes,
    talk::PluginSession,
    words::{PluginRequest, PluginResponse},
};

/// Releases from a third-party program.
#[derive(Debug)]
pub struct Plugin {
    options: PluginOptions,
    /// As it said last; before it has said anything, that it can list.
    can: Mutex<Capabilities>,
}

/// The program of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// Here.
    At(PathBuf),
    /// There is none, and why.
    Missing(String),
}

/// What a plugin is opened with.
#[derive(Clone)]
pub struct PluginOptions {
    /// Its name: the program is called `loom-source-<name>`.
    pub name: String,
    /// The program.
    pub program: Program,
    /// What it is told in its hello; may hold secrets.
    pub options: Value,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The longest time without progress: for an answer, and between two pieces of bytes.
    pub timeout: Duration,
    /// The longest time for one question with all its bytes, where there is a limit.
    pub total_timeout: Option<Duration>,
    /// Whether nothing beyond this machine may be asked: then it is not started, for nobody knows what it asks.
    pub offline: bool,
}

/// Without the values of options and variables: they may be secrets.
impl fmt::Debug for PluginOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, program, timeout, total_timeout, offline, .. } = self;
        f.debug_struct("PluginOptions")
            .field("name", name)
            .field("program", program)
            .field("timeout", timeout)
            .field("total_timeout", total_timeout)
            .field("offline", offline)
            .finish_non_exhaustive()
    }
}

impl PluginOptions {
    /// How it is shown.
    pub(crate) fn at(&self) -> String {
        format!("plugin:{}", self.name)
    }

    /// The texts of its options that are long enough to be secrets.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        collect(&self.options, &mut secrets);
        // A longer one may hold a shorter one.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}

fn collect(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= 6 => secrets.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, secrets)),
        Value::Object(fields) => fields.values().for_each(|item| collect(item, secrets)),
        _ => {}
    }
}

impl Plugin {
    /// The plugin, not yet started.
    pub fn open(options: PluginOptions) -> Self {
        let can = Capabilities { releases: true, list: true, ..Capabilities::default() };
        Self { options, can: Mutex::new(can) }
    }

    async fn ask(
        &self,
        question: &PluginRequest<'_>,
    ) -> Result<(PluginResponse, PluginSession), SourceError> {
        let at = self.options.at();
        if self.options.offline {
            return Err(SourceError::new(at, SourceErrorKind::Offline));
        }
        let program = match &self.options.program {
            Program::At(program) => program,
            Program::Missing(why) => {
                return Err(SourceError::new(at, SourceErrorKind::Failed).caused_by(why.clone()));
            }
        };
        let (hello, said, talk) = PluginSession::ask(&self.options, program, question).await?;
        *self.can.lock().unwrap_or_else(PoisonError::into_inner) = hello.capabilities();
        Ok((said, talk))
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.options.at())
    }
}

#[async_trait]
impl Source for Plugin {
    fn capabilities(&self) -> Capabilities {
        *self.can.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        let Some(version) = release.slot.version() else { return Ok(None) };
        let (said, talk) = self.ask(&PluginRequest::find(release, version)).await?;
        match said {
            PluginResponse::Offer(None) => Ok(None),
            PluginResponse::Offer(Some(offered)) => {
                let offer = offered.into_offer(&talk.at);
                let offer = offer.map_err(|why| talk.malformed(why.to_owned()))?;
                Ok(Some(offer).filter(|offer| !offer.artifacts.is_empty()))
            }
            other => Err(talk.unexpected("offer", &other)),
        }
    }

    async fn list(
        &self,
        line: &Product,
        need: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let (said, talk) = self.ask(&PluginRequest::list(line, need)).await?;
        match said {
            PluginResponse::Versions(Some(versions)) => Ok(VersionListing::of(versions)),
            PluginResponse::Versions(None) => {
                Ok(VersionListing::Unlistable("the plugin cannot list; give --version"))
            }
            other => Err(talk.unexpected("versions", &other)),
        }
    }

    async fn open(&self, what: &AssetRef, from: &RangeRequest) -> Result<Download, SourceError> {
        let (said, talk) = self.ask(&PluginRequest::open(what, from)).await?;
        let head = match said {
            PluginResponse::Opened(head) => head,
            other => return Err(talk.unexpected("opened", &other)),
        };
        let validator = head.validator.map(Validator::Strong);
        let same = from.validator.is_none() || from.validator == validator;
        if head.start != 0 && (head.start != from.from || !same) || head.start > head.total {
            let of = if same { "" } else { " of something else" };
            let got = format!("those from {} of {}{of}", head.start, head.total);
            let kind = SourceErrorKind::RangeMismatch { requested: from.from, got };
            return Err(SourceError::new(talk.at.clone(), kind));
        }
        let body = bytes::body(talk, head.total - head.start);
        Ok(Download { start: head.start, total: Some(head.total), validator, body })
    }
}
