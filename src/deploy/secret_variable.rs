//! [`SecretVariable`]: a variable whose value the user provides.

use std::collections::BTreeMap;

use loom_environment::{EnvValue, names};
use secrecy::ExposeSecret as _;

use super::DeployError;
use crate::config::Resolved;

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
    // Which key has a literal value: two different ones cannot both be the value of one variable.
    let mut literals: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for (server, settings) in &resolved.mcp {
        for (key, value) in &settings.env {
            let value = value.value.expose_secret();
            if let EnvValue::Literal(text) = EnvValue::read(value) {
                let (other, known) = *literals.entry(key).or_insert((server, text));
                if known != text {
                    let servers = [other.to_owned(), server.clone()];
                    return Err(DeployError::TwoValues { variable: key.clone(), servers });
                }
            }
            let variable = variable_of(key, value).to_owned();
            if is_own(&variable) {
                return Err(DeployError::OwnVariable { server: server.clone(), variable });
            }
            all.insert(variable, true);
        }
    }
    Ok(all.into_iter().map(|(name, is_required)| SecretVariable { name, is_required }).collect())
}

/// Whether the runtime reads a variable for itself: a value for an MCP server would become its own.
fn is_own(variable: &str) -> bool {
    let is_setting = variable.starts_with("LOOM_") && variable != names::BRIDGE_TOKEN;
    is_setting || ["HOME", "PATH"].contains(&variable)
}

/// The variable from which an MCP server gets its variable `key`: the one that the value names, else the one of the same
/// name.
pub(super) fn variable_of<'a>(key: &'a str, value: &'a str) -> &'a str {
    match EnvValue::read(value) {
        EnvValue::Variable(name) => name,
        EnvValue::Literal(_) => key,
    }
}
