//! The resolved configuration: one value that remembers where each setting came from.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr, time::Duration};

use loom_source::{Authority, Name, Selector};
use secrecy::SecretString;
use serde_json::Value;

use super::{Diagnostic, Setting, SourceSpec, guard::Untrusted};
use crate::state::StateDir;
use crate::trust::{Checksum, Signature};

/// What holds for one invocation.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The project that the command is about.
    pub project: Project,
    /// How the runtime listens.
    pub bridge: BridgeSettings,
    /// The dashboard.
    pub dashboard: DashboardSettings,
    /// The language model providers.
    pub llm: LlmSettings,
    /// MCP servers by name.
    pub mcp: BTreeMap<String, McpServerSettings>,
    /// Free-form tables by agent; each key knows its own line.
    pub agents: BTreeMap<String, Setting<BTreeMap<String, Setting<RawValue>>>>,
    /// The sources, in the order in which they are asked.
    pub sources: Setting<Vec<SourceSpec>>,
    /// What must be proven before something enters the store.
    pub trust: TrustSettings,
    /// How much the store keeps.
    pub store: StoreSettings,
    /// Channels and updates.
    pub update: UpdateSettings,
    /// No socket beyond loopback.
    pub offline: Setting<bool>,
    /// `--allow-unverified`: enter without a digest from anywhere.
    pub allow_unverified: Setting<bool>,
    /// Who may define the release.
    pub authority: Setting<Authority>,
    /// The program that commands mean.
    pub binary: Setting<Name>,
    /// The store's folder, absolute.
    pub cache_dir: Setting<PathBuf>,
    /// The folder of what must outlive the cache, absolute.
    pub state_dir: Setting<StateDir>,
    /// What an untrusted project asked for and did not get; `up` asks about it or exits with 2.
    pub untrusted: Option<Untrusted>,
    /// What is unwise but not wrong.
    pub warnings: Vec<Diagnostic>,
}

/// The folder of the nearest `loom.toml`, else the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The project's folder.
    pub root: PathBuf,
    /// Its `loom.toml`, where there is one.
    pub file: Option<PathBuf>,
    /// `name`
    pub name: Option<Setting<String>>,
    /// `version`, free text.
    pub version: Option<Setting<String>>,
    /// `description`
    pub description: Option<Setting<String>>,
}

/// What the runtime runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Bridge and dashboard.
    #[default]
    Full,
    /// The bridge alone.
    BridgeOnly,
}

impl Mode {
    pub(crate) const TEXTS: &'static [&'static str] = &["full", "bridge-only"];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Full => "full",
            Self::BridgeOnly => "bridge-only",
        })
    }
}

impl FromStr for Mode {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "full" => Ok(Self::Full),
            "bridge-only" => Ok(Self::BridgeOnly),
            _ => Err(format!("expected one of {}, got {text:?}", Self::TEXTS.join(", "))),
        }
    }
}

/// A host, as a name or an address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `127.0.0.1`, `localhost`, `::1` (without brackets).
    pub host: String,
    /// 0 lets the system pick.
    pub port: u16,
}

impl Address {
    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl FromStr for Address {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected host:port, such as 127.0.0.1:50051 or [::1]:50051".to_owned();
        let (host, port) = text.rsplit_once(':').ok_or_else(expected)?;
        let port = port.parse().map_err(|_| expected())?;
        let host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().map_err(|_| expected())?.to_string(),
            None if host.is_empty() || host.contains([':', '/', '@', ' ', '[']) => {
                return Err(expected());
            }
            None => host.to_owned(),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// `[bridge]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeSettings {
    /// Where the gRPC server listens; its origin is that of the port where a flag replaced the port.
    pub address: Setting<Address>,
    /// What the runtime runs.
    pub mode: Setting<Mode>,
    /// Which release; [`Origin::Default`](super::Origin::Default) where nobody asked for one.
    pub version: Setting<Selector>,
    /// How long to wait until the runtime is ready.
    pub timeout: Setting<Duration>,
}

/// `[dashboard]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardSettings {
    /// Whether it runs: mode is full and `dashboard.enabled`, or `--mode` said so.
    pub enabled: Setting<bool>,
    /// The host it listens on.
    pub host: Setting<String>,
    /// Its port; 0 lets the system pick.
    pub port: Setting<u16>,
}

/// `[llm]`
#[derive(Debug, Clone, Default)]
pub struct LlmSettings {
    /// The provider that is meant where none is named; one of `providers`.
    pub default: Option<Setting<String>>,
    /// In the order of the file: the project's first, then the user's.
    pub providers: Vec<LlmProviderSettings>,
}

impl LlmSettings {
    /// The provider that is meant where none is named.
    pub fn default_provider(&self) -> Option<&LlmProviderSettings> {
        let name = &self.default.as_ref()?.value;
        self.providers.iter().find(|provider| provider.name == *name)
    }
}

/// `[llm.<name>]`
#[derive(Debug, Clone)]
pub struct LlmProviderSettings {
    /// Its name.
    pub name: String,
    /// `type`, such as `http`.
    pub kind: Setting<String>,
    /// From the file, `<NAME>_API_KEY` or `LOOM_LLM_API_KEY`.
    pub api_key: Option<Setting<SecretString>>,
    /// The address of its API.
    pub api_base: Option<Setting<String>>,
    /// The model.
    pub model: Option<Setting<String>>,
    /// The longest answer.
    pub max_tokens: Setting<u32>,
    /// 0 to 2.
    pub temperature: Setting<f64>,
    /// How long to wait for an answer.
    pub timeout: Setting<Duration>,
    /// `extra`: passed on as it stands.
    pub extra: Option<Setting<RawValue>>,
}

/// A free-form value: as written, and with its variables expanded.
#[derive(Clone, PartialEq)]
pub struct RawValue {
    /// With its variables expanded; may hold what they hold.
    pub value: Value,
    /// As written, for showing.
    pub written: Value,
}

impl fmt::Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(f)
    }
}

/// `[mcp.<name>]`: one server, decided by one layer as a whole.
#[derive(Debug, Clone)]
pub struct McpServerSettings {
    /// The program.
    pub command: Setting<String>,
    /// Its arguments.
    pub args: Setting<Vec<String>>,
    /// Its environment; values are secrets more often than not.
    pub env: BTreeMap<String, Setting<SecretString>>,
}

/// `[trust]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustSettings {
    /// Whether a digest is needed.
    pub checksum: Setting<Checksum>,
    /// Whether a signature is needed.
    pub signature: Setting<Signature>,
    /// The keys that may sign.
    pub keys: Setting<Vec<String>>,
    /// How old a release must be before it is taken.
    pub minimum_release_age: Setting<Duration>,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// How many versions stay.
    pub keep: Setting<u32>,
    /// How many bytes the store may take; no limit where `None`.
    pub max_size: Setting<Option<u64>>,
    /// Whether archives stay beside their trees.
    pub keep_archives: Setting<bool>,
}

/// `[update] policy`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdatePolicy {
    /// `"notify"`
    Notify,
    /// `"auto"`
    Auto,
    /// `"off"`
    Off,
}

/// `[update]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateSettings {
    /// The channel to follow.
    pub channel: Setting<String>,
    /// How long an answer to `latest` stays fresh.
    pub check_interval: Setting<Duration>,
    /// What to do about a newer release.
    pub policy: Setting<UpdatePolicy>,
}
