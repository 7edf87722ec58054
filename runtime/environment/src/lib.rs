//! The environment variables by which `loom` configures the runtime server: their names and the JSON shapes of their
//! values. `loom` writes them, the server reads them; both use the definitions of this crate.
//!
//! | module | defines |
//! |---|---|
//! | [`names`] | the name of every variable, with description, default and secrecy |
//! | [`otlp_names`] | the names of OpenTelemetry's variables |
//! | [`llm`] | [`LlmTables`]: the value of `LOOM_LLM_PROVIDERS` |
//! | [`price`] | [`LlmPriceTable`]: the prices of tokens within `LOOM_LLM_PROVIDERS` |
//! | [`mcp`] | [`McpServerTables`]: the value of `LOOM_MCP_SERVERS` |
//! | [`agents`] | [`AgentTables`]: the value of `LOOM_AGENTS` |
//! | [`ready`] | [`ReadyDocument`]: the content of the file that `LOOM_READY_FILE` names |
//! | [`listeners`] | [`InheritedListeners`]: the value of `LOOM_LISTEN_FDS` |
//! | [`login`] | [`LoginKey`]: makes and checks the login codes of the dashboard |
//! | [`user_ids`] | [`UserIds`]: the value of `LOOM_ALLOW_USERS` |
//! | [`host_names`] | [`HostNames`]: the value of `LOOM_DASHBOARD_ALLOWED_HOSTS` |
//! | [`content`] | [`ContentPolicy`]: the value of `LOOM_DASHBOARD_CONTENT` |
//! | [`history`] | [`HistoryChoice`], [`HistorySize`], [`HistoryAge`]: what the history of runs keeps and where |
//! | [`switch`] | [`Switch`]: a boolean as text |
//! | [`log_format`] | [`LogFormat`]: the value of `LOOM_LOG_FORMAT` |
//! | [`reference`](mod@reference) | [`EnvValue`]: a value that may name a variable of the server instead |
//! | [`secret`] | [`SecretText`]: a string inside a JSON value that is never shown |
//! | [`json`] | JSON to and from variables, with errors that show no values |
//! | `table_fields` | the keys of one table, with errors that name table and key |
//! | [`variable`] | [`ServerVariable`]: one variable of the server's environment |
//!
//! Readers ignore unknown fields: a server may be older than the `loom` that starts it.
//!
//! # Examples
//! ```
//! use loom_environment::{LlmProviderTable, LlmTables, ServerVariable, json, names};
//!
//! let table = LlmProviderTable { model: Some("m".to_owned()), ..LlmProviderTable::default() };
//! let tables = LlmTables { default: None, providers: vec![("local".to_owned(), table)] };
//! let variable = ServerVariable::new(names::LLM_PROVIDERS, json::write(&tables));
//!
//! let (_, value) = variable.expose();
//! let read: LlmTables = json::read(value)?;
//! assert_eq!(read.providers[0].1.model.as_deref(), Some("m"));
//! # Ok::<(), json::JsonError>(())
//! ```

pub mod agents;
pub mod content;
pub mod history;
pub mod host_names;
pub mod json;
pub mod listeners;
pub mod llm;
pub mod log_format;
pub mod login;
pub mod mcp;
pub mod names;
pub mod otlp_names;
pub mod price;
pub mod ready;
pub mod reference;
pub mod secret;
pub mod switch;
mod table_fields;
pub mod user_ids;
pub mod variable;

pub use agents::{AgentTable, AgentTables};
pub use content::{ContentPolicy, ContentPolicyError};
pub use history::{HistoryAge, HistoryChoice, HistorySize};
pub use host_names::HostNames;
pub use listeners::InheritedListeners;
pub use llm::{LlmProviderTable, LlmTables};
pub use log_format::LogFormat;
pub use login::LoginKey;
pub use mcp::{McpHttpTable, McpProgramTable, McpServerTable, McpServerTables};
pub use price::{LlmPrice, LlmPriceTable};
pub use ready::ReadyDocument;
pub use reference::EnvValue;
pub use secret::SecretText;
pub use switch::Switch;
pub use user_ids::UserIds;
pub use variable::ServerVariable;
