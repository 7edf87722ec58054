//! Opens sources of type `github`, with the token that belongs to their server.

use std::sync::Arc;

use loom_github::{Github, GithubOptions, GithubRepo, GithubToken};

use super::{CommandError, Exit, context::Context, sources};
use loom_runtime::{
    config::{Env, Resolved, Signature, SourceKind, SourceSpec},
    sources::{Candidate, Reach, SharedDocuments},
    trust::SourceClass,
};

/// The variables that hold a token for github.com, the first that is set counts.
const PUBLIC: [&str; 3] = ["LOOM_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"];

/// The variables that hold a token for the server that `GH_HOST` names.
const ENTERPRISE: [&str; 2] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];

/// The source, asked by nobody yet.
pub(crate) fn open(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
) -> Result<Candidate, CommandError> {
    let SourceKind::Github { repo, api_base, base_url, token_env, tag_prefix } = &spec.kind else {
        return Err(CommandError::new(Exit::Failure, format!("{spec} is not of type github")));
    };
    let place =
        GithubRepo::new(repo, base_url.as_ref(), api_base.as_ref()).map_err(|e| usage(&e))?;
    let (token, wanted) = token(context.env(), &place, token_env.as_deref());
    let (reach, origin) = (reach(&place), origin(&place));
    let options = GithubOptions {
        repo: place,
        token,
        token_variable: wanted,
        tag_prefix: tag_prefix.clone(),
        prerelease: spec.prerelease,
        evidence: resolved.trust.signature.value == Signature::Required,
        network: sources::network(context, resolved, spec)?,
        cache: Arc::new(SharedDocuments::of(&resolved.state_dir.value, "github")),
    };
    let github = Github::open(options).map_err(|e| usage(&e))?;
    Ok(sources::candidate(spec, origin, reach, Box::new(github)))
}

fn usage(error: &dyn std::error::Error) -> CommandError {
    CommandError::of(Exit::Usage, error)
        .hint("`loom config show` says where this source is configured")
}

fn reach(place: &GithubRepo) -> Reach {
    if place.is_local() { Reach::Loopback } else { Reach::Network }
}

fn origin(place: &GithubRepo) -> SourceClass {
    if place.is_plain() { SourceClass::PlainHttp } else { SourceClass::Mirror }
}

/// The token for a server, and the variable to name where one would help. A token goes to the server that it was
/// made for: the usual variables to github.com, those for Enterprise to the host in `GH_HOST`, and the one that a
/// source names to that source alone.
fn token(
    env: &Env,
    place: &GithubRepo,
    named: Option<&str>,
) -> (Option<GithubToken>, Option<String>) {
    let names: &[&str] = match named {
        Some(ref name) => std::slice::from_ref(name),
        None if place.is_github_com() => &PUBLIC,
        None if env.get("GH_HOST").is_some_and(|host| host.eq_ignore_ascii_case(&place.host())) => {
            &ENTERPRISE
        }
        None => return (None, None),
    };
    let found = names.iter().find_map(|name| {
        let value = env.get(name)?.trim();
        (!value.is_empty()).then(|| GithubToken { value: value.into(), from: (*name).to_owned() })
    });
    (found, Some(names[0].to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn chosen(env: &[(&str, &str)], base: Option<&str>, named: Option<&str>) -> Option<String> {
        let base = base.map(|base| base.parse().unwrap());
        let place = GithubRepo::new("o/r", base.as_ref(), None).unwrap();
        let (token, _) = token(&env.iter().copied().collect(), &place, named);
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
