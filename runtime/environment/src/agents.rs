//! The value of `LOOM_AGENTS`: the tables `[agents.<name>]` of `loom.toml`.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

/// The tables of the agents by name: `{"<agent>": {…}}`.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct AgentTables(pub BTreeMap<String, AgentTable>);

/// The table `[agents.<name>]`. Its keys belong to the agent; the runtime reads those that have a method here.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgentTable(pub Map<String, Value>);

impl<'de> Deserialize<'de> for AgentTables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tables = BTreeMap::<String, Value>::deserialize(deserializer)?;
        let table = |(name, table)| match table {
            Value::Object(table) => Ok((name, AgentTable(table))),
            _ => Err(de::Error::custom(format!("{name}: expected a table"))),
        };
        tables.into_iter().map(table).collect::<Result<_, _>>().map(Self)
    }
}

impl AgentTable {
    /// `llm_provider`: the LLM provider of the agent's calls that name none. A value that is no string counts as
    /// absent.
    pub fn llm_provider(&self) -> Option<&str> {
        self.0.get("llm_provider").and_then(Value::as_str)
    }
}

/// Shows the keys alone: values may hold what variables of `loom.toml` were expanded to.
impl fmt::Debug for AgentTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentTable").field(&self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn all_keys_survive_a_round_trip() {
        let text =
            r#"{"other":{"llm_provider":1},"planner":{"llm_provider":"b","topics":["t"]},"x":{}}"#;
        let tables: AgentTables = json::read(text).unwrap();
        let providers: Vec<_> = tables.0.values().map(AgentTable::llm_provider).collect();
        assert_eq!(providers, [None, Some("b"), None]);
        assert_eq!(serde_json::to_string(&tables).unwrap(), text);
    }

    #[test]
    fn neither_errors_nor_debug_show_a_value() {
        let error = json::read::<AgentTables>(r#"{"a": "hush"}"#).unwrap_err().to_string();
        assert!(error.starts_with("a: expected a table") && !error.contains("hush"), "{error}");
        let tables: AgentTables = json::read(r#"{"a": {"key": "hush"}}"#).unwrap();
        assert!(!format!("{tables:?}").contains("hush"));
    }
}
