//! [`SecretVariable`]: a variable whose value the user provides.

use std::collections::BTreeMap;

use loom_environment::{EnvValue, names};
use secrecy::ExposeSecret as _;

use super::DeployError;
use crate::config::{McpServerSettings, Resolved};

/// A variable whose value is a secret. No file has the value: the user gives it to the program that runs the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVariable {
    /// The name.
    pub name: String,
    /// Whether the runtime needs it. One that is not required is a key of an LLM provider that may have none.
    pub is_required: bool,
}

/// The variables of a configuration, by their names: the token, the keys of the LLM providers, and what the MCP servers
/// get.
pub(super) fn of(resolved: &Resolved) -> Result<Vec<SecretVariable>, DeployError> {
    let mut all = BTreeMap::from([(names::BRIDGE_TOKEN.to_owned(), true)]);
    for provider in &resolved.llm.providers {
        let name = names::of_table(&provider.name, names::API_KEY_SUFFIX);
        *all.entry(name).or_default() |= provider.api_key.is_some();
    }
    // Which variable has a literal value: two different ones cannot both be its value.
    let mut literals: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (server, settings) in &resolved.mcp {
        for secret in of_server(server, settings) {
            let ServerSecret { variable, .. } = secret;
            if let Some(text) = secret.literal {
                let (other, known) = *literals.entry(variable.clone()).or_insert((server, text));
                if known != text {
                    let servers = [other.to_owned(), server.clone()];
                    return Err(DeployError::TwoValues { variable, servers });
                }
            }
            if is_own(&variable) {
                return Err(DeployError::OwnVariable { server: server.clone(), variable });
            }
            all.insert(variable, true);
        }
    }
    Ok(all.into_iter().map(|(name, is_required)| SecretVariable { name, is_required }).collect())
}

/// A secret text of an MCP server: a variable of a program, or a header of requests.
#[derive(Debug)]
pub(super) struct ServerSecret<'a> {
    /// The key in its table.
    pub(super) key: &'a str,
    /// The variable from which the runtime takes it.
    pub(super) variable: String,
    /// The text, where the file has it rather than the name of a variable.
    pub(super) literal: Option<&'a str>,
}

/// The secret texts of an MCP server. What names a variable is taken from that; else a variable of a program has its own
/// name, and a header that of server and header: `FILES_AUTHORIZATION`.
pub(super) fn of_server<'a>(
    name: &'a str,
    server: &'a McpServerSettings,
) -> impl Iterator<Item = ServerSecret<'a>> {
    let (values, is_program) = match server {
        McpServerSettings::Program(program) => (&program.env, true),
        McpServerSettings::Http(server) => (&server.headers, false),
    };
    values.iter().map(move |(key, value)| match EnvValue::read(value.value.expose_secret()) {
        EnvValue::Variable(variable) => {
            ServerSecret { key, variable: variable.to_owned(), literal: None }
        }
        EnvValue::Literal(text) => {
            let own =
                || names::of_table(name, &format!("_{}", key.to_uppercase().replace('-', "_")));
            let variable = if is_program { key.clone() } else { own() };
            ServerSecret { key, variable, literal: Some(text) }
        }
    })
}

/// Whether the runtime reads a variable for itself: a value for an MCP server would become its own.
fn is_own(variable: &str) -> bool {
    let is_setting = variable.starts_with("LOOM_") && variable != names::BRIDGE_TOKEN;
    is_setting || ["HOME", "PATH"].contains(&variable)
}
