//! Opens one source, or all configured sources in order.

use std::path::PathBuf;

use loom_cargo_build::CheckoutHint;
use loom_github::publish::Publisher;
use loom_http::Journal;

use super::{
    Candidate, MirrorRootRules, NetrcFile, OpenError, Opener, cargo_build, github, mirror, oci,
    plugin,
};
use crate::config::{MirrorSource, SourceKind, SourceSpec, TargetSource};

/// The ending of the file of a mirror in one file.
const BUNDLE: &str = ".loombundle";

/// Opened sources in the configured order.
#[derive(Debug, Default)]
pub struct OpenedSources {
    /// The opened sources.
    pub candidates: Vec<Candidate>,
    /// What the user should know about settings that are not used.
    pub notices: Vec<OpenNotice>,
}

/// A setting that is not used although it is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenNotice {
    /// The `.netrc` cannot be used.
    Netrc {
        /// The file.
        path: PathBuf,
        /// Why; never its text, which may be a password.
        why: String,
    },
    /// The checkout of the current folder or the linked one, where it is not used.
    Checkout(CheckoutHint),
}

impl Opener {
    /// Opens the source that `spec` describes. Its requests are recorded in `journal`.
    ///
    /// # Errors
    /// If the settings are wrong, if files that they name cannot be read, or, with
    /// [`OpenError::NoCheckout`], if a `target` source without a path finds no checkout.
    pub fn open(&self, spec: &SourceSpec, journal: Journal) -> Result<Candidate, OpenError> {
        match &spec.kind {
            SourceKind::Mirror(mirror) => {
                let candidate = mirror::open(self, spec, mirror, journal)?;
                Ok(candidate.guarded(self.root_rules(mirror), self.state.clone()))
            }
            SourceKind::Github(github) => github::open(self, spec, github, journal),
            SourceKind::Oci(oci) => {
                let candidate = oci::open(self, spec, oci, journal)?;
                Ok(candidate.guarded(self.roots.clone(), self.state.clone()))
            }
            SourceKind::Target(target) => cargo_build::open(self, spec, target, false),
            SourceKind::Plugin(plugin) => Ok(plugin::open(self, spec, plugin)),
        }
    }

    /// Opens the repository that `spec` describes for publishing. `None` for a source of another type.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_publisher(
        &self,
        spec: &SourceSpec,
        journal: Journal,
    ) -> Result<Option<Publisher>, OpenError> {
        match &spec.kind {
            SourceKind::Github(github) => {
                github::open_publisher(self, spec, github, journal).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Opens all sources, in order. A `target` source without a checkout is left out, with a notice.
    ///
    /// With `build`, `target` sources run `cargo build` when a release is requested; where `specs` has none, one is put before
    /// all others.
    ///
    /// # Errors
    /// As for [`open`](Self::open); with `build`, also if there is no checkout.
    pub fn open_all(
        &self,
        specs: &[SourceSpec],
        build: bool,
        journal: &Journal,
    ) -> Result<OpenedSources, OpenError> {
        let implied = SourceSpec::new(SourceKind::Target(TargetSource::default()));
        let names_builds = specs.iter().any(|spec| matches!(spec.kind, SourceKind::Target(_)));
        let implied = (build && !names_builds).then_some(&implied);
        let mut opened =
            OpenedSources { candidates: Vec::new(), notices: self.netrc_notice(specs) };
        for spec in implied.into_iter().chain(specs) {
            let candidate = match &spec.kind {
                SourceKind::Target(target) => cargo_build::open(self, spec, target, build),
                _ => self.open(spec, journal.clone()),
            };
            match candidate {
                Ok(candidate) => opened.candidates.push(candidate),
                Err(OpenError::NoCheckout { hint }) if !build => {
                    opened.notices.extend(hint.map(OpenNotice::Checkout));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }

    /// Which roots count for a mirror. The roots inside a bundle come with it, so that none of them is kept at first sight.
    fn root_rules(&self, mirror: &MirrorSource) -> MirrorRootRules {
        let is_bundle = mirror.url.path().ends_with(BUNDLE);
        let pin_first_seen = self.roots.pin_first_seen && !is_bundle;
        MirrorRootRules { pin_first_seen, ..self.roots.clone() }
    }

    /// A notice if the `.netrc` cannot be used although one of the sources would use it.
    fn netrc_notice(&self, specs: &[SourceSpec]) -> Vec<OpenNotice> {
        let is_used =
            |spec: &SourceSpec| matches!(&spec.kind, SourceKind::Mirror(it) if self.uses_netrc(it));
        if !specs.iter().any(is_used) {
            return Vec::new();
        }
        let notice = self.netrc().and_then(|NetrcFile { path, netrc }| {
            Some(OpenNotice::Netrc { path, why: netrc.err()? })
        });
        notice.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use loom_http::Journal;

    use super::*;
    use crate::{
        config::{Env, Os},
        sources::{MirrorRootRules, NetworkDefaults, Reach, SourceClass},
        state::StateDir,
        trust::Channel,
    };

    fn opener(env: Env, folder: &std::path::Path) -> Opener {
        Opener {
            network: NetworkDefaults::from_env(&env, false),
            env,
            home: None,
            os: Os::current(),
            cwd: folder.to_owned(),
            state: StateDir::new(folder.join("state")),
            evidence: false,
            built_from: None,
            built_profile: None,
            roots: MirrorRootRules::default(),
        }
    }

    fn opened(text: &str) -> Candidate {
        let folder = tempfile::tempdir().unwrap();
        let env = [("AWS_REGION", "eu-west-1")].into_iter().collect();
        let opener = opener(env, folder.path());
        let mut spec = SourceSpec::shorthand(text, folder.path()).unwrap();
        spec.allow_http = true;
        opener.open(&spec, Journal::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn two_servers_never_share_an_identity() {
        use crate::config::{GithubSource, MirrorSource};
        let url = |text: &str| Some(text.parse().unwrap());
        let github = |base_url, api_base| {
            let source = GithubSource { base_url, api_base, ..GithubSource::new("o/r") };
            SourceSpec::new(SourceKind::Github(source))
        };
        let bucket = |endpoint| {
            let mirror = MirrorSource::new("s3://bucket/p".parse().unwrap());
            SourceSpec::new(SourceKind::Mirror(MirrorSource { endpoint, ..mirror }))
        };
        let folder = tempfile::tempdir().unwrap();
        let identity =
            |spec: SourceSpec, env: &[(&'static str, &'static str)], name: Option<&str>| {
                let spec = SourceSpec { name: name.map(str::to_owned), ..spec };
                let opener = opener(env.iter().copied().collect(), folder.path());
                opener.open(&spec, Journal::default()).unwrap().identity
            };
        let minio = [("AWS_ENDPOINT_URL", "https://minio.example")];
        let identities = [
            identity(github(None, None), &[], None),
            identity(github(url("https://ghe.example"), None), &[], None),
            identity(github(None, url("https://other.example/api/v3")), &[], None),
            identity(github(None, None), &[], Some("corp")),
            identity(github(url("https://ghe.example"), None), &[], Some("corp")),
            identity(bucket(None), &[], None),
            identity(bucket(url("https://s3.example")), &[], None),
            identity(bucket(None), &minio, None),
            identity(bucket(None), &minio, Some("corp")),
            identity(bucket(url("https://s3.example")), &minio, Some("corp")),
        ];
        for (index, one) in identities.iter().enumerate() {
            assert!(!identities[..index].contains(one), "{one} in {identities:?}");
        }
        assert_eq!(identities[0], "github:o/r");
        assert_eq!(identities[1], "github:o/r (https://ghe.example)");
        assert_eq!(identities[4], "corp (github:o/r (https://ghe.example))");
    }

    #[test]
    fn the_opener_sets_class_channel_and_reach() {
        use Channel::{Authenticated, LocalBuild, Unauthenticated};
        use Reach::{Disk, Loopback, Network};
        for (text, class, channel, reach) in [
            ("./mirror", SourceClass::File, Authenticated, Disk),
            ("file:///mirror", SourceClass::File, Authenticated, Disk),
            ("https://mirror.example/loom", SourceClass::Mirror, Authenticated, Network),
            ("http://mirror.example/loom", SourceClass::Mirror, Unauthenticated, Network),
            ("http://127.0.0.1:1/loom", SourceClass::Mirror, Authenticated, Loopback),
            ("s3://bucket/loom", SourceClass::ObjectStore, Authenticated, Network),
            ("gs://bucket/loom", SourceClass::ObjectStore, Authenticated, Network),
            ("github:owner/repo", SourceClass::Github, Authenticated, Network),
            ("oci://registry.example/loom", SourceClass::Registry, Unauthenticated, Network),
            ("oci://127.0.0.1:1/loom", SourceClass::Registry, Authenticated, Loopback),
            ("oci-layout:/images", SourceClass::File, Authenticated, Disk),
            ("plugin:name", SourceClass::Plugin, Authenticated, Network),
            ("target:/checkout", SourceClass::Build, LocalBuild, Disk),
        ] {
            let candidate = opened(text);
            assert_eq!(candidate.class, class, "{text}");
            assert_eq!(candidate.channel, channel, "{text}");
            assert_eq!(candidate.reach, reach, "{text}");
        }
    }
}
