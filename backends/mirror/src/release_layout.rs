//! The release layout: `v{version}/`, or the root itself, has assets as on a release page.

mod checksums;
mod listed;
mod near_misses;
mod probed;

use std::collections::BTreeSet;

use loom_source::{
    AssetNames, Authority, Name, Offer, Platform, Product, Release, SourceError, Version, asset,
};

use self::probed::HintCache;
use crate::{
    folder_errors::{FolderErrors, newest},
    transport::Transport,
};

/// Finds assets, and caches which name the last asset had.
#[derive(Debug)]
pub(crate) struct ReleaseFinder {
    hint: HintCache,
    pub(crate) assets: AssetNames,
}

impl ReleaseFinder {
    pub(crate) fn new(assets: AssetNames) -> Self {
        Self { hint: HintCache::default(), assets }
    }

    /// The offer of a release; `None` where the mirror does not have it.
    pub(crate) async fn find(
        &self,
        transport: &dyn Transport,
        release: &Release,
        version: &Version,
    ) -> Result<Option<Offer>, SourceError> {
        if transport.can_list() {
            match listed::find(&self.assets, transport, release, version).await {
                // Where listing is refused, files may still be readable. Where listing works, a refused file exists,
                // and the refusal is the answer.
                Err(error) if error.kind.may_be_absent() && !transport.can_list() => {}
                found => return found,
            }
        }
        probed::find(&self.hint, &self.assets, transport, release, version).await
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
        let version_of = |(name, _): &(String, u64)| self.assets.version(product, name);
        let mut versions: BTreeSet<Version> = root.files.iter().filter_map(version_of).collect();
        let mut folders = FolderErrors::default();
        let named = root.folders.into_iter().filter_map(|name| Some((version_in(&name)?, name)));
        for (version, folder) in newest(transport, named.collect()) {
            let listed = folders.listed(transport, &folder, transport.list(&folder).await)?;
            if listed.files.iter().any(|(name, _)| self.assets.has(product, &version, name)) {
                versions.insert(version);
            }
        }
        folders.unless(!versions.is_empty())?;
        Ok(Some(versions.into_iter().collect()))
    }

    /// The files that almost have the names of the assets of a version; of the newest one where none is given.
    pub(crate) async fn near_misses(
        &self,
        transport: &dyn Transport,
        product: &Product,
        version: Option<&Version>,
    ) -> Vec<String> {
        let newest = match version {
            Some(version) => Some(version.clone()),
            None => near_misses::newest(transport).await,
        };
        let Some(version) = newest else { return Vec::new() };
        let release = product.at_version(version.clone());
        let known = self.assets.of(&release);
        if transport.can_list() {
            near_misses::listed(transport, &known, &release, &version).await
        } else {
            near_misses::probed(transport, &known, &release, &version).await
        }
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
            files.iter().any(|(name, _)| self.assets.has(&product, version, name))
        };
        Ok(Platform::ALL.into_iter().filter(has_asset).collect())
    }
}
