//! The settings of the server, read from its environment.
//!
//! | module | reads |
//! |---|---|
//! | `reader` | one variable, with errors that show no secret |
//! | `history` | the history of runs, and the prices of tokens |
//! | `llm` | LLM providers and the choice of the agents |
//! | `mcp` | MCP servers |
//! | `otlp`, `otlp_signal`, `otlp_target`, `otlp_headers` | what is exported to OpenTelemetry collectors, and how |

use std::{path::PathBuf, str::FromStr};

use loom_base::HostPort;
use loom_core::{llm::LlmProviders, mcp::McpServerConfig};
use loom_environment::{HostNames, InheritedListeners, LogFormat, UserIds, names};

use self::reader::VariableReader;
use crate::{
    tls::{AUTHORITIES, TlsFiles},
    token::BearerToken,
};

mod history;
mod llm;
mod mcp;
mod otlp;
mod otlp_headers;
mod otlp_signal;
mod otlp_target;
#[cfg(test)]
mod otlp_tests;
mod reader;
#[cfg(test)]
mod tests;

pub use history::HistoryPlan;
pub use otlp::OtlpSettings;
pub use otlp_signal::OtlpSignal;
pub use otlp_target::{NamedFile, OtlpProtocol, OtlpTarget};
pub use reader::{EnvironmentMap, SettingsError};

/// The settings of the server.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The address of the gRPC listener; port 0 picks a free port.
    pub bridge: HostPort,
    /// The token that callers must send.
    pub token: Option<BearerToken>,
    /// Certificate and private key; `None` for plain HTTP/2.
    pub tls: Option<TlsFiles>,
    /// The file of the certificate authorities for outgoing connections; `None` for the system's.
    pub authorities: Option<PathBuf>,
    /// Allow a non-loopback address without a token.
    pub allow_insecure: bool,
    /// Users of this machine who may connect over loopback where no token is set, besides the server's own.
    pub allow_users: UserIds,
    /// The largest gRPC message that is accepted, in bytes.
    pub max_message_bytes: usize,
    /// The address of the dashboard; `None` if it is off.
    pub dashboard: Option<HostPort>,
    /// Names by which the dashboard may be addressed, besides its host and this machine's own names.
    pub dashboard_hosts: HostNames,
    /// The file to write once the server listens.
    pub ready_file: Option<PathBuf>,
    /// The listening sockets that are inherited, where there are any.
    pub listeners: Option<InheritedListeners>,
    /// The log filter, in the syntax of `RUST_LOG`.
    pub log_filter: String,
    /// The format of log lines.
    pub log_format: LogFormat,
    /// Where the history of runs is kept, and how much of it.
    pub history: HistoryPlan,
    /// The name of the project, for display.
    pub project: Option<String>,
    /// What is exported to OpenTelemetry collectors, if anything.
    pub otlp: Option<OtlpSettings>,
    /// LLM providers.
    pub llm: LlmProviders,
    /// MCP servers.
    pub mcp: Vec<McpServerConfig>,
}

/// The default log filter; MCP's library logs every message at info level.
const LOG_FILTER: &str = "info,rmcp=warn";
/// The host of bridge and dashboard where none is set.
const LOOPBACK: &str = "127.0.0.1";

impl ServerSettings {
    /// Reads the settings from environment variables, without white space around their values. A variable that is empty
    /// then counts as unset; a secret that is empty is an error.
    ///
    /// # Errors
    /// The first variable that is invalid.
    ///
    /// # Examples
    /// ```
    /// use loom_bridge::settings::{EnvironmentMap, ServerSettings};
    ///
    /// let mut environment = EnvironmentMap::new();
    /// environment.insert("LOOM_BRIDGE_ADDR".into(), "[::1]:7000".into());
    /// let settings = ServerSettings::read(&environment)?;
    /// assert_eq!(settings.bridge.to_string(), "[::1]:7000");
    /// assert!(settings.dashboard.is_none());
    /// # Ok::<(), loom_bridge::settings::SettingsError>(())
    /// ```
    pub fn read(environment: &EnvironmentMap) -> Result<Self, SettingsError> {
        let reader = VariableReader::new(environment);
        let bridge = reader.parse(names::BRIDGE_ADDR)?;
        let bridge = bridge.unwrap_or_else(|| HostPort::new(LOOPBACK, 50051));
        let dashboard = dashboard(&reader)?;
        let is_local = bridge.is_loopback() && dashboard.as_ref().is_none_or(HostPort::is_loopback);
        let max_message = reader.parse(names::MAX_MESSAGE_BYTES)?.unwrap_or(MessageLimit(4 << 20));
        Ok(Self {
            history: history::read(&reader, dashboard.is_some(), is_local)?,
            bridge,
            token: reader.parse(names::BRIDGE_TOKEN)?,
            tls: tls(&reader)?,
            authorities: reader.raw(AUTHORITIES).map(PathBuf::from),
            allow_insecure: reader.switch(names::BRIDGE_INSECURE)?,
            allow_users: reader.parse(names::ALLOW_USERS)?.unwrap_or_default(),
            max_message_bytes: max_message.0,
            dashboard,
            dashboard_hosts: reader.parse(names::DASHBOARD_ALLOWED_HOSTS)?.unwrap_or_default(),
            ready_file: reader.raw(names::READY_FILE).map(PathBuf::from),
            listeners: reader.json(names::LISTEN_FDS)?,
            log_filter: reader.text(names::RUST_LOG)?.unwrap_or(LOG_FILTER).to_owned(),
            log_format: reader.parse(names::LOG_FORMAT)?.unwrap_or_default(),
            project: reader.text(names::PROJECT)?.map(project_name),
            otlp: otlp::read(&reader)?,
            llm: llm::read(&reader)?,
            mcp: mcp::read(&reader)?,
        })
    }
}

/// The longest name of a project that is shown, in characters.
const MAX_PROJECT: usize = 100;

/// The name of a project, without control characters and cut.
fn project_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_PROJECT).collect()
}

/// Both files, or neither.
fn tls(reader: &VariableReader<'_>) -> Result<Option<TlsFiles>, SettingsError> {
    let certificate = reader.raw(names::BRIDGE_TLS_CERT);
    let key = reader.raw(names::BRIDGE_TLS_KEY);
    let missing = |variable, other| Err(SettingsError::Missing { variable, other });
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(_), None) => missing(names::BRIDGE_TLS_KEY, names::BRIDGE_TLS_CERT),
        (None, Some(_)) => missing(names::BRIDGE_TLS_CERT, names::BRIDGE_TLS_KEY),
        (Some(certificate), Some(key)) => {
            Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() }))
        }
    }
}

/// The dashboard's address. Host and port are checked even if the dashboard is off.
fn dashboard(reader: &VariableReader<'_>) -> Result<Option<HostPort>, SettingsError> {
    let host = reader.text(names::DASHBOARD_HOST)?.unwrap_or(LOOPBACK);
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.contains(['/', '@', '[', ']']) || bare.contains(char::is_whitespace) {
        let reason = "expected a host, such as 127.0.0.1 or localhost".to_owned();
        return Err(reader::invalid(names::DASHBOARD_HOST, reason, host));
    }
    let port = reader.parse(names::DASHBOARD_PORT)?.unwrap_or(3030);
    let is_on = reader.switch(names::DASHBOARD)?;
    Ok(is_on.then(|| HostPort::new(bare, port)))
}

struct MessageLimit(usize);

impl FromStr for MessageLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The length of a gRPC message is a 32-bit number.
        match text.parse::<u32>() {
            Ok(bytes) if bytes >= 1024 => Ok(Self(bytes as usize)),
            _ => Err("expected a number of bytes from 1024 to 4294967295"),
        }
    }
}
