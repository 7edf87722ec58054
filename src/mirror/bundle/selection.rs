//! [`BundleSelection`]: the releases that a bundle is to hold.

use std::collections::BTreeMap;

use loom_source::{
    Authority, Index, ListingScope, Name, Platform, Product, Record, Release, Selector, Source,
    Version, VersionListing,
};

use super::BundleTaskError;

/// The releases that a bundle is to hold: each version for each platform.
#[derive(Debug, Clone)]
pub struct BundleSelection {
    /// Who defines the releases.
    pub authority: Authority,
    /// The binary.
    pub binary: Name,
    /// The versions. `latest` is the newest one of each platform; a range selects all that match.
    pub versions: Vec<Selector>,
    /// The platforms.
    pub platforms: Vec<Platform>,
}

impl BundleSelection {
    /// The selected releases of a source, by what it lists.
    ///
    /// # Errors
    /// As for a bundle: where nothing is selected, or the source cannot list its versions although it has to.
    pub async fn select(&self, source: &dyn Source) -> Result<Vec<Release>, BundleTaskError> {
        Ok(self.releases(source, None).await?.into_values().collect())
    }

    /// The selected releases, by the paths of their records. A version that is named exactly must be there for every platform; the others are
    /// chosen among those that the index, else the mirror lists.
    ///
    /// # Errors
    /// Where nothing is selected, or the mirror cannot list its versions although it has to.
    pub(super) async fn releases(
        &self,
        source: &dyn Source,
        index: Option<&Index>,
    ) -> Result<BTreeMap<String, Release>, BundleTaskError> {
        let mut selected = BTreeMap::new();
        let mut insert = |release: Release| {
            selected.insert(Record::path(&release), release);
        };
        for platform in &self.platforms {
            let product = Product {
                authority: self.authority.clone(),
                binary: self.binary.clone(),
                platform: *platform,
            };
            let mut listed = None;
            for selector in &self.versions {
                if let Selector::Exact(version) = selector {
                    insert(product.at_version(version.clone()));
                    continue;
                }
                if listed.is_none() {
                    listed = Some(versions(source, index, &product, selector).await?);
                }
                let chosen = chosen(selector, listed.as_deref().unwrap_or_default());
                chosen.into_iter().for_each(|version| insert(product.at_version(version)));
            }
        }
        if selected.is_empty() {
            let versions: Vec<String> = self.versions.iter().map(ToString::to_string).collect();
            return Err(BundleTaskError::NoRelease {
                mirror: source.to_string(),
                versions: versions.join(", "),
            });
        }
        Ok(selected)
    }
}

/// The versions of a product that are not withdrawn.
async fn versions(
    source: &dyn Source,
    index: Option<&Index>,
    product: &Product,
    selector: &Selector,
) -> Result<Vec<Version>, BundleTaskError> {
    if let Some(index) = index {
        return Ok(index.versions(product));
    }
    match source.list(product, ListingScope::All).await? {
        VersionListing::Versions(listed) => {
            Ok(listed.into_iter().map(|listed| listed.version).collect())
        }
        VersionListing::Unlistable(_) => Err(BundleTaskError::Unlistable {
            mirror: source.to_string(),
            selector: selector.clone(),
        }),
    }
}

fn chosen(selector: &Selector, listed: &[Version]) -> Vec<Version> {
    match selector {
        Selector::Latest => selector.newest(listed).cloned().into_iter().collect(),
        _ => listed.iter().filter(|version| selector.matches(version)).cloned().collect(),
    }
}
