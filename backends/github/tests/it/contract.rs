//! Every kind of repository passes the contract.

use crate::support;
use async_trait::async_trait;
use loom_github::Github;
use loom_github_server::{Asset as File, GithubServer, Release, Shelf, Shown};
use loom_source::{
    Capabilities, Platform, Source,
    contract::{
        self, Failure, PublishedAsset, PublishedChecksum, PublishedRelease, RunningFixture,
        SourceFixture,
    },
};

/// How digests are told, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `.sha256` files.
    Sidecars,
    /// One `SHA256SUMS` for a release.
    Sums,
    /// The API alone.
    Digests,
    /// The API, and nothing without a token.
    Private,
    /// `.sha256` files, on a server whose pages want a login.
    Login,
}

struct Standing {
    kind: Kind,
    server: GithubServer,
    source: Github,
}

const TOKEN: &str = "s3cret-t0ken";

#[async_trait]
impl SourceFixture for Kind {
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
        let (private, login) = (*self == Self::Private, *self == Self::Login);
        let shelf =
            Shelf { private, login, token: TOKEN.into(), left: [None; 2], ..Shelf::default() };
        let server = GithubServer::start(shelf);
        publish(&server, *self, releases);
        let source = support::source(&server, (private || login).then_some(TOKEN));
        Ok(Box::new(Standing { kind: *self, server, source }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![TOKEN.into(), "s1gnature".into()]
    }
}

#[async_trait]
impl RunningFixture for Standing {
    fn source(&self) -> &dyn Source {
        &self.source
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        publish(&self.server, self.kind, releases);
        Ok(())
    }
}

fn publish(server: &GithubServer, kind: Kind, releases: &[PublishedRelease]) {
    server.shelf(|shelf| shelf.releases.clear());
    for published in releases {
        let tag = format!("v{}", published.release.slot);
        let before = server.shelf(|shelf| shelf.releases.iter().find(|r| r.tag == tag).cloned());
        let release = before.unwrap_or_else(|| Release::new(&tag));
        server.publish(with(release, kind, published));
    }
}

fn with(release: Release, kind: Kind, published: &PublishedRelease) -> Release {
    let name = name(published);
    let line = published.claimed().map(|digest| format!("{digest}  {name}\n"));
    let shown = match published.checksum {
        PublishedChecksum::Missing => Shown::Null,
        PublishedChecksum::Right => Shown::Right,
        PublishedChecksum::Wrong(digest) => Shown::Other(digest),
    };
    let release = release.with(File { shown, ..File::new(&name, published.bytes.clone()) });
    match (kind, line) {
        (Kind::Sidecars | Kind::Login, Some(line)) => {
            release.with(File::new(&format!("{name}.sha256"), line))
        }
        (Kind::Sums, Some(line)) => release.with(File::new("SHA256SUMS", line)),
        _ => release,
    }
}

fn name(published: &PublishedRelease) -> String {
    let stem = published.release.asset_stem().expect("a version");
    match (published.asset, published.release.platform) {
        (PublishedAsset::Archive(format), _) => format!("{stem}.{}", format.extension()),
        (PublishedAsset::Bare, Platform::WindowsX86_64) => format!("{stem}.exe"),
        (PublishedAsset::Bare, _) => stem,
    }
}

macro_rules! contract {
    ($($name:ident: $kind:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            contract::run(&Kind::$kind).await.assert();
        })*
    };
}

contract! {
    releases_with_checksum_files: Sidecars;
    releases_with_sums: Sums;
    releases_with_digests_alone: Digests;
    a_private_repository: Private;
    a_server_whose_pages_want_a_login: Login;
}
