//! [`Hub`]: a GitHub test server on loopback, and sandboxes that use it as their source.

use loom_test_support::github::{
    GithubAsset, GithubRelease, GithubServer, GithubService, Repository,
};

use super::{Entry, Packing, Run, Running, Sandbox, program};

/// A GitHub test server. Tests that need a token pass it in `HUB_TOKEN`.
#[derive(Debug)]
pub struct Hub {
    /// The server, with its releases and the requests it received.
    pub server: GithubServer,
}

impl Hub {
    /// A server with a small program and its `.sha256` file for each of these versions.
    pub fn of(versions: &[&str]) -> Self {
        let hub = Self { server: GithubServer::start(Repository::default()) };
        for version in versions {
            let release = GithubRelease::new(&format!("v{version}"));
            hub.server.publish(release.with_sidecar(archive(version)));
        }
        hub
    }

    /// Writes a user configuration with this server as its only source, and `more` keys of that source.
    pub fn configure(&self, sandbox: &Sandbox, more: &str) {
        let (base, api) = (self.server.base_url(), self.server.api_base());
        let text = format!(
            "[[sources]]\ntype = \"github\"\nname = \"hub\"\nrepo = \"o/r\"\nbase_url = \"{base}\"\napi_base = \"{api}\"\n{more}\n"
        );
        sandbox.write(sandbox.home().join(".config/loom/config.toml"), &text);
    }

    /// A sandbox with this server as its only source.
    pub fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        self.configure(&sandbox, "");
        sandbox
    }

    /// The number of requests to the API.
    pub fn api_requests(&self) -> usize {
        self.server.count(GithubService::Api)
    }

    /// The paths of the requests to the API, in order.
    pub fn api_paths(&self) -> Vec<String> {
        let seen =
            self.server.requests().into_iter().filter(|seen| seen.service == GithubService::Api);
        seen.map(|seen| seen.path).collect()
    }
}

/// The `.tar.gz` of a small program.
pub fn archive(version: &str) -> GithubAsset {
    let bytes = Packing::TarGz.pack(&Entry::program(&program::small(version)));
    GithubAsset::new(&Packing::TarGz.asset(version), bytes)
}
