//! Finds files that almost have the names of a release's assets, for the hint after it was not found.

use futures::{StreamExt as _, stream};
use loom_source::{
    RangeRequest, Release, Version,
    asset::{self, AssetName},
    asset_names::similar,
};

use crate::transport::{Transport, join_key};

/// How many files are named.
const MAX_NAMED: usize = 3;

/// How many names are requested at the same time.
const CONCURRENCY: usize = 4;

/// The newest version that a folder is named by, with the `v` or without.
pub(super) async fn newest(transport: &dyn Transport) -> Option<Version> {
    let entries = transport.list("").await.ok()??;
    let version = |name: &String| name.strip_prefix('v').unwrap_or(name).parse().ok();
    entries.folders.iter().filter_map(version).max()
}

/// The files of the version's folders, and of a folder without the `v`, that are similar to an asset of the release.
pub(super) async fn listed(
    transport: &dyn Transport,
    known: &[AssetName],
    release: &Release,
    version: &Version,
) -> Vec<String> {
    let mut found = Vec::new();
    let [versioned, root] = asset::folders(version);
    for (folder, in_version) in [(versioned, true), (version.to_string(), true), (root, false)] {
        let Ok(Some(entries)) = transport.list(&folder).await else { continue };
        let names = entries.files.iter().map(|(name, _)| name);
        let near = names.filter(|name| {
            similar(release, name, in_version) || known.iter().any(|asset| asset.name == **name)
        });
        found.extend(near.map(|name| join_key(&folder, name)));
    }
    found.truncate(MAX_NAMED);
    found
}

/// Where folders cannot be listed, the usual mistakes are requested.
pub(super) async fn probed(
    transport: &dyn Transport,
    known: &[AssetName],
    release: &Release,
    version: &Version,
) -> Vec<String> {
    let probes = candidates(known, release, version).into_iter().map(|key| async move {
        let opened = transport.open(&key, &RangeRequest::whole()).await;
        opened.is_ok_and(|download| download.is_some()).then_some(key)
    });
    let found: Vec<Option<String>> = stream::iter(probes).buffered(CONCURRENCY).collect().await;
    found.into_iter().flatten().take(MAX_NAMED).collect()
}

/// The usual mistakes: a folder without the `v`, `.tgz`, and other names of the platform.
fn candidates(known: &[AssetName], release: &Release, version: &Version) -> Vec<String> {
    let [versioned, _] = asset::folders(version);
    let patterns = [
        "{binary}-{version}-{platform}.tgz",
        "{binary}-{version}-{target}.tar.gz",
        "{binary}-{version}-{os}-{arch}.tar.gz",
    ];
    let others = patterns.iter().filter_map(|pattern| pattern.parse().ok());
    let others: Vec<String> = others
        .flat_map(|names: loom_source::AssetNames| names.of(release))
        .map(|asset| asset.name)
        .filter(|name| !known.iter().any(|asset| asset.name == *name))
        .collect();
    let others = others.iter().map(|name| join_key(&versioned, name));
    let without_v = known.iter().map(|asset| join_key(&version.to_string(), &asset.name));
    without_v.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use loom_source::{AssetNames, Authority, Name, Platform, Product};

    use super::*;

    #[test]
    fn few_names_are_requested() {
        let platform = Platform::LinuxX86_64;
        let product =
            Product { authority: Authority::default(), binary: Name::default(), platform };
        let version: Version = "0.2.0".parse().unwrap();
        let release = product.at_version(version.clone());
        let keys = candidates(&AssetNames::default().of(&release), &release, &version);
        assert!(keys.len() <= 10, "{keys:?}");
        for expected in [
            "0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tar.gz",
            "v0.2.0/loom-bridge-server-0.2.0-linux-x86_64.tgz",
            "v0.2.0/loom-bridge-server-0.2.0-linux-amd64.tar.gz",
            "v0.2.0/loom-bridge-server-0.2.0-x86_64-unknown-linux-musl.tar.gz",
        ] {
            assert!(keys.iter().any(|key| key == expected), "{expected}: {keys:?}");
        }
    }
}
