//! The release layout: `v{version}/`, or the root itself, has assets as on a release page.

mod checksums;
mod listed;
mod probed;

use std::collections::BTreeSet;

use loom_source::{
    Authority, Name, Offer, Platform, Product, Release, SourceError, Version, asset,
};

use self::probed::HintCache;
use crate::{
    folder_errors::{FolderErrors, newest},
    transport::Transport,
};

/// Finds assets, and caches which name the last asset had.
#[derive(Debug, Default)]
pub(crate) struct ReleaseFinder {
    hint: HintCache,
}

impl ReleaseFinder {
    /// The offer of a release; `None` where the mirror does not have it.
    pub(crate) async fn find(
        &self,
        transport: &dyn Transport,
        release: &Release,
        version: &Version,
    ) -> Result<Option<Offer>, SourceError> {
        if transport.can_list() {
            match listed::find(transport, release, version).await {
                // Where listing is refused, files may still be readable. Where listing works, a refused file exists,
                // and the refusal is the answer.
                Err(error) if error.kind.may_be_absent() && !transport.can_list() => {}
                found => return found,
            }
        }
        probed::find(&self.hint, transport, release, version).await
    }

    /// The versions of a product; `None` where the mirror cannot be listed.
    pub(crate) async fn list(
        &self,
        transport: &dyn Transport,
        product: &Product,
    ) -> Result<Option<Vec<Version>>, SourceError> {
        let version_in = |folder: &String| folder.strip_prefix('v').and_then(|v| v.parse().ok());
        let Some(root) = transport.list("").await? else {
            // Which of these folders have an asset of the product shows when a version is looked for.
            let folders = transport.list_folders("").await?.unwrap_or_default();
            let versions: Vec<Version> = folders.iter().filter_map(version_in).collect();
            return Ok(Some(versions).filter(|versions| !versions.is_empty()));
        };
        let version_of = |(name, _): &(String, u64)| asset::version(product, name);
        let mut versions: BTreeSet<Version> = root.files.iter().filter_map(version_of).collect();
        let mut folders = FolderErrors::default();
        let named = root.folders.into_iter().filter_map(|name| Some((version_in(&name)?, name)));
        for (version, folder) in newest(transport, named.collect()) {
            let listed = folders.listed(transport, &folder, transport.list(&folder).await)?;
            if listed.files.iter().filter_map(version_of).any(|found| found == version) {
                versions.insert(version);
            }
        }
        folders.unless(!versions.is_empty())?;
        Ok(Some(versions.into_iter().collect()))
    }

    /// The platforms for which the mirror has an asset.
    pub(crate) async fn platforms(
        &self,
        transport: &dyn Transport,
        binary: &Name,
        version: &Version,
    ) -> Result<Vec<Platform>, SourceError> {
        let mut files = Vec::new();
        for folder in asset::folders(version) {
            files.extend(transport.list(&folder).await?.unwrap_or_default().files);
        }
        let has_asset = |platform: &Platform| {
            let product = Product {
                authority: Authority::default(),
                binary: binary.clone(),
                platform: *platform,
            };
            files.iter().any(|(name, _)| asset::version(&product, name).as_ref() == Some(version))
        };
        Ok(Platform::ALL.into_iter().filter(has_asset).collect())
    }
}
