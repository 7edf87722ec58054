//! The environment variables that `loom` reads, for manual pages and the reference.

/// A variable and what it sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvironmentVariable {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
}

const fn variable(name: &'static str, does: &'static str) -> EnvironmentVariable {
    EnvironmentVariable { name, does }
}

/// The variables that are settings: each has a key in the configuration as well.
const SETTINGS: &[EnvironmentVariable] = &[
    variable("LOOM_BRIDGE_ADDR", "Address of the bridge, as host:port"),
    variable("LOOM_ALLOW_USERS", "Ids of other users who may connect without a token: uid,uid"),
    variable("LOOM_DASHBOARD", "Whether the dashboard is served: true or false"),
    variable("LOOM_DASHBOARD_HOST", "Host that the dashboard listens on"),
    variable("LOOM_DASHBOARD_PORT", "Port that the dashboard listens on"),
    variable("LOOM_DASHBOARD_ALLOWED_HOSTS", "Further host names of the dashboard: name,name"),
    variable("LOOM_DASHBOARD_CONTENT", "Whether contents are kept and shown: auto, on or off"),
    variable("LOOM_HISTORY", "File of the history of runs, or memory, or off"),
    variable("LOOM_HISTORY_MAX_SIZE", "Largest size of the history's file, such as 256MiB"),
    variable("LOOM_HISTORY_MAX_AGE", "Age after which runs are removed, such as 7days"),
    variable("LOOM_HISTORY_ROWS_PER_SECOND", "Rows that the history stores in one second"),
    variable("LOOM_LLM_API_BASE", "Base URL of the default language model provider"),
    variable("LOOM_LLM_API_KEY", "API key of the default language model provider"),
    variable("LOOM_LLM_MODEL", "Model of the default language model provider"),
    variable("LOOM_MCP_SERVERS", "MCP servers instead of those in [mcp], as a JSON object"),
    variable("LOOM_VERSION", "Version to use: latest, a version, a range, or dev"),
    variable("LOOM_SOURCES", "Sources instead of the configured ones, separated by commas"),
    variable("LOOM_OFFLINE", "Disables network access (loopback allowed): true or false"),
    variable("LOOM_LOCKED", "Requires a lock file that agrees with loom.toml: true or false"),
    variable("LOOM_FROZEN", "Lets the lock file decide alone: true or false"),
    variable("LOOM_CACHE_DIR", "Folder of the store"),
    variable("LOOM_STATE_DIR", "Folder of what must outlive the store"),
];

/// The variables without a key in the configuration.
const OTHERS: &[EnvironmentVariable] = &[
    variable("LOOM_TRUST_PROJECT", "Trusts the project's loom.toml for this run: for CI"),
    variable("LOOM_GITHUB_TOKEN", "Token for github.com; then GITHUB_TOKEN, GH_TOKEN"),
    variable(
        "GH_ENTERPRISE_TOKEN",
        "Token for the server in GH_HOST; then GITHUB_ENTERPRISE_TOKEN",
    ),
    variable("HTTPS_PROXY", "Proxy for https URLs; lower case takes precedence"),
    variable("HTTP_PROXY", "Proxy for http URLs; lower case takes precedence"),
    variable("ALL_PROXY", "Proxy for all URLs without one of their own"),
    variable("NO_PROXY", "Hosts that are reached without a proxy, separated by commas"),
    variable("SSL_CERT_FILE", "Certificates to trust instead of those of the system, as PEM"),
    variable("SSL_CERT_DIR", "Folder of certificates to trust instead of those of the system"),
    variable("NETRC", "File with logins for mirrors instead of ~/.netrc"),
    variable("CARGO_TARGET_DIR", "Target folder in which cargo builds are looked for"),
    variable(
        "SOURCE_DATE_EPOCH",
        "Time of the files that `loom release pack` packs, in seconds since 1970",
    ),
    variable(
        "LOOM_SIGN_PASSWORD_FILE",
        "File with the password of the key for `loom release sign`",
    ),
    variable("NO_COLOR", "Turns colours off when set"),
    variable("CLICOLOR_FORCE", "Turns colours on when set, also without a terminal"),
];

/// All variables.
pub(crate) fn variables() -> impl Iterator<Item = &'static EnvironmentVariable> {
    SETTINGS.iter().chain(OTHERS)
}
