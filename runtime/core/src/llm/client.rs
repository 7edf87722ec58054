//! One generation over HTTP.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Once, OnceLock},
    time::{Duration, SystemTime},
};

use futures::StreamExt as _;
use reqwest::{Response, header, redirect};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    Completion, LlmError, LlmProvider,
    answer::refusal,
    lines::Lines,
    provider::{is_local, shown},
    request::Document,
    retry::{LlmRetry, asked_pause},
};

/// The largest answer that is taken, in bytes.
const LARGEST: usize = 16 << 20;
/// How much of a refusal is read, and how much of it is told.
const REFUSAL: (usize, usize) = (64 << 10, 500);
/// What connecting may take, of the time for the whole.
const CONNECT: Duration = Duration::from_secs(10);
/// What an answer's data ends with.
const DONE: &str = "[DONE]";

/// Asks providers. Clients below are built when first needed: loading the system's certificates takes milliseconds
/// and memory that a runtime without language models need not spend.
#[derive(Debug, Default)]
pub struct LlmClient {
    retry: LlmRetry,
    plain: OnceLock<Result<reqwest::Client, String>>,
    full: OnceLock<Result<reqwest::Client, String>>,
}

/// One generation under way.
struct Generation<'a> {
    provider: &'a LlmProvider,
    url: Url,
    address: String,
    /// When its caller stops waiting.
    limit: Instant,
    /// The provider's timeout, or the caller's where that is shorter.
    patience: Duration,
}

impl LlmClient {
    /// A client that asks again as `retry` says.
    pub fn new(retry: LlmRetry) -> Self {
        Self { retry, ..Self::default() }
    }

    /// Asks a provider and takes its answer, which may take as long as the provider's timeout says and never longer
    /// than `limit`. Of a streamed answer each piece is told as it comes, and the provider's timeout is for each.
    pub async fn complete(
        &self,
        provider: &LlmProvider,
        document: &Document,
        limit: Duration,
        piece: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Completion, LlmError> {
        let name = || provider.name.clone();
        let url = provider.endpoint();
        let url = url.map_err(|why| LlmError::Unusable { provider: name(), why })?;
        let patience = provider.timeout.min(limit);
        let (address, limit) = (shown(&url), Instant::now() + limit);
        let course = Generation { provider, url, address, limit, patience };
        let head = course.deadline();
        let response = self.ask(&course, document, head).await?;
        let mut answer = Completion::begin(&provider.name, &document.model);
        if document.streams && is_event_stream(&response) {
            course.listen(response, &mut answer, piece).await?;
        } else {
            let body = course.body(response, head).await?;
            answer.take(&body).map_err(|why| course.unusable(why))?;
            piece(&answer.text);
        }
        Ok(answer)
    }

    /// Asks until there is an answer, as the retry policy and the time allow.
    async fn ask(
        &self,
        course: &Generation<'_>,
        document: &Document,
        deadline: Instant,
    ) -> Result<Response, LlmError> {
        let mut made = 0;
        loop {
            let failed = match self.once(course, document, deadline).await {
                Ok(response) => return Ok(response),
                Err(failed) => failed,
            };
            made += 1;
            let pause = self.retry.pause(made, &failed, jitter());
            let Some(pause) = pause.filter(|&pause| Instant::now() + pause < deadline) else {
                return Err(failed);
            };
            // Without the provider's words, which may be the prompt's.
            tracing::info!(provider = course.provider.name, made, ?pause, "asking again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(
        &self,
        course: &Generation<'_>,
        document: &Document,
        deadline: Instant,
    ) -> Result<Response, LlmError> {
        let client = self.http(&course.url).map_err(|why| {
            let provider = course.provider.name.clone();
            LlmError::Unusable { provider, why: format!("no HTTPS: {why}") }
        })?;
        let mut request = client.post(course.url.clone()).json(&document.body);
        if let Some(key) = &course.provider.api_key {
            request = request.bearer_auth(key.expose_secret());
        }
        let sent = timeout_at(deadline, request.send()).await;
        let sent = sent.map_err(|_| course.slow("did not answer"))?;
        let response = sent.map_err(|error| course.unanswered(error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(course.refused(response, deadline).await)
    }

    /// A client for this address. What the environment says about proxies holds for all but this machine.
    fn http(&self, url: &Url) -> Result<&reqwest::Client, String> {
        let plain = url.scheme() == "http" && is_local(url);
        let cell = if plain { &self.plain } else { &self.full };
        let built = cell.get_or_init(|| build(plain).map_err(|error| error.to_string()));
        built.as_ref().map_err(Clone::clone)
    }
}

fn build(plain: bool) -> reqwest::Result<reqwest::Client> {
    install_provider();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("loom-runtime/", env!("CARGO_PKG_VERSION")))
        // A key and a prompt go to the address they were given for and nowhere else.
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT);
    if plain { builder.no_proxy().tls_certs_only([]).build() } else { builder.build() }
}

/// Makes ring the process's provider of cryptography, unless there is one already.
fn install_provider() {
    static ONCE: Once = Once::new();
    // An error means that somebody else has installed one, which will do.
    ONCE.call_once(|| _ = rustls::crypto::ring::default_provider().install_default());
}

fn jitter() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}

fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"))
}

impl Generation<'_> {
    /// When the provider's timeout is over, counted from now, or the caller's patience.
    fn deadline(&self) -> Instant {
        self.limit.min(Instant::now() + self.provider.timeout)
    }

    /// A whole answer.
    async fn body(&self, response: Response, deadline: Instant) -> Result<Vec<u8>, LlmError> {
        let mut stream = response.bytes_stream();
        let mut body = Vec::new();
        loop {
            let next = timeout_at(deadline, stream.next()).await;
            match next.map_err(|_| self.slow("did not finish its answer"))? {
                Some(Ok(bytes)) => body.extend_from_slice(&bytes),
                Some(Err(error)) => return Err(self.broken(Some(error))),
                None => return Ok(body),
            }
            self.fits(body.len())?;
        }
    }

    /// An answer in pieces.
    async fn listen(
        &self,
        response: Response,
        answer: &mut Completion,
        piece: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), LlmError> {
        let mut stream = response.bytes_stream();
        let mut lines = Lines::default();
        loop {
            let next = timeout_at(self.deadline(), stream.next()).await;
            let bytes = match next.map_err(|_| self.slow("fell silent and said nothing more"))? {
                Some(Ok(bytes)) => bytes,
                Some(Err(error)) => return Err(self.broken(Some(error))),
                // Not all say that they are done; a reason to finish says the same.
                None if answer.finish_reason.is_some() => return Ok(()),
                None => return Err(self.broken(None)),
            };
            for data in lines.push(&bytes).map_err(|error| self.unusable(error.to_string()))? {
                if data == DONE {
                    return Ok(());
                }
                let text = answer.take_piece(&data).map_err(|why| self.unusable(why))?;
                if !text.is_empty() {
                    piece(&text);
                }
            }
            self.fits(answer.text.len())?;
        }
    }

    async fn refused(&self, response: Response, deadline: Instant) -> LlmError {
        let status = response.status();
        let after = asked_pause(response.headers(), SystemTime::now());
        let mut stream = response.bytes_stream();
        let mut body = Vec::new();
        // What can be had of the reason; the refusal stands without it.
        while let Ok(Some(Ok(bytes))) = timeout_at(deadline, stream.next()).await {
            body.extend_from_slice(&bytes);
            if body.len() > REFUSAL.0 {
                break;
            }
        }
        let said = if status.is_redirection() {
            "it redirects, which is not followed: set api_base to where it leads".to_owned()
        } else {
            self.discreet(&refusal(&body))
        };
        let (provider, address) = self.who();
        LlmError::Refused { provider, address, status: status.as_u16(), said, after }
    }

    /// Some providers repeat the key that they refuse.
    fn discreet(&self, said: &str) -> String {
        let key = self.provider.api_key.as_ref().map(|key| key.expose_secret());
        let said = match key {
            Some(key) if !key.is_empty() => said.replace(key, "[key]"),
            _ => said.to_owned(),
        };
        let mut told: String = said.chars().take(REFUSAL.1).collect();
        if told.len() < said.len() {
            told.push('…');
        }
        told
    }

    fn who(&self) -> (String, String) {
        (self.provider.name.clone(), self.address.clone())
    }

    fn unanswered(&self, error: reqwest::Error) -> LlmError {
        let (connecting, late) = (error.is_connect(), error.is_timeout());
        // The address is named by us; theirs may hold a password.
        let source = error.without_url();
        let (provider, address) = self.who();
        if connecting || late {
            LlmError::Connect { provider, address, source }
        } else {
            LlmError::Broken { provider, address, source: Some(source) }
        }
    }

    fn slow(&self, what: &'static str) -> LlmError {
        let (provider, address) = self.who();
        LlmError::Slow { provider, address, what, after: self.patience }
    }

    fn broken(&self, source: Option<reqwest::Error>) -> LlmError {
        let (provider, address) = self.who();
        LlmError::Broken { provider, address, source: source.map(reqwest::Error::without_url) }
    }

    fn unusable(&self, why: String) -> LlmError {
        let (provider, address) = self.who();
        LlmError::Answer { provider, address, why }
    }

    fn fits(&self, length: usize) -> Result<(), LlmError> {
        if length <= LARGEST {
            return Ok(());
        }
        Err(self.unusable(format!("it is longer than {LARGEST} bytes")))
    }
}
