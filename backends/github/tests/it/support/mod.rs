//! A repository on loopback, and sources over it.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use futures::TryStreamExt as _;
use loom_github::{DocumentCache, Github, GithubOptions, GithubRepo, GithubToken};
use loom_github_server::{Asset, GithubServer, Release};
use loom_http::NetworkSettings;
use loom_source::{Download, Product, Release as Wanted, contract::subject::product};
use serde_json::Value;

/// What is remembered, as long as the test runs.
#[derive(Debug, Default)]
pub struct Notes(Mutex<BTreeMap<String, Value>>);

impl DocumentCache for Notes {
    fn get(&self, name: &str) -> Option<Value> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn change(&self, name: &str, change: &mut dyn FnMut(Option<Value>) -> Option<Value>) {
        let mut notes = self.0.lock().unwrap();
        if let Some(document) = change(notes.get(name).cloned()) {
            notes.insert(name.to_owned(), document);
        }
    }
}

impl Notes {
    /// Everything that is remembered, as one text.
    pub fn text(&self) -> String {
        format!("{:?}", self.0.lock().unwrap())
    }
}

/// Options for the server's repository, with its token or without.
pub fn options(server: &GithubServer, token: Option<&str>) -> GithubOptions {
    let parse = |url: String| url.parse().unwrap();
    let (base, api) = (parse(server.base_url()), parse(server.api_base()));
    GithubOptions {
        repo: GithubRepo::new("o/r", Some(&base), Some(&api)).unwrap(),
        token: token.map(|token| GithubToken { value: token.into(), from: "TEST_TOKEN".into() }),
        token_variable: Some("TEST_TOKEN".into()),
        tag_prefix: "v".into(),
        prerelease: false,
        evidence: false,
        network: NetworkSettings::default(),
        cache: Arc::new(Notes::default()),
    }
}

/// A source over the server's repository.
pub fn source(server: &GithubServer, token: Option<&str>) -> Github {
    Github::open(options(server, token)).unwrap()
}

/// Everything that arrives.
pub async fn bytes(opened: Download) -> Vec<u8> {
    let pieces: Vec<bytes::Bytes> = opened.body.try_collect().await.unwrap();
    pieces.concat()
}

/// The default program at a version.
pub fn wanted(version: &str) -> Wanted {
    linux().at_version(version.parse().unwrap())
}

/// The default program for Linux on x86-64.
pub fn linux() -> Product {
    product()
}

/// Its `.tar.gz` at a version: noise of the version's own.
pub fn archive(version: &str) -> Asset {
    let name = format!("{}.tar.gz", wanted(version).asset_stem().unwrap());
    Asset::new(&name, format!("not really an archive of {version}"))
}

/// A release with the program's archive and its `.sha256`.
pub fn release(version: &str) -> Release {
    Release::new(&format!("v{version}")).with_sidecar(archive(version))
}

/// A release with the program's archive alone.
pub fn bald(version: &str) -> Release {
    Release::new(&format!("v{version}")).with(archive(version))
}
