//! Sources over the repository of a test server, and what it publishes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures::TryStreamExt as _;
use loom_github::{DocumentCache, Github, GithubOptions, GithubRepo, GithubToken};
use loom_http::NetworkSettings;
use loom_source::{AssetNames, Download, Product, Release, contract::product};
use loom_test_support::github::{GithubAsset, GithubRelease, GithubServer};
use serde_json::Value;

/// A cache in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryCache(Mutex<BTreeMap<String, Value>>);

impl DocumentCache for MemoryCache {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn change(&self, name: &str, change: &mut dyn FnMut(Option<Value>) -> Option<Value>) {
        let mut documents = self.0.lock().unwrap();
        if let Some(document) = change(documents.get(name).cloned()) {
            documents.insert(name.to_owned(), document);
        }
    }
}

impl MemoryCache {}

/// Options for the repository of a server, with a token or without.
pub(crate) fn options(server: &GithubServer, token: Option<&str>) -> GithubOptions {
    let parse = |url: String| url.parse().unwrap();
    let (base, api) = (parse(server.base_url()), parse(server.api_base()));
    GithubOptions {
        repo: GithubRepo::new("o/r", Some(&base), Some(&api)).unwrap(),
        token: token.map(|token| GithubToken { value: token.into(), from: "TEST_TOKEN".into() }),
        token_variable: Some("TEST_TOKEN".into()),
        tag_prefix: "v".into(),
        assets: AssetNames::default(),
        prerelease: false,
        evidence: false,
        network: NetworkSettings::default(),
        cache: Arc::new(MemoryCache::default()),
    }
}

/// A source over the repository of a server.
pub(crate) fn source(server: &GithubServer, token: Option<&str>) -> Github {
    Github::open(options(server, token)).unwrap()
}

/// The bytes of a download.
pub(crate) async fn read(download: Download) -> Vec<u8> {
    let pieces: Vec<bytes::Bytes> = download.body.try_collect().await.unwrap();
    pieces.concat()
}

/// The release of the default binary at a version.
pub(crate) fn release_at(version: &str) -> Release {
    linux().at_version(version.parse().unwrap())
}

/// The default binary for Linux on x86-64.
pub(crate) fn linux() -> Product {
    product()
}

/// The `.tar.gz` of the default binary at a version, with content of its own.
pub(crate) fn archive(version: &str) -> GithubAsset {
    let name = format!("{}.tar.gz", release_at(version).asset_stem().unwrap());
    GithubAsset::new(&name, format!("not really an archive of {version}"))
}

/// A published release with an archive and its `.sha256`.
pub(crate) fn release(version: &str) -> GithubRelease {
    GithubRelease::new(&format!("v{version}")).with_sidecar(archive(version))
}

/// A published release with an archive only.
pub(crate) fn release_without_checksum(version: &str) -> GithubRelease {
    GithubRelease::new(&format!("v{version}")).with(archive(version))
}
