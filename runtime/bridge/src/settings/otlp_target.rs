//! Where one signal is exported to, and how.

use std::{fmt, path::PathBuf, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use loom_base::redact;
use loom_environment::otlp_names::{COMMON, OtlpNames};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{
    otlp_headers,
    otlp_signal::OtlpSignal,
    reader::{self, SettingsError, VariableReader},
};

/// The protocols of OTLP that the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// OTLP over gRPC.
    Grpc,
    /// OTLP over HTTP, as protocol buffers.
    HttpProtobuf,
}

/// A file, and the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The variable's name.
    pub variable: &'static str,
    /// The file.
    pub path: PathBuf,
}

/// An OpenTelemetry collector for one signal.
#[derive(Clone, PartialEq, Eq)]
pub struct OtlpTarget {
    /// What is exported.
    pub signal: OtlpSignal,
    /// The URL, without a user. It may hold a key in its query.
    pub url: Url,
    /// The variable that names the URL.
    pub variable: &'static str,
    /// How it is sent.
    pub protocol: OtlpProtocol,
    /// Headers of each request, which may hold secrets.
    pub headers: Vec<(String, String)>,
    /// Upper limit of one export.
    pub timeout: Duration,
    /// The authorities that the collector's certificate is verified by; `None` for those of the system.
    pub authorities: Option<NamedFile>,
    /// The certificate chain that the server shows, and its private key.
    pub identity: Option<(NamedFile, NamedFile)>,
}

/// Shows neither headers nor more of the URL than its origin.
impl fmt::Debug for OtlpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpTarget")
            .field("signal", &self.signal)
            .field("address", &self.address())
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

/// The default upper limit of one export, as the specification says.
const TIMEOUT: Duration = Duration::from_secs(10);

impl OtlpTarget {
    /// Reads the target of a signal; `None` where no endpoint is set, or the exporter is `none`.
    pub(super) fn read(
        reader: &VariableReader<'_>,
        signal: OtlpSignal,
    ) -> Result<Option<Self>, SettingsError> {
        if !is_exported(reader, signal)? {
            return Ok(None);
        }
        let variables = SignalVariables { reader, own: signal.names() };
        let Some((variable, endpoint)) = variables.text(|names| names.endpoint)? else {
            return Ok(None);
        };
        let protocol = variables.protocol()?;
        let mut url = url(variable, endpoint)?;
        if variable == COMMON.endpoint && protocol == OtlpProtocol::HttpProtobuf {
            let path = format!("{}/{}", url.path().trim_end_matches('/'), signal.path());
            url.set_path(&path);
        }
        let mut headers = variables.headers()?;
        headers.extend(take_credentials(&mut url));
        let timeout = variables.timeout()?;
        let (authorities, identity) =
            (variables.file(|names| names.certificate), variables.identity()?);
        Ok(Some(Self { signal, url, variable, protocol, headers, timeout, authorities, identity }))
    }

    /// The address for display: scheme, host and port alone, since the rest may hold secrets.
    pub fn address(&self) -> String {
        redact::origin(&self.url)
    }
}

fn is_exported(reader: &VariableReader<'_>, signal: OtlpSignal) -> Result<bool, SettingsError> {
    let variable = signal.exporter();
    match reader.text(variable)? {
        None | Some("otlp") => Ok(true),
        Some("none") => Ok(false),
        Some(other) => Err(SettingsError::Invalid {
            variable,
            reason: "expected otlp or none".to_owned(),
            value: Some(redact::unusable(other)),
        }),
    }
}

/// The endpoint with a scheme; one without is plain, as `collector:4317`.
fn url(variable: &'static str, endpoint: &str) -> Result<Url, SettingsError> {
    let text =
        if endpoint.contains("://") { endpoint.to_owned() } else { format!("http://{endpoint}") };
    let url = text.parse::<Url>().ok();
    let usable = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    usable.ok_or_else(|| SettingsError::Invalid {
        variable,
        reason: "expected http://host:port or https://host:port".to_owned(),
        value: Some(redact::unusable(endpoint)),
    })
}

/// Takes user and password out of a URL, as the header that sends them.
fn take_credentials(url: &mut Url) -> Option<(String, String)> {
    let (user, password) = (url.username().to_owned(), url.password().map(str::to_owned));
    if user.is_empty() && password.is_none() {
        return None;
    }
    // Neither can fail where there is a host.
    _ = url.set_username("");
    _ = url.set_password(None);
    let pair: Vec<u8> = percent_decode_str(&user)
        .chain(*b":")
        .chain(percent_decode_str(password.as_deref().unwrap_or_default()))
        .collect();
    Some(("authorization".to_owned(), format!("Basic {}", BASE64_STANDARD.encode(pair))))
}

/// The variables of one signal, and the common ones where those are not set.
struct SignalVariables<'a> {
    reader: &'a VariableReader<'a>,
    own: &'static OtlpNames,
}

impl<'a> SignalVariables<'a> {
    /// The value, and the variable that it comes from.
    fn text(
        &self,
        name: impl Fn(&OtlpNames) -> &'static str,
    ) -> Result<Option<(&'static str, &'a str)>, SettingsError> {
        for variable in [name(self.own), name(&COMMON)] {
            if let Some(text) = self.reader.text(variable)? {
                return Ok(Some((variable, text)));
            }
        }
        Ok(None)
    }

    fn file(&self, name: impl Fn(&OtlpNames) -> &'static str) -> Option<NamedFile> {
        let named = |variable| {
            let path = self.reader.raw(variable)?.into();
            Some(NamedFile { variable, path })
        };
        named(name(self.own)).or_else(|| named(name(&COMMON)))
    }

    fn protocol(&self) -> Result<OtlpProtocol, SettingsError> {
        let Some((variable, text)) = self.text(|names| names.protocol)? else {
            return Ok(OtlpProtocol::Grpc);
        };
        match text {
            "grpc" => Ok(OtlpProtocol::Grpc),
            "http/protobuf" => Ok(OtlpProtocol::HttpProtobuf),
            other => Err(SettingsError::Invalid {
                variable,
                reason: "expected grpc or http/protobuf".to_owned(),
                value: Some(redact::unusable(other)),
            }),
        }
    }

    fn headers(&self) -> Result<Vec<(String, String)>, SettingsError> {
        match self.text(|names| names.headers)? {
            Some((variable, text)) => {
                otlp_headers::parse(text).map_err(|reason| SettingsError::secret(variable, reason))
            }
            None => Ok(Vec::new()),
        }
    }

    fn timeout(&self) -> Result<Duration, SettingsError> {
        match self.text(|names| names.timeout)? {
            Some((variable, text)) => reader::milliseconds(variable, text),
            None => Ok(TIMEOUT),
        }
    }

    /// Both files, or neither.
    fn identity(&self) -> Result<Option<(NamedFile, NamedFile)>, SettingsError> {
        let certificate = self.file(|names| names.client_certificate);
        let key = self.file(|names| names.client_key);
        match (certificate, key) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (Some(set), None) => {
                Err(SettingsError::Missing { variable: COMMON.client_key, other: set.variable })
            }
            (None, Some(set)) => Err(SettingsError::Missing {
                variable: COMMON.client_certificate,
                other: set.variable,
            }),
            (None, None) => Ok(None),
        }
    }
}
