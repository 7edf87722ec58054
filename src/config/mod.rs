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
//! | [`mistake`] | [`ConfigError`], [`Mistake`] |
//! | [`dirs`] | where cache, state and the user's file lie |
//! | `tables`, `source_table` | every key of the files, once: readers and JSON Schema come from there |
//! | `kinds`, `read`, `tree`, `expand`, `dotenv` | how a file is read |
//! | `load`, `layers`, `llm` | the two files; which layer decides |
//!
//! Nothing here looks at the process: all of it comes in as [`Inputs`] and [`Files`].

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
pub mod shorthand;
pub mod source;
mod source_table;
mod tables;
mod tree;
pub mod trusted;

pub use guard::{Untrusted, Withheld};
pub use inputs::{Disk, Env, Files, Flags, Inputs, Os};
pub use mistake::{ConfigError, Mistake, Place};
pub use origin::{Origin, Setting};
pub use resolve::{check, resolve};
pub use resolved::{
    Address, Bridge, Checksum, Dashboard, Llm, McpServer, Mode, Project, Provider, Resolved,
    Signature, StoreSettings, Trust, Update, UpdatePolicy,
};
pub use shorthand::SourceTextError;
pub use source::{Layout, SourceKind, SourceSpec, Then};
pub use trusted::Trusted;
