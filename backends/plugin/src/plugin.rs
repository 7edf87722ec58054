//! [`Plugin`]: the source.

use std::{fmt, sync::Mutex};

use async_trait::async_trait;
use loom_base::sync::LockExt as _;
use loom_source::{
    AssetRef, Capabilities, Download, ListingScope, Offer, Product, RangeRequest, Release,
    SkippedEntries, Source, SourceError, SourceErrorKind, Validator, VersionListing,
};

use crate::{
    body,
    messages::{BodyHeader, PluginRequest, PluginResponse},
    options::{PluginOptions, PluginProgram},
    session::PluginSession,
};

/// A source of releases that a third-party program fetches.
///
/// # Examples
/// See the [crate documentation](crate#examples).
#[derive(Debug)]
pub struct Plugin {
    options: PluginOptions,
    /// The capabilities of the last hello. Before the first hello, the plugin is assumed to list versions.
    capabilities: Mutex<Capabilities>,
    /// What the plugin listed that is no version.
    skipped: SkippedEntries,
}

impl Plugin {
    /// The source for these options. The program is not started before the first request.
    pub fn open(options: PluginOptions) -> Self {
        let assumed = Capabilities { releases: true, list: true, ..Capabilities::default() };
        Self { options, capabilities: Mutex::new(assumed), skipped: SkippedEntries::default() }
    }

    async fn request(
        &self,
        request: &PluginRequest<'_>,
    ) -> Result<(PluginResponse, PluginSession), SourceError> {
        let label = self.options.label();
        if self.options.offline {
            return Err(SourceError::new(label, SourceErrorKind::Offline));
        }
        let program = match &self.options.program {
            PluginProgram::Found(program) => program,
            PluginProgram::Missing(reason) => {
                let error = SourceError::new(label, SourceErrorKind::Failed);
                return Err(error.caused_by(reason.clone()));
            }
        };
        let (hello, response, session) =
            PluginSession::request(&self.options, program, request).await?;
        *self.capabilities.locked() = hello.capabilities();
        Ok((response, session))
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.options.label())
    }
}

#[async_trait]
impl Source for Plugin {
    fn capabilities(&self) -> Capabilities {
        *self.capabilities.locked()
    }

    async fn find(&self, release: &Release) -> Result<Option<Offer>, SourceError> {
        let Some(version) = release.slot.version() else { return Ok(None) };
        let (response, session) = self.request(&PluginRequest::find(release, version)).await?;
        match response {
            PluginResponse::Offer(None) => Ok(None),
            PluginResponse::Offer(Some(offer)) => {
                let offer = offer.into_offer(&session.label);
                let offer = offer.map_err(|reason| session.malformed(reason.to_owned()))?;
                Ok(Some(offer).filter(|offer| !offer.artifacts.is_empty()))
            }
            other => Err(session.unexpected("offer", &other)),
        }
    }

    async fn list(
        &self,
        product: &Product,
        scope: ListingScope,
    ) -> Result<VersionListing, SourceError> {
        let (response, session) = self.request(&PluginRequest::list(product, scope)).await?;
        match response {
            PluginResponse::Versions(Some(versions)) => {
                Ok(VersionListing::of(versions.read(&self.skipped)))
            }
            PluginResponse::Versions(None) => {
                Ok(VersionListing::Unlistable("the plugin cannot list versions; give --version"))
            }
            other => Err(session.unexpected("versions", &other)),
        }
    }

    async fn open(&self, asset: &AssetRef, range: &RangeRequest) -> Result<Download, SourceError> {
        let (response, session) = self.request(&PluginRequest::open(asset, range)).await?;
        let BodyHeader { start, total, validator } = match response {
            PluginResponse::Opened(header) => header,
            other => return Err(session.unexpected("opened", &other)),
        };
        let validator = validator.map(Validator::Strong);
        let unchanged = range.validator.is_none() || range.validator == validator;
        if start != 0 && (start != range.from || !unchanged) || start > total {
            let of = if unchanged { "" } else { " of a changed asset" };
            let got = format!("bytes from {start} of {total}{of}");
            let kind = SourceErrorKind::RangeMismatch { requested: range.from, got };
            return Err(SourceError::new(&session.label, kind));
        }
        let body = body::body(session, total - start);
        Ok(Download { start, total: Some(total), validator, body })
    }

    fn skipped(&self) -> Option<String> {
        self.skipped.take()
    }
}
