//! [`Authorizer`]: which `Authorization` a request has, and how it is renewed.

use std::{collections::HashMap, time::Duration};

use loom_http::{
    Client,
    header::{HeaderMap, HeaderValue},
};
use loom_source::{ErrorClass, SkippedEntries, SourceError, process_clock};
use secrecy::ExposeSecret as _;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use super::{
    authorization::{basic, sensitive},
    challenge::AuthChallenge,
    token_request::{RealmToken, TokenRequest},
};
use crate::credentials::{CredentialFiles, RegistryLogin};

/// How long before its end a token is renewed.
const MARGIN: Duration = Duration::from_secs(5);

/// Where the login for a registry comes from.
#[derive(Debug, Default)]
pub(crate) struct LoginSource {
    /// The login of the source's own settings.
    pub(crate) given: Option<RegistryLogin>,
    pub(crate) files: CredentialFiles,
}

/// Knows the authorization for each repository of one registry. The first request has none: many registries need none.
#[derive(Debug)]
pub(super) struct Authorizer {
    /// The root URL of the registry.
    root: Url,
    /// The name under which docker keeps the login.
    key: String,
    source: LoginSource,
    /// Held while a login or a token is requested, so that requests at the same time share the answer.
    state: Mutex<AuthState>,
}

/// What is known so far, by repository.
#[derive(Debug, Default)]
struct AuthState {
    grants: HashMap<String, Grant>,
    logins: HashMap<String, Option<RegistryLogin>>,
}

/// What a repository is requested with.
#[derive(Debug)]
struct Grant {
    challenge: AuthChallenge,
    header: Option<HeaderValue>,
    expires: Option<Instant>,
    /// Whether the header was made from a login.
    by_login: bool,
}

/// A response that refuses a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct RefusedRequest<'a> {
    pub(super) repository: &'a str,
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    /// The authorization that the request had.
    pub(super) sent: Option<&'a HeaderValue>,
    /// Whether that authorization was made for this very request.
    pub(super) is_fresh: bool,
}

impl Grant {
    fn has_ended(&self, margin: Duration) -> bool {
        self.expires.is_some_and(|end| process_clock::now() + margin >= end)
    }
}

impl Authorizer {
    pub(super) fn new(root: Url, key: String, source: LoginSource) -> Self {
        Self { root, key, source, state: Mutex::default() }
    }

    /// The header that requests for a repository are sent with, as far as one is known that has not expired.
    pub(super) async fn current(&self, repository: &str) -> Option<HeaderValue> {
        let state = self.state.lock().await;
        let grant = state.grants.get(repository)?;
        grant.header.clone().filter(|_| !grant.has_ended(MARGIN))
    }

    /// The header to send next; `None` where the refusal is final.
    ///
    /// A token that was made earlier is renewed once. A login that is refused is left out once, where a token can be had
    /// without one: an expired login may be refused where none is needed.
    pub(super) async fn after(
        &self,
        client: &Client,
        refused: RefusedRequest<'_>,
        skipped: &SkippedEntries,
    ) -> Result<Option<HeaderValue>, SourceError> {
        let RefusedRequest { repository, status, headers, sent, is_fresh } = refused;
        let mut state = self.state.lock().await;
        let known = state.grants.get(repository);
        if let Some(Grant { header: Some(renewed), .. }) = known.filter(|g| !g.has_ended(MARGIN))
            && sent != Some(renewed)
        {
            return Ok(Some(renewed.clone()));
        }
        let known = known.filter(|grant| sent.is_some() && grant.header.as_ref() == sent);
        let challenge = AuthChallenge::of(headers).or_else(|| Some(known?.challenge.clone()));
        let Some(challenge) = challenge else { return Ok(None) };
        let by_login = known.is_some_and(|grant| grant.by_login);
        let login = if sent.is_none() || (status == 401 && !is_fresh) {
            self.login(&mut state, repository, client.network().timeout, skipped).await
        } else if by_login && challenge != AuthChallenge::Basic {
            skipped.add(
                &self.key,
                format_args!("it refused the login (HTTP {status}); it is asked without one"),
            );
            None
        } else {
            if by_login {
                skipped.add(&self.key, format_args!("it refused the login (HTTP {status})"));
            }
            return Ok(None);
        };
        let grant = self.grant(client, challenge, login.as_ref(), skipped).await?;
        let header = grant.header.clone().filter(|header| sent != Some(header));
        state.grants.insert(repository.to_owned(), grant);
        Ok(header)
    }

    /// The login of the settings, else of the files, which are read once.
    async fn login(
        &self,
        state: &mut AuthState,
        repository: &str,
        timeout: Duration,
        skipped: &SkippedEntries,
    ) -> Option<RegistryLogin> {
        if let Some(given) = &self.source.given {
            return Some(given.clone());
        }
        if let Some(known) = state.logins.get(repository) {
            return known.clone();
        }
        // Half of the time: the registry has to answer, too.
        let login = self.source.files.login(&self.key, repository, timeout / 2, skipped).await;
        state.logins.insert(repository.to_owned(), login.clone());
        login
    }

    /// What answers a challenge. It has no header where nothing does.
    async fn grant(
        &self,
        client: &Client,
        challenge: AuthChallenge,
        login: Option<&RegistryLogin>,
        skipped: &SkippedEntries,
    ) -> Result<Grant, SourceError> {
        let by_login = login.is_some();
        if let Some(RegistryLogin::Bearer(token)) = login {
            let header = sensitive(format!("Bearer {}", token.expose_secret()));
            return Ok(Grant { challenge, header, expires: None, by_login });
        }
        let AuthChallenge::Bearer { realm, service, scope } = &challenge else {
            let header = login.and_then(basic);
            return Ok(Grant { challenge, header, expires: None, by_login });
        };
        let request = TokenRequest {
            registry: &self.root,
            realm,
            service: service.as_deref(),
            scope: scope.as_deref(),
        };
        let (token, by_login) = match request.send(client, login).await {
            Err(error) if by_login && error.kind.class() == ErrorClass::Credentials => {
                skipped.add(&self.key, "its realm refused the login; it is asked without one");
                (request.send(client, None).await?, false)
            }
            token => (token?, by_login),
        };
        let RealmToken { token, expires } = token;
        let header = sensitive(format!("Bearer {token}"));
        Ok(Grant { challenge, header, expires: Some(expires), by_login })
    }
}
