//! [`DockerConfig`]: one file of logins, `config.json` of docker or `auth.json` of podman.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::SecretString;
use serde::Deserialize;

use super::registry_login::RegistryLogin;

/// A file of logins.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DockerConfig {
    #[serde(default)]
    auths: BTreeMap<String, KeptLogin>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

/// A login in the file itself.
#[derive(Default, Deserialize)]
struct KeptLogin {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
    #[serde(default)]
    registrytoken: Option<String>,
}

/// Where the login for a registry is.
#[derive(Debug)]
pub(super) enum Keeper<'a> {
    /// The program `docker-credential-<name>` has it, if anything does.
    Helper(&'a str),
    /// It is in the file.
    File(RegistryLogin),
}

impl DockerConfig {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        // A message of the parser could quote a password.
        serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            serde::de::Error::custom(format_args!(
                "not a file of logins (line {line}, column {column})"
            ))
        })
    }

    /// Where a login for the repository may be, the more specific first: a helper for the registry, the helper for all, the
    /// file itself.
    pub(super) fn keepers(&self, key: &str, repository: &str) -> Vec<Keeper<'_>> {
        let own = self.cred_helpers.iter().find(|(name, _)| normalized(name) == normalized(key));
        let helpers = [own.map(|(_, helper)| helper), self.creds_store.as_ref()];
        let helpers = helpers.into_iter().flatten().filter(|name| !name.is_empty());
        let mut keepers: Vec<Keeper<'_>> = helpers.map(|name| Keeper::Helper(name)).collect();
        keepers.extend(self.kept(key, repository).map(Keeper::File));
        keepers
    }

    /// The login of the longest key that is the registry, or the registry with the beginning of the repository.
    fn kept(&self, key: &str, repository: &str) -> Option<RegistryLogin> {
        let whole = format!("{}/{repository}", normalized(key));
        let covers = |name: &str| {
            let rest = whole.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let fitting = self.auths.iter().filter(|(name, _)| covers(normalized(name)));
        let mut fitting: Vec<_> = fitting.collect();
        fitting.sort_by_key(|(name, _)| std::cmp::Reverse(normalized(name).len()));
        fitting.into_iter().find_map(|(_, kept)| kept.login())
    }

    /// The name of an entry for the repository that is meant to hold a login, and holds none that can be used.
    pub(super) fn unusable(&self, key: &str, repository: &str) -> Option<&str> {
        let whole = format!("{}/{repository}", normalized(key));
        let is_meant = |(name, kept): &(&String, &KeptLogin)| {
            let rest = whole.strip_prefix(normalized(name));
            let covers = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            // An empty entry says that a helper has the login.
            covers && kept.is_given() && kept.login().is_none()
        };
        self.auths.iter().find(is_meant).map(|(name, _)| name.as_str())
    }
}

impl KeptLogin {
    /// Whether any field has a text.
    fn is_given(&self) -> bool {
        let Self { auth, username, password, identitytoken, registrytoken } = self;
        let fields = [auth, username, password, identitytoken, registrytoken];
        fields.into_iter().flatten().any(|text| !text.is_empty())
    }

    fn login(&self) -> Option<RegistryLogin> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(&self.registrytoken) {
            return Some(RegistryLogin::Bearer(token.into()));
        }
        if let Some(token) = given(&self.identitytoken) {
            return Some(RegistryLogin::Identity(token.into()));
        }
        let (user, password) = match given(&self.auth) {
            Some(auth) => decoded(&auth)?,
            None => (given(&self.username)?, given(&self.password)?),
        };
        Some(RegistryLogin::Password { user, password: SecretString::from(password) })
    }
}

/// The user and password of `user:password` in base64.
fn decoded(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    (!user.is_empty() && !password.is_empty()).then(|| (user.to_owned(), password.to_owned()))
}

/// The name of a registry without scheme and path of the API, as old versions of docker wrote it.
fn normalized(name: &str) -> &str {
    let name =
        name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    let name = name.trim_end_matches('/');
    name.strip_suffix("/v1").or_else(|| name.strip_suffix("/v2")).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn found(config: &str, key: &str, repository: &str) -> Vec<String> {
        let config = DockerConfig::parse(config.as_bytes()).unwrap();
        let text = |keeper: Keeper<'_>| match keeper {
            Keeper::Helper(name) => format!("helper {name}"),
            Keeper::File(RegistryLogin::Password { user, password }) => {
                format!("{user}:{}", password.expose_secret())
            }
            Keeper::File(RegistryLogin::Identity(token)) => {
                format!("identity {}", token.expose_secret())
            }
            Keeper::File(RegistryLogin::Bearer(token)) => {
                format!("bearer {}", token.expose_secret())
            }
        };
        config.keepers(key, repository).into_iter().map(text).collect()
    }

    #[test]
    fn the_more_specific_login_comes_first() {
        let auth = |pair: &str| format!(r#"{{"auth":"{}"}}"#, BASE64_STANDARD.encode(pair));
        let config = format!(
            r#"{{"auths":{{"https://h:5000/v1/":{},"h:5000/team":{},"other":{},"empty":{{}},
                "id":{{"auth":"dXNlcg==","identitytoken":"i"}},"bare":{{"registrytoken":"b"}}}},
                "credHelpers":{{"h:5000":"own"}},"credsStore":"all","detachKeys":"ctrl-e"}}"#,
            auth("host:a:b"),
            auth("team:c"),
            auth("x:y"),
        );
        assert_eq!(found(&config, "h:5000", "loom"), ["helper own", "helper all", "host:a:b"]);
        assert_eq!(found(&config, "h:5000", "team/loom")[2], "team:c");
        assert_eq!(found(&config, "h:5000", "teams/loom")[2], "host:a:b");
        assert_eq!(found(&config, "empty", "loom"), ["helper all"]);
        assert_eq!(found(&config, "id", "loom")[1], "identity i");
        assert_eq!(found(&config, "bare", "loom")[1], "bearer b");
        assert_eq!(found(&config, "h", "loom"), ["helper all"]);
    }

    #[test]
    fn a_file_in_another_form_shows_none_of_its_text() {
        let error = DockerConfig::parse(br#"{"auths":{"h":"secret"}}"#).err().unwrap();
        assert!(!error.to_string().contains("secret"), "{error}");
        for odd in
            [r#"{"auths":{"h":{"auth":"%%"}}}"#, r#"{"auths":{"h":{"auth":"dXNlcg=="}}}"#, "{}"]
        {
            assert!(found(odd, "h", "x").is_empty(), "{odd}");
        }
    }
}
