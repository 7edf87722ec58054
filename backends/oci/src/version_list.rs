//! The versions of a product among the tags of a repository.

use std::cmp::Reverse;

use futures::{StreamExt as _, stream};
use loom_source::{ListedVersion, ListingScope, Platform, Product, SourceError, Version};

use crate::{
    manifest::{ImageContent, ImageDocument, ImageManifest},
    manifest_platform::platform_of,
    mapping::STATEMENT,
    transport::ImageTransport,
};

/// The largest number of tags whose indexes are read: the list of tags does not say for which platforms they are.
const MAX_READ: usize = 64;

/// The number of indexes that are requested at the same time.
const AT_ONCE: usize = 8;

/// The versions of a product. Those that are older than the newest [`MAX_READ`] tags are listed unread, as presumed; where
/// only the newest version is needed, no more indexes are read than until one is a release of the product.
pub(crate) async fn of(
    transport: &dyn ImageTransport,
    product: &Product,
    scope: ListingScope,
) -> Result<Vec<ListedVersion>, SourceError> {
    let repository = transport.repository(&product.binary);
    let tags = transport.tags(&repository).await?;
    let mut versions: Vec<Version> = tags.iter().filter_map(|tag| version_of(tag)).collect();
    versions.sort_unstable_by_key(|version| Reverse(version.clone()));
    versions.dedup();
    let unread = versions.split_off(versions.len().min(MAX_READ));
    let at_once = if scope == ListingScope::Newest { 1 } else { AT_ONCE };
    let (transport, repository) = (transport, repository.as_str());
    let mut read = stream::iter(versions)
        .map(|version| async move {
            let document = transport.tagged(repository, &version.to_string()).await;
            (version, document)
        })
        .buffered(at_once);
    let mut listed = Vec::new();
    while let Some((version, document)) = read.next().await {
        let has_product = match document {
            Ok(Some(document)) => has_product(&document, product),
            Ok(None) => Ok(false),
            Err(error) if concerns_the_document(&error) => Err(error.to_string()),
            Err(error) => return Err(error),
        };
        match has_product {
            Ok(true) => {
                let is_newest = scope == ListingScope::Newest && !version.is_prerelease();
                listed.push(version);
                if is_newest {
                    return Ok(listed.into_iter().map(ListedVersion::from).collect());
                }
            }
            Ok(false) => {}
            Err(why) => transport.skipped().add(&version.to_string(), why),
        }
    }
    let presumed = |version| ListedVersion { is_presumed: true, ..ListedVersion::from(version) };
    let listed = listed.into_iter().map(ListedVersion::from);
    Ok(listed.chain(unread.into_iter().map(presumed)).collect())
}

/// The version that a tag is: exactly as it is written.
pub(crate) fn version_of(tag: &str) -> Option<Version> {
    tag.parse().ok().filter(|version: &Version| version.to_string() == tag)
}

/// Whether an error is one of a single document, so that the others can still be listed.
fn concerns_the_document(error: &SourceError) -> bool {
    use loom_source::SourceErrorKind::{Damaged, Malformed};
    matches!(error.kind, Malformed { .. } | Damaged { .. })
}

/// Whether the document of a tag has a manifest for the platform of a product.
fn has_product(document: &ImageDocument, product: &Product) -> Result<bool, String> {
    match document.content()? {
        ImageContent::Index(index) => {
            let mut platforms = index.manifests.iter().filter_map(platform_of);
            Ok(platforms.any(|platform| platform == product.platform))
        }
        ImageContent::Manifest(manifest) => states(&manifest, product.platform),
    }
}

/// Whether a manifest without an index is for a platform, which only its statement says.
pub(crate) fn states(manifest: &ImageManifest, platform: Platform) -> Result<bool, String> {
    Ok(stated_platform(manifest)? == Some(platform))
}

/// The platform that the statement of a manifest names.
pub(crate) fn stated_platform(manifest: &ImageManifest) -> Result<Option<Platform>, String> {
    let statement = manifest.annotations.get(STATEMENT);
    let statement = statement.map(|text| loom_source::Statement::parse(text.as_bytes()));
    let statement = statement.transpose().map_err(|error| error.to_string())?;
    Ok(statement.map(|statement| statement.platform))
}

/// The platforms that the document of a tag has.
pub(crate) fn platforms(document: &ImageDocument) -> Vec<Platform> {
    match document.content() {
        Ok(ImageContent::Index(index)) => {
            let has = |platform: &Platform| {
                index.manifests.iter().any(|one| platform_of(one) == Some(*platform))
            };
            Platform::ALL.into_iter().filter(has).collect()
        }
        _ => Vec::new(),
    }
}

/// The tags that almost are a version, or almost are any.
pub(crate) fn near_misses(tags: &[String], version: Option<&Version>) -> Vec<String> {
    let almost = |tag: &&String| {
        let rest = tag.trim_start_matches(['v', 'V']);
        let rest = rest.split('_').next().unwrap_or(rest);
        version_of(tag).is_none()
            && match version {
                Some(version) => rest == version.to_string(),
                None => version_of(rest).is_some(),
            }
    };
    tags.iter().filter(almost).take(8).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_tags_with_a_prefix_or_a_suffix() {
        let tags: Vec<String> =
            ["v0.2.0", "0.2.0", "0.2.0_build.1", "latest", "v0.3.0"].map(str::to_owned).into();
        let version: Version = "0.2.0".parse().unwrap();
        assert_eq!(near_misses(&tags, Some(&version)), ["v0.2.0", "0.2.0_build.1"]);
        assert_eq!(near_misses(&tags, None), ["v0.2.0", "0.2.0_build.1", "v0.3.0"]);
    }
}
