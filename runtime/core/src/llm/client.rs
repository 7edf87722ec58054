//! Requests to LLM providers over HTTP.

use std::{sync::OnceLock, time::Duration};

use loom_base::{backoff::jitter, error_chain};
use reqwest::{Response, redirect};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    completion::Completion,
    error::LlmError,
    generation::{Generation, is_event_stream},
    provider::{LlmProvider, is_local},
    request::ChatRequest,
    retry::LlmRetry,
};

/// The part of the provider's timeout that connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A provider may close an idle connection just when a request is sent on it. Such a request fails without a byte of a
/// response, and promptly, long before a completion could have been generated and charged: it is sent once more, on a new
/// connection.
const STALE_AFTER: Duration = Duration::from_secs(2);

type CachedClient = OnceLock<Result<reqwest::Client, String>>;

/// Requests completions from providers.
///
/// Its HTTP clients are built when they are first needed: loading the system's certificates takes milliseconds and
/// memory, which a runtime without LLM providers need not spend.
#[derive(Debug, Default)]
pub struct LlmClient {
    retry: LlmRetry,
    /// For plain HTTP on this machine.
    local: CachedClient,
    /// For all other addresses.
    remote: CachedClient,
}

impl LlmClient {
    /// A client with this retry policy.
    pub fn new(retry: LlmRetry) -> Self {
        Self { retry, ..Self::default() }
    }

    /// Requests a completion. It may take as long as the provider's timeout, and never longer than `limit`. `on_chunk`
    /// gets the text as it arrives; of a streamed response the provider's timeout applies to each chunk.
    ///
    /// # Errors
    /// Why there is no complete response, after transient errors were retried.
    pub async fn complete(
        &self,
        provider: &LlmProvider,
        request: &ChatRequest,
        limit: Duration,
        on_chunk: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Completion, LlmError> {
        let generation = Generation::new(provider, limit)?;
        let deadline = generation.deadline();
        let response = self.send(&generation, request, deadline).await?;
        let mut completion = Completion::new(&provider.name, &request.model);
        if is_event_stream(&response) {
            generation.read_chunks(response, &mut completion, on_chunk).await?;
        } else {
            let body = generation.read_body(response, deadline).await?;
            generation.add_body(&body, &mut completion, on_chunk)?;
        }
        Ok(completion)
    }

    /// Sends the request until there is a response, as far as retry policy and deadline allow.
    async fn send(
        &self,
        generation: &Generation<'_>,
        request: &ChatRequest,
        deadline: Instant,
    ) -> Result<Response, LlmError> {
        let mut attempts = 0;
        let mut may_be_stale = true;
        loop {
            let sent_at = Instant::now();
            let error = match self.send_once(generation, request, deadline).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let is_prompt = sent_at.elapsed() < STALE_AFTER;
            let is_stale = matches!(error, LlmError::Interrupted { .. }) && is_prompt;
            if is_stale && std::mem::take(&mut may_be_stale) {
                continue;
            }
            attempts += 1;
            let pause = self.retry.pause(attempts, &error, jitter());
            let Some(pause) = pause.filter(|&pause| Instant::now() + pause < deadline) else {
                return Err(error);
            };
            // Without the error, whose message may repeat the prompt.
            let provider = &generation.provider.name;
            tracing::info!(provider, attempts, ?pause, "request to LLM provider is repeated");
            tokio::time::sleep(pause).await;
        }
    }

    async fn send_once(
        &self,
        generation: &Generation<'_>,
        request: &ChatRequest,
        deadline: Instant,
    ) -> Result<Response, LlmError> {
        let client = self.http_client(&generation.url).map_err(|error| {
            let provider = generation.provider.name.clone();
            LlmError::Misconfigured { provider, reason: format!("HTTPS is unavailable: {error}") }
        })?;
        let mut http_request = client.post(generation.url.clone()).json(&request.body);
        if let Some(key) = &generation.provider.api_key {
            http_request = http_request.bearer_auth(key.expose_secret());
        }
        let sent = timeout_at(deadline, http_request.send()).await;
        let sent = sent.map_err(|_| generation.timeout("did not respond"))?;
        let response = sent.map_err(|error| generation.send_error(error))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(generation.status_error(response, deadline).await)
        }
    }

    /// The client for a URL. Proxies of the environment apply to all but this machine.
    fn http_client(&self, url: &Url) -> Result<&reqwest::Client, String> {
        let is_local = url.scheme() == "http" && is_local(url);
        let cell = if is_local { &self.local } else { &self.remote };
        let client = cell.get_or_init(|| build(is_local).map_err(|error| error_chain(&error)));
        client.as_ref().map_err(Clone::clone)
    }
}

fn build(is_local: bool) -> reqwest::Result<reqwest::Client> {
    let builder = || {
        reqwest::Client::builder()
            .user_agent(concat!("loom-runtime/", env!("CARGO_PKG_VERSION")))
            // A redirect would send key and prompt to an address that they were not meant for.
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
    };
    if is_local {
        loom_tls::only(builder().no_proxy(), &[], &[])
    } else {
        loom_tls::client(builder, &[])
    }
}
