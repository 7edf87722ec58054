//! [`WriteApi`]: requests that change something, and the waits that the server asks for.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::StreamExt as _;
use loom_base::redact;
use loom_http::{
    CallResponse, Client, HttpCall, Method, SmallResponse,
    header::{self, HeaderValue},
};
use loom_source::{SourceError, SourceErrorKind};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{error::PublishError, event::PublishEvent};
use crate::{
    api::Api,
    documents::message,
    refusal::{self, Refusal},
};

/// The longest document that is read, in bytes: a page of a hundred releases.
const MAX_DOCUMENT: usize = 32 * 1024 * 1024;

/// The longest time that all pauses of one run that the server asks for may take together. GitHub's limits end within an
/// hour, which is longer than a user waits and shorter than a job of CI may take.
const MAX_WAIT: Duration = Duration::from_secs(30 * 60);

/// Called with each event.
pub(super) type Observer<'a> = &'a (dyn Fn(PublishEvent<'_>) + Sync);

/// The API of a repository's server, for requests that change something.
pub(super) struct WriteApi<'a> {
    pub(super) api: &'a Api,
    /// A client that never repeats a request by itself.
    pub(super) client: &'a Client,
    pub(super) observer: Observer<'a>,
    /// The time for pauses that is left.
    pub(super) patience: std::sync::Mutex<Duration>,
}

/// The document of a refused value.
#[derive(Debug, Default, Deserialize)]
struct InvalidDocument {
    #[serde(default)]
    errors: Vec<InvalidField>,
}

#[derive(Debug, Default, Deserialize)]
struct InvalidField {
    #[serde(default)]
    code: String,
    #[serde(default)]
    field: String,
}

/// The code for an asset whose name is taken.
const ALREADY_EXISTS: &str = "already_exists";

impl<'a> WriteApi<'a> {
    pub(super) fn new(api: &'a Api, client: &'a Client, observer: Observer<'a>) -> Self {
        Self { api, client, observer, patience: MAX_WAIT.into() }
    }

    /// Sends a request with a JSON document, or without one. Statuses below 400 and 404 are responses.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        document: Option<&Value>,
    ) -> Result<SmallResponse, PublishError> {
        let body = document.map(|document| Bytes::from(document.to_string())).unwrap_or_default();
        loop {
            let mut headers = self.api.headers(HeaderValue::from_static(MEDIA_TYPE));
            if document.is_some() {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            let call = HttpCall::new(method.clone(), url.clone(), headers, body.clone());
            let sent = self.client.call(&call.allow_html().document()).await;
            if let Some(response) = self.judge(url, sent).await? {
                return Ok(response);
            }
        }
    }

    /// The response to a request, or its error; `None` where the request may be made again after the pause that the
    /// server asked for.
    pub(super) async fn judge(
        &self,
        url: &Url,
        sent: Result<CallResponse, SourceError>,
    ) -> Result<Option<SmallResponse>, PublishError> {
        let response = match sent {
            Ok(response) => small(url, response).await?,
            Err(error) => {
                let SourceErrorKind::HttpStatus { status: 429, retry_after } = error.kind else {
                    return Err(error.into());
                };
                let pause = retry_after.unwrap_or(refusal::UNKNOWN_LIMIT);
                self.wait(SystemTime::now() + pause).await?;
                return Ok(None);
            }
        };
        let SmallResponse { status, headers, .. } = &response;
        let refused = refusal::judge(*status, headers, &message(&response), SystemTime::now());
        match (status, refused) {
            (_, Some(Refusal::Limit { until })) => {
                self.wait(until).await?;
                Ok(None)
            }
            (200..=299 | 404, _) => Ok(Some(response)),
            (422, _) => Err(invalid(url, &response)),
            (301 | 302 | 307 | 308, _) => {
                let to = response.location.as_ref().map(redact::url).unwrap_or_default();
                let why = format!("it redirects to {to}: name the repository as it is called now");
                Err(PublishError::Invalid { at: redact::url(url), why })
            }
            _ => Err(self.api.refusal(url, &response).into()),
        }
    }

    /// Waits until a time that the server named, if patience is left.
    async fn wait(&self, until: SystemTime) -> Result<(), PublishError> {
        let now = SystemTime::now();
        let pause = until.duration_since(now).unwrap_or_default();
        {
            let mut patience = loom_base::LockExt::locked(&self.patience);
            match patience.checked_sub(pause) {
                Some(left) => *patience = left,
                None => return Err(self.api.limited(until, now).into()),
            }
        }
        (self.observer)(PublishEvent::Waiting { pause });
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// The media type of the API's documents.
pub(super) const MEDIA_TYPE: &str = "application/vnd.github+json";

async fn small(url: &Url, response: CallResponse) -> Result<SmallResponse, SourceError> {
    let CallResponse { status, headers, mut body } = response;
    let mut all = Vec::new();
    while let Some(piece) = body.next().await {
        all.extend_from_slice(&piece?);
        if all.len() > MAX_DOCUMENT {
            let reason = format!("it has more than {MAX_DOCUMENT} bytes");
            return Err(SourceError::malformed(redact::url(url), reason));
        }
    }
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let location = location.and_then(|location| url.join(location).ok());
    Ok(SmallResponse { status: status.as_u16(), headers, body: all.into(), location })
}

/// The error of a refused value. A name that is taken is transient: the assets are looked at again.
fn invalid(url: &Url, response: &SmallResponse) -> PublishError {
    let document: InvalidDocument = serde_json::from_slice(&response.body).unwrap_or_default();
    if document.errors.iter().any(|error| error.code == ALREADY_EXISTS && error.field == "name") {
        let kind = SourceErrorKind::HttpStatus { status: 409, retry_after: None };
        return SourceError::new(redact::url(url), kind).into();
    }
    let fields = document.errors.iter().map(|error| format!("{} {}", error.field, error.code));
    let fields: Vec<String> = fields.take(5).collect();
    let mut why = message(response);
    if !fields.is_empty() {
        why = format!("{why} ({})", fields.join(", "));
    }
    PublishError::Invalid { at: redact::url(url), why }
}

/// Whether the state of the release is looked at again after this error.
pub(super) fn is_transient(error: &SourceError) -> bool {
    match &error.kind {
        SourceErrorKind::HttpStatus { status, .. } => {
            matches!(status, 408 | 409 | 425 | 500 | 502..=504)
        }
        SourceErrorKind::Connect { .. }
        | SourceErrorKind::Interrupted { .. }
        | SourceErrorKind::Stalled { .. } => true,
        _ => false,
    }
}
