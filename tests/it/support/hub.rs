//! [`Hub`]: a GitHub on loopback, and commands that ask it.

use loom_test_support::github::{
    GithubAsset, GithubRelease, GithubServer, GithubService, Repository,
};

use super::{Entry, Packing, Run, Running, Sandbox, program};

/// The server. Its token is in `HUB_TOKEN` where a command is given one.
#[derive(Debug)]
pub struct Hub {
    /// What is published, and what was asked.
    pub server: GithubServer,
}

impl Hub {
    /// Small programs with `.sha256` files, for each of these versions.
    pub fn of(versions: &[&str]) -> Self {
        let hub = Self { server: GithubServer::start(Repository::default()) };
        for version in versions {
            let release = GithubRelease::new(&format!("v{version}"));
            hub.server.publish(release.with_sidecar(archive(version)));
        }
        hub
    }

    /// Writes a user configuration that names this server alone, with `more` keys of the source.
    pub fn configure(&self, sandbox: &Sandbox, more: &str) {
        let (base, api) = (self.server.base_url(), self.server.api_base());
        let text = format!(
            "[[sources]]\ntype = \"github\"\nname = \"hub\"\nrepo = \"o/r\"\nbase_url = \"{base}\"\napi_base = \"{api}\"\n{more}\n"
        );
        sandbox.write(sandbox.home().join(".config/loom/config.toml"), &text);
    }

    /// A sandbox that knows this server and no other source.
    pub fn sandbox(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        self.configure(&sandbox, "");
        sandbox
    }

    /// How many requests came to the API.
    pub fn api(&self) -> usize {
        self.server.count(GithubService::Api)
    }

    /// The paths of the API that were asked for.
    pub fn asked(&self) -> Vec<String> {
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
