//! [`Deployment`]: what is deployed.

use std::collections::BTreeMap;

use loom_base::HostPort;
use loom_environment::{HistoryChoice, McpServerTable, McpServerTables, Switch, json, names};
use loom_source::{PinnedImage, Platform, Version, image_repository};
use secrecy::ExposeSecret as _;

use super::{DeployError, DeployTarget, SecretVariable, exposed, locked_program, secret_variable};
use crate::{config::Resolved, lock::LockedBinary};

/// The port of the bridge where the project lets the system pick one: nothing could be told to clients then.
const BRIDGE_PORT: u16 = 50051;
/// The port of the dashboard in that case.
const DASHBOARD_PORT: u16 = 3030;
/// The name of a deployment whose project has none.
const UNNAMED: &str = "loom";
/// The longest name: names of Kubernetes have 63 characters, and some get a suffix.
const LONGEST_NAME: usize = 50;

/// What the user chose on the command line; it takes precedence over the project's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeployOptions {
    /// The name of the deployment.
    pub name: Option<String>,
    /// The image that runs.
    pub image: Option<PinnedImage>,
    /// The program that a unit starts.
    pub program: Option<String>,
    /// The platform of the machine that runs a unit.
    pub platform: Option<Platform>,
}

/// What is deployed, without any secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The name, which everything that is created gets: lower-case letters, digits and `-`.
    pub name: String,
    /// The locked version of the runtime.
    pub version: Option<Version>,
    /// What the project is about.
    pub description: Option<String>,
    /// The version of the project, if it is a semantic version.
    pub project_version: Option<Version>,
    /// The address of the bridge, as the project sets it; the port is never 0.
    pub bridge: HostPort,
    /// The address of the dashboard; `None` where it is off.
    pub dashboard: Option<HostPort>,
    /// Host names by which the dashboard may be addressed.
    pub(super) dashboard_hosts: Vec<String>,
    /// The tables of the project as variables of the runtime, without secrets.
    pub(super) tables: BTreeMap<String, String>,
    /// Users of the machine who may connect without a token.
    pub(super) allow_users: Option<String>,
    /// The variables whose values the user provides, by their names.
    pub secrets: Vec<SecretVariable>,
    /// Whether the runtime serves TLS.
    pub tls: bool,
    /// Whether programs of MCP servers run beside the runtime.
    pub has_mcp: bool,
    /// What runs.
    pub(super) runs: Runs,
}

/// What a deployment runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Runs {
    Image(PinnedImage),
    Program(String),
}

impl Deployment {
    /// What `target` needs to run the project with this configuration, which must be that of its file alone
    /// ([`project_alone`](crate::config::project_alone())).
    ///
    /// # Errors
    /// If nothing pins what runs, if Loom's image cannot run the project, or if a value is one that must not be rendered.
    pub fn of(
        resolved: &Resolved,
        locked: Option<&LockedBinary>,
        target: DeployTarget,
        options: &DeployOptions,
    ) -> Result<Self, DeployError> {
        exposed::check(resolved)?;
        let runs = match target {
            DeployTarget::Systemd => Runs::Program(program(locked, options)?),
            _ => Runs::Image(image(resolved, locked, options)?),
        };
        let project = &resolved.project;
        let dashboard = &resolved.dashboard;
        let named = options.name.as_deref();
        let named = named.or(project.name.as_ref().map(|name| name.value.as_str()));
        let users = resolved.bridge.allow_users.value.to_string();
        let address = HostPort::new(&dashboard.host.value, dashboard.port.value);
        Ok(Self {
            name: named.and_then(label).unwrap_or_else(|| UNNAMED.to_owned()),
            version: locked.map(|locked| locked.version.clone()),
            description: project.description.as_ref().map(|text| text.value.clone()),
            project_version: project.version.as_ref().and_then(|text| text.value.parse().ok()),
            bridge: with_port(&resolved.bridge.address.value, BRIDGE_PORT),
            dashboard: dashboard.enabled.value.then(|| with_port(&address, DASHBOARD_PORT)),
            dashboard_hosts: dashboard.allowed_hosts.value.as_slice().to_vec(),
            tables: tables(resolved),
            allow_users: (!users.is_empty()).then_some(users),
            secrets: secret_variable::of(resolved)?,
            tls: resolved.deploy.tls.value,
            has_mcp: programs(resolved).next().is_some(),
            runs,
        })
    }

    /// The variables of the runtime where it listens on these hosts, without the secret ones.
    pub(super) fn variables(&self, listen: Option<&str>) -> BTreeMap<String, String> {
        let host = |address: &HostPort| listen.unwrap_or(&address.host).to_owned();
        let bridge = HostPort::new(host(&self.bridge), self.bridge.port).to_string();
        let mut variables = self.tables.clone();
        let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
        set(names::BRIDGE_ADDR, bridge);
        set(names::DASHBOARD, Switch(self.dashboard.is_some()).to_string());
        if let Some(dashboard) = &self.dashboard {
            set(names::DASHBOARD_HOST, host(dashboard));
            set(names::DASHBOARD_PORT, dashboard.port.to_string());
            let mut hosts = self.dashboard_hosts.clone();
            if listen.is_some() && !hosts.contains(&self.name) {
                hosts.insert(0, self.name.clone());
            }
            if !hosts.is_empty() {
                set(names::DASHBOARD_ALLOWED_HOSTS, hosts.join(","));
            }
        }
        if self.tls {
            set(names::BRIDGE_TLS_CERT, format!("{TLS_FOLDER}/tls.crt"));
            set(names::BRIDGE_TLS_KEY, format!("{TLS_FOLDER}/tls.key"));
        }
        variables
    }

    /// The image as text; empty where a program runs.
    pub fn image(&self) -> String {
        match &self.runs {
            Runs::Image(image) => image.to_string(),
            Runs::Program(_) => String::new(),
        }
    }
}

/// The folder of certificate and key in a container.
pub(super) const TLS_FOLDER: &str = "/etc/loom/tls";

fn with_port(address: &HostPort, default: u16) -> HostPort {
    let port = if address.port == 0 { default } else { address.port };
    HostPort::new(&address.host, port)
}

/// `text` as a name of Kubernetes and of units: what such names cannot have becomes `-`.
fn label(text: &str) -> Option<String> {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = text.chars().map(word).collect();
    let name = name.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
    let name: String = name.chars().take(LONGEST_NAME).collect();
    let name = name.trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

/// The image: that of the options, else the one that the project names by its digest.
fn image(
    resolved: &Resolved,
    locked: Option<&LockedBinary>,
    options: &DeployOptions,
) -> Result<PinnedImage, DeployError> {
    let own = resolved.deploy.image.as_ref().map(|image| image.value.as_str());
    let image = match (&options.image, own) {
        (Some(image), _) => image.clone(),
        (None, Some(image)) => {
            image.parse().map_err(|_| DeployError::NotPinned { image: image.to_owned() })?
        }
        (None, None) => locked.and_then(|locked| locked.oci.clone()).ok_or(DeployError::NoImage)?,
    };
    // Only an image that the project's user has built can have the programs.
    let is_own = own.is_some_and(|own| image_repository(own) == image.repository());
    let tables: Vec<_> = programs(resolved).map(|name| format!("[mcp.{name}]")).collect();
    if !tables.is_empty() && !is_own {
        return Err(DeployError::StdioServers { tables });
    }
    Ok(image)
}

/// The MCP servers that are programs.
fn programs(resolved: &Resolved) -> impl Iterator<Item = &String> {
    resolved.mcp.iter().filter(|(_, server)| server.is_program()).map(|(name, _)| name)
}

fn program(locked: Option<&LockedBinary>, options: &DeployOptions) -> Result<String, DeployError> {
    let Some(program) = &options.program else {
        return locked_program::path(locked, options.platform.unwrap_or(Platform::LinuxX86_64));
    };
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
    if program.starts_with('/') && program.bytes().all(is_allowed) {
        Ok(program.clone())
    } else {
        Err(DeployError::Program { program: program.clone() })
    }
}

/// The tables `[llm]`, `[mcp]` and `[agents]` as variables, without secrets. Tables that are empty are left out.
fn tables(resolved: &Resolved) -> BTreeMap<String, String> {
    let mut llm = resolved.llm_tables();
    llm.providers.iter_mut().for_each(|(_, table)| table.api_key = None);
    let mut mcp: McpServerTables = resolved.mcp_tables();
    for (name, table) in &mut mcp.0 {
        let Some(settings) = resolved.mcp.get(name) else { continue };
        let values = match table {
            McpServerTable::Program(program) => &mut program.env,
            McpServerTable::Http(server) => &mut server.headers,
        };
        for secret in secret_variable::of_server(name, settings) {
            let variable = loom_environment::EnvValue::Variable(&secret.variable).write();
            values.insert(secret.key.to_owned(), variable.as_str().into());
        }
    }
    let agents = resolved.agent_tables();
    let all = [
        (names::LLM_PROVIDERS, !llm.providers.is_empty(), json::write(&llm)),
        (names::MCP_SERVERS, !mcp.0.is_empty(), json::write(&mcp)),
        (names::AGENTS, !agents.0.is_empty(), json::write(&agents)),
    ];
    let filled = all.into_iter().filter(|(_, is_filled, _)| *is_filled);
    let tables = filled.map(|(name, _, json)| (name.to_owned(), json.expose_secret().to_owned()));
    tables.chain(history(resolved)).collect()
}

/// The variables of the history and of contents. A path is one of the machine of the project: it is left out.
fn history(resolved: &Resolved) -> impl Iterator<Item = (String, String)> {
    let choice = resolved.history.file.as_ref().map(|file| &file.value);
    let is_path = matches!(choice, Some(HistoryChoice::File(_)));
    let variables = resolved.history_env().into_iter();
    variables.filter(move |variable| !is_path || variable.name != names::HISTORY).map(|variable| {
        let (name, value) = variable.expose();
        (name.to_owned(), value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        for (text, expected) in [
            ("my-agent-project", Some("my-agent-project")),
            ("My Project_2-", Some("my-project-2")),
            ("Ünïcode", Some("n-code")),
            ("42", None),
            ("--", None),
            ("", None),
        ] {
            assert_eq!(label(text).as_deref(), expected, "{text}");
        }
        assert_eq!(label(&"x".repeat(80)).unwrap().len(), LONGEST_NAME);
    }
}
