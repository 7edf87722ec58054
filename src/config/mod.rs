//! Configuration: files, environment variables and options of the command line become one value, which records the layer
//! that each setting comes from.
//!
//! Everything about a setting is written once, as a row of the table of settings ([`rows`]): the files in `keys/`, one for
//! each table of `loom.toml`. From these rows come the readers of files and variables, [`effective`] and [`get`]
//! (`loom config show` and `get`), [`check`], [`set`], the [`schema`](schema()), the [`template`](template()) of
//! `loom init`, and what an untrusted project may set.
//!
//! | module | holds |
//! |---|---|
//! | [`inputs`], [`mod@env`], [`files`] | what a configuration depends on: [`Inputs`], [`Env`], [`Files`] |
//! | [`resolve`](mod@resolve), [`resolved`] | [`resolve()`]: all layers to one [`Resolved`]; [`check`] |
//! | [`project_alone`](mod@project_alone) | [`project_alone()`]: what the file of a project gives on every machine |
//! | [`origin`] | [`Setting`], [`SettingOrigin`]: a value and the layer that it comes from |
//! | [`source`], [`shorthand`] | [`SourceSpec`]: one source as configured |
//! | `mirror_root` | [`ConfiguredRoot`], [`PinRoots`]: how the roots of signed mirrors are given |
//! | [`show`], [`lookup`], [`edit`], [`schema`](mod@schema), [`template`](mod@template), [`reference`](mod@reference) | what is made of the table: display, `get`, `set`, JSON Schema, `loom init`, documentation |
//! | [`find_project`](mod@find_project), `folder_owner` | the folder that a project is; who else can change it |
//! | `guard`, [`withheld`], [`untrusted`] | which settings of a project need trust: [`Withheld`]; those without effect: [`Untrusted`] |
//! | [`trust_scope`], `trust_digest`, [`trust_change`], [`trusted`] | what trust covers: [`TrustScope`]; what changed since: [`TrustChange`]; the list: [`Trusted`] |
//! | `update_policy` | [`UpdatePolicy`], [`UpdateChannel`]: what is done about newer releases, and which ones count |
//! | `trust_key`, `keyring` | [`TrustKey`]: a signer of `trust.keys`; [`keyring()`] makes the keyring of the policy |
//! | [`error`], [`diagnostic`], [`problem`] | [`ConfigError`]; [`Diagnostic`]: a [`Problem`] and its location |
//! | [`runtime_env`] | the environment of the runtime |
//! | `keys`, `table`, `candidates` | the table of settings, and how paths of keys lead to its rows |
//! | `key`, `any_key`, `key_row`, `key_companion`, `trust_rule`, `setting_type`, `types` | what a row consists of, and the types of settings |
//! | `load`, `read_document`, `layers`, `document` | reading files into layers; which layer decides |
//! | `policy_lock`, `read_locks` | the keys that the machine-wide file fixes for all users |
//! | [`read_once`] | [`ReadOnce`]: files that stay what they were when they were read |
//! | `reader`, `tree`, `toml_text`, `expand`, `dotenv`, `key_path`, `machine_file` | reading values of one file |
//!
//! This module does not look at the process: environment, home folder and current folder are [`Inputs`].

mod any_key;
mod candidates;
pub mod diagnostic;
mod document;
mod dotenv;
pub mod edit;
pub mod env;
pub mod error;
mod expand;
pub mod files;
pub mod find_project;
mod folder_owner;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
pub mod inputs;
mod key;
mod key_companion;
mod key_path;
mod key_row;
mod keyring;
mod keys;
mod layers;
mod load;
pub mod lookup;
mod machine_file;
mod mirror_root;
pub mod mode;
pub mod origin;
mod policy_lock;
pub mod problem;
pub mod project_alone;
pub mod raw_value;
mod read_document;
mod read_locks;
pub mod read_once;
mod reader;
pub mod reference;
pub mod resolve;
pub mod resolved;
pub mod runtime_env;
pub mod schema;
mod setting_type;
pub mod shorthand;
pub mod show;
pub mod source;
mod store_sharing;
mod table;
pub mod template;
#[cfg(test)]
mod tests;
mod toml_text;
mod tree;
pub mod trust_change;
mod trust_digest;
pub mod trust_key;
mod trust_rule;
pub mod trust_scope;
pub mod trusted;
mod types;
pub mod untrusted;
mod update_policy;
mod version_count;
pub mod withheld;

pub use diagnostic::{ConfigLocation, Diagnostic};
pub use edit::{ConfigEdit, EditedFile, set};
pub use env::Env;
pub use error::ConfigError;
pub use files::{Disk, Files, ProtectedFile};
pub use find_project::project_file;
pub use inputs::{Flags, Inputs, Os};
pub use key_companion::KeyCompanion;
pub use keyring::keyring;
pub use keys::{
    bridge::BridgeSettings,
    dashboard::DashboardSettings,
    deploy::DeploySettings,
    dirs,
    history::RunHistorySettings,
    llm::{LlmProviderSettings, LlmSettings},
    mcp::{McpHttpSettings, McpProgramSettings, McpServerSettings},
    project::{LockTrust, Project, lock_file},
    store::StoreSettings,
    trust::TrustSettings,
    update::UpdateSettings,
};
pub use lookup::{SettingLookup, get};
#[cfg(windows)]
pub use machine_file::program_data;
pub use mirror_root::{ConfiguredRoot, PinRoots};
pub use mode::Mode;
pub use origin::{Setting, SettingOrigin};
pub use problem::Problem;
pub use project_alone::project_alone;
pub use raw_value::RawValue;
pub use read_once::ReadOnce;
pub use reference::{SettingRow, rows};
pub use resolve::{ConfigReport, check, effective, project_settings, resolve};
pub use resolved::Resolved;
pub use schema::schema;
pub use setting_type::ShownValue;
pub use shorthand::SourceTextError;
pub use show::{EffectiveSetting, as_tables};
pub use source::{
    GithubSource, Layout, MirrorSource, OciPlace, OciSource, OnFailure, PluginSource, SourceKind,
    SourceSpec, TargetSource,
};
pub use store_sharing::StoreSharing;
pub use template::{init, template};
pub use trust_change::TrustChange;
pub use trust_key::{TrustKey, TrustedSigner};
pub use trust_scope::{TrustScope, TrustedValue};
pub use trusted::{Trusted, TrustedProject};
pub use untrusted::Untrusted;
pub use update_policy::{UpdateChannel, UpdatePolicy};
pub use version_count::VersionCount;
pub use withheld::Withheld;

// A text of a user, which the server reads too.
pub use loom_base::{ByteSize, ByteSizeError};

// The values of `[trust]` belong to the policy.
pub use crate::trust::{Checksum, Signature};
