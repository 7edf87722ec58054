//! The environment, read into one value.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use loom_core::{llm::Providers, mcp::McpServerConfig};
use serde::de::DeserializeOwned;

use crate::{
    logging::LogFormat, mcp, providers, spans::budget::EVENTS_PER_SECOND, tls::TlsFiles,
    token::BearerToken,
};

/// The environment variables that the server reads, and what they mean; shown by `--help`.
pub const HELP: &str = "\
Environment:
  LOOM_BRIDGE_ADDR        gRPC address, host:port [127.0.0.1:50051]; port 0 lets the system pick
  LOOM_BRIDGE_TOKEN       callers must send `authorization: Bearer <token>`
  LOOM_BRIDGE_TLS_CERT    PEM file with the certificate and its chain: speak TLS instead of plain HTTP/2
  LOOM_BRIDGE_TLS_KEY     PEM file with its private key
  LOOM_BRIDGE_INSECURE    1 = serve beyond this machine without a token
  LOOM_DASHBOARD          true, 1, yes or on = serve the dashboard
  LOOM_DASHBOARD_HOST     its host [127.0.0.1]
  LOOM_DASHBOARD_PORT     its port [3030]; 0 lets the system pick
  LOOM_LLM_PROVIDERS      language models: JSON, the [llm] table of loom.toml
  LOOM_LLM_API_KEY, LOOM_LLM_API_BASE, LOOM_LLM_MODEL  of the default one
  LOOM_MCP_SERVERS        MCP servers: JSON, {name: {command, args, env}}
  LOOM_AGENTS             JSON, the [agents] table: llm_provider of each agent
  HTTPS_PROXY, NO_PROXY   on the way to language models
  LOOM_MAX_MESSAGE_BYTES  largest message accepted [4194304]
  LOOM_READY_FILE         written once listening: {\"bridge\": \"ip:port\", \"dashboard\": url}
  LOOM_LOG_FORMAT         form of log lines on standard error: text or json [text]
  LOOM_EVENT_SPANS        spans of events kept per second, at most [500]; calls are always kept
  OTEL_EXPORTER_OTLP_ENDPOINT  where to export spans to, over gRPC; unset = nowhere
  OTEL_SERVICE_NAME       the name of this runtime in traces [loom-bridge-server]
  RUST_LOG                what to log on standard error [info]";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Where gRPC is served.
    pub bridge: HostPort,
    /// What callers must know.
    pub token: Option<BearerToken>,
    /// What to speak TLS with, if it is spoken.
    pub tls: Option<TlsFiles>,
    /// Serve beyond this machine without a token.
    pub insecure: bool,
    /// Largest gRPC message accepted, in bytes.
    pub max_message_bytes: usize,
    /// Where the dashboard is served, if it is.
    pub dashboard: Option<HostPort>,
    /// What to write once listening.
    pub ready_file: Option<PathBuf>,
    /// What to log, as `RUST_LOG` says it.
    pub log: String,
    /// In which form.
    pub log_format: LogFormat,
    /// Spans of events kept per second, at most.
    pub event_spans: u32,
    /// Where spans are exported to, if they are.
    pub otlp: Option<OtlpEndpoint>,
    /// Language models.
    pub providers: Providers,
    /// MCP servers.
    pub mcp: Vec<McpServerConfig>,
}

/// A collector of spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpEndpoint {
    /// Its URL.
    pub endpoint: String,
    /// What this runtime is called there.
    pub service: String,
}

/// A host, by name or by address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// 0 = any free one.
    pub port: u16,
}

/// A variable that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}={value:?}: {why}")]
pub struct SettingsError {
    /// The variable.
    pub variable: &'static str,
    /// What it says; hidden for secrets.
    pub value: String,
    /// What is wrong with it.
    pub why: String,
}

/// The environment of a process.
pub type Vars = BTreeMap<OsString, OsString>;

impl ServerSettings {
    /// Reads the variables; an empty one counts as unset.
    pub fn read(vars: &Vars) -> Result<Self, SettingsError> {
        let vars = Reader(vars);
        let bridge = vars.parse("LOOM_BRIDGE_ADDR")?;
        let dashboard_host = vars.text("LOOM_DASHBOARD_HOST")?;
        let dashboard = HostPort {
            host: unbracketed(dashboard_host.unwrap_or("127.0.0.1")).to_owned(),
            port: vars.parse("LOOM_DASHBOARD_PORT")?.unwrap_or(3030),
        };
        let max_message_bytes = vars.parse("LOOM_MAX_MESSAGE_BYTES")?.unwrap_or(Bytes(4 << 20));
        Ok(Self {
            bridge: bridge.unwrap_or(HostPort { host: "127.0.0.1".to_owned(), port: 50051 }),
            token: vars.parse("LOOM_BRIDGE_TOKEN")?,
            tls: vars.tls()?,
            insecure: vars.switch("LOOM_BRIDGE_INSECURE")?,
            max_message_bytes: max_message_bytes.0,
            dashboard: vars.switch("LOOM_DASHBOARD")?.then_some(dashboard),
            ready_file: vars.raw("LOOM_READY_FILE").map(PathBuf::from),
            log_format: vars.parse("LOOM_LOG_FORMAT")?.unwrap_or_default(),
            event_spans: vars.parse("LOOM_EVENT_SPANS")?.unwrap_or(EVENTS_PER_SECOND),
            otlp: vars.otlp()?,
            log: vars.text("RUST_LOG")?.unwrap_or(LOG).to_owned(),
            providers: providers::read(&vars)?,
            mcp: mcp::read(&vars)?,
        })
    }
}

/// What is logged where nobody says: not every message of an MCP server.
const LOG: &str = "info,rmcp=warn";

pub(crate) struct Reader<'a>(&'a Vars);

impl<'a> Reader<'a> {
    fn raw(&self, variable: &str) -> Option<&'a OsStr> {
        let value = self.0.get(OsStr::new(variable)).map(OsString::as_os_str);
        value.filter(|value| !value.is_empty())
    }

    fn tls(&self) -> Result<Option<TlsFiles>, SettingsError> {
        let (cert, key) = ("LOOM_BRIDGE_TLS_CERT", "LOOM_BRIDGE_TLS_KEY");
        let missing = |variable, other| SettingsError {
            variable,
            value: String::new(),
            why: format!("must be set too, since {other} is"),
        };
        match (self.raw(cert), self.raw(key)) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(missing(key, cert)),
            (None, Some(_)) => Err(missing(cert, key)),
            (Some(certificate), Some(key)) => {
                Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() }))
            }
        }
    }

    /// All variables.
    pub(crate) fn all(&self) -> &'a Vars {
        self.0
    }

    /// A JSON document. It may hold keys: no error shows any of it.
    pub(crate) fn json<T: DeserializeOwned>(
        &self,
        variable: &'static str,
    ) -> Result<Option<T>, SettingsError> {
        let error = |why: serde_json::Error| SettingsError {
            variable,
            value: HIDDEN.to_owned(),
            why: unquoted(&why),
        };
        let text = self.text(variable)?;
        text.map(|text| serde_json::from_str(text).map_err(error)).transpose()
    }

    pub(crate) fn text(&self, variable: &'static str) -> Result<Option<&'a str>, SettingsError> {
        let error = |value: &OsStr| SettingsError {
            variable,
            value: shown(variable, &value.to_string_lossy()).to_owned(),
            why: "is not UTF-8".to_owned(),
        };
        self.raw(variable).map(|value| value.to_str().ok_or_else(|| error(value))).transpose()
    }

    fn parse<T: FromStr<Err: fmt::Display>>(
        &self,
        variable: &'static str,
    ) -> Result<Option<T>, SettingsError> {
        let error = |value: &str, why: T::Err| {
            let value = shown(variable, value).to_owned();
            SettingsError { variable, value, why: why.to_string() }
        };
        let text = self.text(variable)?;
        text.map(|text| text.trim().parse().map_err(|why| error(text, why))).transpose()
    }

    fn switch(&self, variable: &'static str) -> Result<bool, SettingsError> {
        Ok(self.parse::<Switch>(variable)?.is_some_and(|switch| switch.0))
    }
}

/// What stands for a value that may be a secret.
const HIDDEN: &str = "…";

fn shown<'a>(variable: &str, value: &'a str) -> &'a str {
    let secret = ["TOKEN", "KEY", "PROVIDERS", "SERVERS", "AGENTS"];
    if secret.iter().any(|word| variable.contains(word)) { HIDDEN } else { value }
}

/// What is wrong with a JSON document, without the value that is wrong.
pub(crate) fn unquoted(error: &serde_json::Error) -> String {
    let why = error.to_string();
    let quotes = ["invalid type", "invalid value"].iter().any(|kind| why.starts_with(kind));
    match why.rsplit_once(", expected ") {
        Some((_, expected)) if quotes => format!("expected {expected}"),
        _ => why,
    }
}

struct Switch(bool);

const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const OTLP_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

impl Reader<'_> {
    /// Spans are exported only when an endpoint is named; the variables for traces alone come first, as the standard
    /// says.
    fn otlp(&self) -> Result<Option<OtlpEndpoint>, SettingsError> {
        let of_traces = self.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")?;
        let Some(endpoint) = of_traces.or(self.text(OTLP_ENDPOINT)?) else { return Ok(None) };
        let of_traces = self.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")?;
        let protocol = of_traces.or(self.text(OTLP_PROTOCOL)?).unwrap_or("grpc");
        // The value may hold credentials: it is not shown.
        let error = |variable, why: &str| SettingsError {
            variable,
            value: "…".to_owned(),
            why: why.to_owned(),
        };
        if protocol != "grpc" {
            return Err(error(
                OTLP_PROTOCOL,
                "this runtime exports spans over gRPC only; say grpc",
            ));
        }
        if endpoint.starts_with("https://") {
            let why = "this runtime exports spans in plain text only; name a collector near it as http://host:port";
            return Err(error(OTLP_ENDPOINT, why));
        }
        let endpoint = match endpoint.contains("://") {
            true => endpoint.to_owned(),
            false => format!("http://{endpoint}"),
        };
        let service = self.text("OTEL_SERVICE_NAME")?.unwrap_or("loom-bridge-server").to_owned();
        Ok(Some(OtlpEndpoint { endpoint, service }))
    }
}

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match &*text.to_ascii_lowercase() {
            "true" | "1" | "yes" | "on" => Ok(Self(true)),
            "false" | "0" | "no" | "off" => Ok(Self(false)),
            _ => Err("say true, 1, yes or on, or false, 0, no or off"),
        }
    }
}

struct Bytes(usize);

impl FromStr for Bytes {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A gRPC message carries its length in 32 bits.
        match text.parse::<u32>() {
            Ok(bytes) if bytes >= 1024 => Ok(Self(bytes as usize)),
            _ => Err("say a number of bytes from 1024 to 4294967295"),
        }
    }
}

impl FromStr for HostPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: address.ip().to_string(), port: address.port() });
        }
        let (host, port) = text.rsplit_once(':').ok_or("say host:port")?;
        let port = port.parse().map_err(|_| "the port must be a number from 0 to 65535")?;
        if host.is_empty() || host.contains([':', '/', '[', ']', '@', ' ']) {
            return Err("say host:port; an IPv6 address goes in brackets");
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse() {
            Ok(IpAddr::V6(_)) => write!(f, "[{}]:{}", self.host, self.port),
            _ => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests;
