//! Every kind of repository passes the contract suite.

use async_trait::async_trait;
use loom_github::Github;
use loom_source::{
    Capabilities, Source,
    contract::{self, Failure, PublishedChecksum, PublishedRelease, RunningFixture, SourceFixture},
};
use loom_test_support::{
    github::{GithubAsset, GithubRelease, GithubServer, Repository, ShownDigest},
    release_folder::asset_name,
};

use crate::support;

/// Where the repository publishes digests, and who may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RepositoryFixture {
    /// In `.sha256` files.
    Sidecars,
    /// In one `SHA256SUMS` for each release.
    Sums,
    /// In the API only.
    Digests,
    /// In the API only, and the repository is private.
    Private,
    /// In `.sha256` files, on a server whose web pages require a login.
    Login,
}

/// A published repository and its source.
struct RunningRepository {
    fixture: RepositoryFixture,
    server: GithubServer,
    source: Github,
}

const TOKEN: &str = "s3cret-t0ken";

#[async_trait]
impl SourceFixture for RepositoryFixture {
    fn name(&self) -> String {
        format!("github {self:?}")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, dev: false, list: true, resume: true, claims: true }
    }

    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure> {
        let private = *self == Self::Private;
        let requires_login = *self == Self::Login;
        let server = GithubServer::start(Repository {
            private,
            requires_login,
            token: TOKEN.into(),
            remaining: [None; 2],
            ..Repository::default()
        });
        publish(&server, *self, releases);
        let source = support::source(&server, (private || requires_login).then_some(TOKEN));
        Ok(Box::new(RunningRepository { fixture: *self, server, source }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.into(), "s1gnature".into()]
    }
}

#[async_trait]
impl RunningFixture for RunningRepository {
    fn source(&self) -> &dyn Source {
        &self.source
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        publish(&self.server, self.fixture, releases);
        Ok(())
    }
}

fn publish(server: &GithubServer, fixture: RepositoryFixture, releases: &[PublishedRelease]) {
    server.repository(|repository| repository.releases.clear());
    for published in releases {
        let tag = format!("v{}", published.release.slot);
        let before = server
            .repository(|repository| repository.releases.iter().find(|r| r.tag == tag).cloned());
        let release = before.unwrap_or_else(|| GithubRelease::new(&tag));
        server.publish(with(release, fixture, published));
    }
}

fn with(
    release: GithubRelease,
    fixture: RepositoryFixture,
    published: &PublishedRelease,
) -> GithubRelease {
    let name = asset_name(published);
    let line = published.claimed().map(|digest| format!("{digest}  {name}\n"));
    let shown = match published.checksum {
        PublishedChecksum::Missing => ShownDigest::Null,
        PublishedChecksum::Right => ShownDigest::Right,
        PublishedChecksum::Wrong(digest) => ShownDigest::Other(digest),
    };
    let release =
        release.with(GithubAsset { shown, ..GithubAsset::new(&name, published.bytes.clone()) });
    match (fixture, line) {
        (RepositoryFixture::Sidecars | RepositoryFixture::Login, Some(line)) => {
            release.with(GithubAsset::new(&format!("{name}.sha256"), line))
        }
        (RepositoryFixture::Sums, Some(line)) => release.with(GithubAsset::new("SHA256SUMS", line)),
        _ => release,
    }
}

macro_rules! contract {
    ($($name:ident: $fixture:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            contract::run(&RepositoryFixture::$fixture).await.assert();
        })*
    };
}

contract! {
    releases_with_checksum_files: Sidecars;
    releases_with_sums: Sums;
    releases_with_digests_only: Digests;
    a_private_repository: Private;
    a_server_whose_pages_require_a_login: Login;
}
