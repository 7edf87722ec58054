//! The names of the variables, and a table that describes them.

use crate::otlp_names::{self, COMMON as OTLP};

/// gRPC address, `host:port`.
pub const BRIDGE_ADDR: &str = "LOOM_BRIDGE_ADDR";
/// Token that callers must send.
pub const BRIDGE_TOKEN: &str = "LOOM_BRIDGE_TOKEN";
/// Path of the PEM file with the server's certificate chain.
pub const BRIDGE_TLS_CERT: &str = "LOOM_BRIDGE_TLS_CERT";
/// Path of the PEM file with the certificate's private key.
pub const BRIDGE_TLS_KEY: &str = "LOOM_BRIDGE_TLS_KEY";
/// [`Switch`](crate::Switch): allow a non-loopback address without a token.
pub const BRIDGE_INSECURE: &str = "LOOM_BRIDGE_INSECURE";
/// [`UserIds`](crate::UserIds): users of this machine who may connect over loopback where no token is set.
pub const ALLOW_USERS: &str = "LOOM_ALLOW_USERS";
/// [`Switch`](crate::Switch): serve the dashboard.
pub const DASHBOARD: &str = "LOOM_DASHBOARD";
/// Host of the dashboard, without a port.
pub const DASHBOARD_HOST: &str = "LOOM_DASHBOARD_HOST";
/// Port of the dashboard.
pub const DASHBOARD_PORT: &str = "LOOM_DASHBOARD_PORT";
/// [`HostNames`](crate::HostNames): names by which the dashboard may be addressed.
pub const DASHBOARD_ALLOWED_HOSTS: &str = "LOOM_DASHBOARD_ALLOWED_HOSTS";
/// [`LlmTables`](crate::LlmTables) as JSON.
pub const LLM_PROVIDERS: &str = "LOOM_LLM_PROVIDERS";
/// API key of the default LLM provider.
pub const LLM_API_KEY: &str = "LOOM_LLM_API_KEY";
/// The form of the names of variables with the API key of one LLM provider: see [`of_table`].
pub const PROVIDER_API_KEY: &str = "<PROVIDER>_API_KEY";
/// Base URL of the default LLM provider.
pub const LLM_API_BASE: &str = "LOOM_LLM_API_BASE";
/// Model of the default LLM provider.
pub const LLM_MODEL: &str = "LOOM_LLM_MODEL";
/// [`McpServerTables`](crate::McpServerTables) as JSON.
pub const MCP_SERVERS: &str = "LOOM_MCP_SERVERS";
/// [`AgentTables`](crate::AgentTables) as JSON.
pub const AGENTS: &str = "LOOM_AGENTS";
/// Largest gRPC message that the server accepts, in bytes.
pub const MAX_MESSAGE_BYTES: &str = "LOOM_MAX_MESSAGE_BYTES";
/// Path of the file that the server writes once it listens: see [`ReadyDocument`](crate::ReadyDocument).
pub const READY_FILE: &str = "LOOM_READY_FILE";
/// [`InheritedListeners`](crate::InheritedListeners) as JSON.
pub const LISTEN_FDS: &str = "LOOM_LISTEN_FDS";
/// [`LogFormat`](crate::LogFormat) of the log lines on standard error.
pub const LOG_FORMAT: &str = "LOOM_LOG_FORMAT";
/// Where the history of runs is kept: a file, `memory` or `off`.
pub const HISTORY: &str = "LOOM_HISTORY";
/// [`HistorySize`](crate::HistorySize): how large the history may grow.
pub const HISTORY_MAX_SIZE: &str = "LOOM_HISTORY_MAX_SIZE";
/// [`HistoryAge`](crate::HistoryAge): the age after which runs are removed.
pub const HISTORY_MAX_AGE: &str = "LOOM_HISTORY_MAX_AGE";
/// Rows of the history, and spans of events, in a second after which runs that begin are left out.
pub const HISTORY_ROWS_PER_SECOND: &str = "LOOM_HISTORY_ROWS_PER_SECOND";
/// Whether the content of events and calls is kept and shown: `auto`, `on` or `off`.
pub const DASHBOARD_CONTENT: &str = "LOOM_DASHBOARD_CONTENT";
/// Name of the project that the runtime belongs to, for display.
pub const PROJECT: &str = "LOOM_PROJECT";
/// The form of the names of variables of one signal, where those of [`otlp_names`] are common.
pub const OTLP_OF_SIGNAL: &str = "OTEL_EXPORTER_OTLP_<SIGNAL>_*";
/// The form of the names of variables that choose the exporter of one signal.
pub const EXPORTER_OF_SIGNAL: &str = "OTEL_<SIGNAL>_EXPORTER";
/// Service name in what is exported.
pub const OTEL_SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
/// Log filter, as in `info,loom_core=debug`.
pub const RUST_LOG: &str = "RUST_LOG";

/// One row of [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VariableInfo {
    /// The variable's name.
    pub name: &'static str,
    /// What it sets, on one line.
    pub description: &'static str,
    /// The value that an unset or empty variable stands for; `None` where it has no effect then. White space around a
    /// value does not count.
    pub default: Option<&'static str>,
    /// Whether the value may hold a secret: messages MUST NOT show it.
    pub is_secret: bool,
}

const fn plain(
    name: &'static str,
    default: Option<&'static str>,
    description: &'static str,
) -> VariableInfo {
    VariableInfo { name, description, default, is_secret: false }
}

const fn secret(name: &'static str, description: &'static str) -> VariableInfo {
    VariableInfo { name, description, default: None, is_secret: true }
}

/// The variables that the server documents, in the order of its `--help`.
pub const TABLE: &[VariableInfo] = &[
    plain(
        BRIDGE_ADDR,
        Some("127.0.0.1:50051"),
        "gRPC address as host:port; port 0 picks a free port",
    ),
    secret(BRIDGE_TOKEN, "require `authorization: Bearer <token>` on bridge and dashboard"),
    plain(BRIDGE_TLS_CERT, None, "PEM file with the certificate chain; enables TLS"),
    plain(BRIDGE_TLS_KEY, None, "PEM file with the private key of the certificate"),
    plain(BRIDGE_INSECURE, None, "1 allows a non-loopback address without a token"),
    plain(
        ALLOW_USERS,
        None,
        "ids of other users who may connect over loopback without a token: uid,uid",
    ),
    plain(DASHBOARD, None, "true, 1, yes or on serves the dashboard"),
    plain(DASHBOARD_HOST, Some("127.0.0.1"), "host of the dashboard"),
    plain(DASHBOARD_PORT, Some("3030"), "port of the dashboard; 0 picks a free port"),
    plain(DASHBOARD_ALLOWED_HOSTS, None, "further host names of the dashboard: name,name"),
    secret(LLM_PROVIDERS, "LLM providers as JSON: the [llm] table of loom.toml"),
    secret(LLM_API_KEY, "API key of the default LLM provider"),
    secret(PROVIDER_API_KEY, "API key of the LLM provider <provider>, such as DEEPSEEK_API_KEY"),
    secret(LLM_API_BASE, "base URL of the default LLM provider"),
    plain(LLM_MODEL, None, "model of the default LLM provider"),
    secret(
        MCP_SERVERS,
        "MCP servers as JSON: {name: {command, args, env}}; ${NAME} in env is a variable",
    ),
    secret(AGENTS, "the [agents] table of loom.toml as JSON: llm_provider of each agent"),
    secret("HTTPS_PROXY", "proxy for requests to LLM providers"),
    plain("NO_PROXY", None, "hosts that are reached without the proxy"),
    plain(MAX_MESSAGE_BYTES, Some("4194304"), "largest gRPC message accepted, in bytes"),
    plain(
        READY_FILE,
        None,
        "file written once listening: {\"bridge\": \"ip:port\", \"dashboard\": url}",
    ),
    plain(
        LISTEN_FDS,
        None,
        "listening sockets that are inherited, as JSON; set by the supervisor of `loom up`",
    ),
    plain(LOG_FORMAT, Some("text"), "format of log lines on standard error: text or json"),
    plain(
        HISTORY,
        None,
        "file of the history of runs, memory, or off; with a dashboard memory, else off",
    ),
    plain(
        HISTORY_MAX_SIZE,
        Some("256MiB"),
        "largest size of the history's file; in memory at most 64MiB",
    ),
    plain(HISTORY_MAX_AGE, Some("7days"), "age after which runs are removed"),
    plain(
        HISTORY_ROWS_PER_SECOND,
        Some("2000"),
        "rows and event spans in a second after which runs that begin are left out",
    ),
    plain(
        DASHBOARD_CONTENT,
        Some("auto"),
        "whether payloads, arguments and messages are kept: auto (while only this machine can ask), on, off",
    ),
    plain(PROJECT, None, "name of the project, shown by the dashboard"),
    secret(OTLP.endpoint, "OpenTelemetry collector that gets traces, metrics and logs"),
    plain(OTLP.protocol, Some("grpc"), "protocol of the collector: grpc or http/protobuf"),
    secret(OTLP.headers, "headers for the collector: name=value,name=value"),
    plain(OTLP.timeout, Some("10000"), "longest time of one export, in milliseconds"),
    plain(OTLP.certificate, None, "PEM file of the authorities of the collector's certificate"),
    plain(OTLP.client_certificate, None, "PEM file of the certificate shown to the collector"),
    plain(OTLP.client_key, None, "PEM file of the private key of that certificate"),
    secret(OTLP_OF_SIGNAL, "the same for one signal: TRACES, METRICS or LOGS"),
    plain(EXPORTER_OF_SIGNAL, Some("otlp"), "none exports nothing of this signal"),
    plain(otlp_names::SDK_DISABLED, None, "true exports nothing"),
    plain(
        otlp_names::METRIC_EXPORT_INTERVAL,
        Some("60000"),
        "time between two exports of metrics, in milliseconds",
    ),
    plain(
        otlp_names::CAPTURE_CONTENT,
        None,
        "true exports prompts, answers, arguments and results with spans",
    ),
    plain(OTEL_SERVICE_NAME, Some("loom-bridge-server"), "service name in what is exported"),
    plain(RUST_LOG, Some("info"), "log filter for standard error"),
];

/// The suffix of the variable with the API key of an LLM provider.
pub const API_KEY_SUFFIX: &str = "_API_KEY";

/// The name of the variable that belongs to the table `name`: in capital letters, and with `_` for anything else than
/// letters and digits.
///
/// # Examples
/// ```
/// use loom_environment::names::{API_KEY_SUFFIX, of_table};
///
/// assert_eq!(of_table("open-ai", API_KEY_SUFFIX), "OPEN_AI_API_KEY");
/// ```
pub fn of_table(name: &str, suffix: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    name.chars().map(word).chain(suffix.chars()).collect()
}

/// The variables whose value is one secret as a whole. Set to nothing or to white space, each of them is an error: it was
/// meant to protect something.
pub const SECRETS: [&str; 2] = [BRIDGE_TOKEN, LLM_API_KEY];

/// Whether the value of the variable `name` may hold a secret. A name that [`TABLE`] does not list counts as secret.
pub fn is_secret(name: &str) -> bool {
    TABLE.iter().find(|info| info.name == name).is_none_or(|info| info.is_secret)
}

/// [`TABLE`] as text for `--help`: one variable per line, defaults in brackets.
pub fn help() -> String {
    let width = TABLE.iter().map(|info| info.name.len()).max().unwrap_or_default() + 2;
    let line = |info: &VariableInfo| {
        let default = info.default.map(|value| format!(" [{value}]")).unwrap_or_default();
        format!("\n  {:width$}{}{default}", info.name, info.description)
    };
    TABLE.iter().map(line).fold("Environment:".to_owned(), |help, line| help + &line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, info) in TABLE.iter().enumerate() {
            assert!(TABLE[..index].iter().all(|other| other.name != info.name), "{}", info.name);
        }
    }

    #[test]
    fn secrets_are_known_and_unknown_names_count_as_secret() {
        for name in [BRIDGE_TOKEN, LLM_API_KEY, LLM_PROVIDERS, MCP_SERVERS, AGENTS, OTLP.endpoint] {
            assert!(is_secret(name), "{name}");
        }
        assert!(is_secret("SOMETHING_ELSE"));
        assert!(!is_secret(BRIDGE_ADDR) && !is_secret(RUST_LOG));
    }

    #[test]
    fn help_lists_names_descriptions_and_defaults() {
        let help = help();
        assert!(help.starts_with("Environment:\n  LOOM_BRIDGE_ADDR "));
        assert!(help.contains("host of the dashboard [127.0.0.1]\n"));
        assert_eq!(help.lines().count(), TABLE.len() + 1);
    }
}
