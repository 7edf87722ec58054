//! Opens sources of type `github`, with the token that belongs to their server.

use std::sync::Arc;

use loom_github::{Github, GithubOptions, GithubRepo, GithubToken, publish::Publisher};
use loom_http::Journal;

use super::{AnswerLimit, Candidate, OpenError, Opener, Reach, SharedDocuments, SourceClass};
use crate::{
    config::{Env, GithubSource, SourceSpec},
    trust::Channel,
};

/// The variables that may hold a token for github.com; the first one that is set is used.
const PUBLIC: [&str; 3] = ["LOOM_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"];

/// The variables that may hold a token for the server that `GH_HOST` names; the first one that is set is used.
const ENTERPRISE: [&str; 2] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// Opens the repository. No request is sent.
pub(super) fn open(
    opener: &Opener,
    spec: &SourceSpec,
    github: &GithubSource,
    journal: Journal,
) -> Result<Candidate, OpenError> {
    let options = options(opener, spec, github, journal)?;
    let reach = if options.repo.is_local() { Reach::Loopback } else { Reach::Network };
    let channel =
        if options.repo.is_insecure() { Channel::Unauthenticated } else { Channel::Authenticated };
    let source = Box::new(AnswerLimit::new(Github::open(options)?, spec.timeout));
    let address = spec.kind.to_string();
    Ok(Candidate::of(spec, address, SourceClass::Github, channel, reach, source))
}

/// Opens the repository for publishing. No request is sent.
pub(super) fn open_publisher(
    opener: &Opener,
    spec: &SourceSpec,
    github: &GithubSource,
    journal: Journal,
) -> Result<Publisher, OpenError> {
    Ok(Publisher::open(options(opener, spec, github, journal)?)?)
}

fn options(
    opener: &Opener,
    spec: &SourceSpec,
    github: &GithubSource,
    journal: Journal,
) -> Result<GithubOptions, OpenError> {
    let GithubSource { repo, api_base, base_url, token_env, tag_prefix, assets } = github;
    let repo = GithubRepo::new(repo, base_url.as_ref(), api_base.as_ref())?;
    if let Some(variable) = token_env.as_ref().filter(|name| opener.env.is_empty(name)) {
        return Err(OpenError::EmptyToken { variable: variable.clone(), setting: "token_env" });
    }
    let (token, token_variable) = token(&opener.env, &repo, token_env.as_deref());
    let is_reached = opener.network.reaches(repo.is_local());
    Ok(GithubOptions {
        repo,
        token,
        token_variable,
        tag_prefix: tag_prefix.clone(),
        assets: assets.clone(),
        prerelease: spec.prerelease,
        evidence: opener.evidence,
        network: opener.network.settings(spec, journal, is_reached)?,
        cache: Arc::new(SharedDocuments::of(&opener.state, "github")),
    })
}

/// The token for a server, and the variable to name where a token would help.
///
/// A token is sent only to the server that it was made for: those in the usual variables to github.com, those for
/// Enterprise to the host in `GH_HOST`, and the one in the variable that a source names to that source.
fn token(
    env: &Env,
    repo: &GithubRepo,
    named: Option<&str>,
) -> (Option<GithubToken>, Option<String>) {
    let names: &[&str] = match named {
        Some(ref name) => std::slice::from_ref(name),
        None if repo.is_github_com() => &PUBLIC,
        None if env.get("GH_HOST").is_some_and(|host| host.eq_ignore_ascii_case(&repo.host())) => {
            &ENTERPRISE
        }
        None => return (None, None),
    };
    let found = names.iter().find_map(|name| {
        Some(GithubToken { value: env.get(name)?.into(), from: (*name).to_owned() })
    });
    (found, Some(names[0].to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn chosen(env: &[(&str, &str)], base: Option<&str>, named: Option<&str>) -> Option<String> {
        let base = base.map(|base| base.parse().unwrap());
        let repo = GithubRepo::new("o/r", base.as_ref(), None).unwrap();
        let (token, _) = token(&env.iter().copied().collect(), &repo, named);
        token.map(|token| format!("{}={}", token.from, token.value.expose_secret()))
    }

    #[test]
    fn a_token_goes_to_its_own_server_only() {
        let all = [
            ("LOOM_GITHUB_TOKEN", "l"),
            ("GITHUB_TOKEN", "g"),
            ("GH_TOKEN", "h"),
            ("GH_ENTERPRISE_TOKEN", "e"),
            ("GITHUB_ENTERPRISE_TOKEN", "f"),
            ("GH_HOST", "ghe.example"),
            ("CORP", "c"),
        ];
        let ghe = Some("https://ghe.example");
        for (env, base, named, expected) in [
            (&all[..], None, None, Some("LOOM_GITHUB_TOKEN=l")),
            (&all[1..], None, None, Some("GITHUB_TOKEN=g")),
            (&all[2..], None, None, Some("GH_TOKEN=h")),
            (&all[3..], None, None, None),
            (&all[..], None, Some("CORP"), Some("CORP=c")),
            (&all[..], None, Some("OTHER"), None),
            (&all[..], ghe, None, Some("GH_ENTERPRISE_TOKEN=e")),
            (&all[4..], ghe, None, Some("GITHUB_ENTERPRISE_TOKEN=f")),
            (&all[..5], ghe, None, None),
            (&all[..], ghe, Some("GH_TOKEN"), Some("GH_TOKEN=h")),
            (&all[..], Some("https://ghe.example:8443"), None, None),
            (&all[..], Some("https://other.example"), None, None),
            (&all[..], Some("http://github.com"), None, None),
        ] {
            assert_eq!(chosen(env, base, named).as_deref(), expected, "{base:?} {named:?}");
        }
    }
}
