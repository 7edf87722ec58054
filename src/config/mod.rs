//! Configuration: files, environment and flags become one value that remembers where each setting came from.
//!
//! | module | holds |
//! |---|---|
//! | [`inputs`] | [`Inputs`]: what the command line collects; [`Files`]: where the two files are read from |
//! | [`resolve`](mod@resolve) | [`resolve()`]: all layers to one [`Resolved`]; [`check`]: every mistake |
//! | [`resolved`] | [`Resolved`] and its parts |
//! | [`origin`] | [`Setting`], [`Origin`]: a value and the layer that decided it |
//! | [`source`], [`shorthand`] | [`SourceSpec`]: one source as configured |
//! | [`guard`], [`trusted`] | what a project may say only once it is trusted: [`Untrusted`], [`Trusted`] |
//! | [`runtime_env`] | what a runtime is told |
//! | [`show`], [`schema`](mod@schema), [`template`](mod@template) | every setting with its origin; the JSON Schema; what `loom init` writes |
//! | [`mistake`] | [`ConfigError`], [`Mistake`] |
//! | [`dirs`] | where cache, state and the user's file lie |
//! | `tables`, `source_table` | every key of the files, once: readers and JSON Schema come from there |
//! | `kinds`, `collections`, `read`, `tree`, `expand`, `dotenv` | how a file is read |
//! | `load`, `layers`, `llm`, `by_name` | the two files; which layer decides |
//!
//! Nothing here looks at the process: all of it comes in as [`Inputs`] and [`Files`].

mod by_name;
mod collections;
pub mod dirs;
mod dotenv;
mod expand;
pub mod guard;
pub mod inputs;
mod kinds;
mod layers;
mod llm;
mod load;
pub mod mistake;
pub mod origin;
mod read;
pub mod resolve;
pub mod resolved;
pub mod runtime_env;
pub mod schema;
pub mod shorthand;
pub mod show;
pub mod source;
mod source_table;
mod tables;
pub mod template;
#[cfg(test)]
mod tests;
mod tree;
pub mod trusted;

pub use guard::{Untrusted, Withheld};
pub use inputs::{Disk, Env, Files, Flags, Inputs, Os};
pub use mistake::{ConfigError, ConfigLocation, Diagnostic};
pub use origin::{Setting, SettingOrigin};
pub use resolve::{check, resolve, trustable};
pub use resolved::{
    Address, BridgeSettings, DashboardSettings, LlmProviderSettings, LlmSettings,
    McpServerSettings, Mode, Project, RawValue, Resolved, StoreSettings, TrustSettings,
    UpdatePolicy, UpdateSettings,
};
pub use runtime_env::RuntimeValue;
pub use schema::schema;
pub use shorthand::SourceTextError;
pub use show::{Row, Shown};
pub use source::{
    GithubSource, Layout, MirrorSource, OnFailure, PluginSource, SourceKind, SourceSpec,
    TargetSource,
};
pub use template::{init, template};
pub use trusted::Trusted;

// The words of `[trust]` are the policy's own.
pub use crate::trust::{Checksum, Signature};
