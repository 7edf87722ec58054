//! Releases from a third-party program, the plugin, over a protocol of JSON lines.
//!
//! | module | holds |
//! |---|---|
//! | [`plugin`] | [`Plugin`], the source |
//! | [`options`] | [`PluginOptions`], with which a source is opened |
//! | `messages` | the messages of the protocol |
//! | `session` | one request and its response, in a process of their own |
//! | `process` | the process of a plugin: its environment, its standard error and its end |
//! | `read_limits` | the time limits for reads from a plugin |
//! | `body` | the bytes after a response, counted and timed |
//!
//! Each request starts a process, which ends after its response. Requests can therefore run concurrently, and a request
//! that is dropped kills its process and all processes that it has started. `docs/src/plugins.md` describes how to write
//! a plugin.
//!
//! # Examples
//! A plugin in shell that has one release:
//!
//! ```
//! # #[cfg(unix)]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};
//!
//! use loom_plugin::{Plugin, PluginOptions, PluginProgram};
//! use loom_source::{ListingScope, Platform, Product, Source as _, Version, VersionListing};
//!
//! let folder = tempfile::tempdir()?;
//! let program = folder.path().join("loom-source-example");
//! let script = r#"#!/bin/sh
//! read -r hello
//! read -r request
//! echo '{"hello": {"protocol": 1, "list": true}}'
//! echo '{"versions": ["0.2.0"]}'
//! "#;
//! fs::write(&program, script)?;
//! fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
//!
//! let plugin = Plugin::open(PluginOptions {
//!     name: "example".to_owned(),
//!     program: PluginProgram::Found(program),
//!     options: serde_json::json!({}),
//!     environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
//!     timeout: Duration::from_secs(10),
//!     total_timeout: None,
//!     offline: false,
//! });
//! assert_eq!(plugin.to_string(), "plugin:example");
//!
//! let product = Product {
//!     authority: "loom-os".parse()?,
//!     binary: "loom-bridge-server".parse()?,
//!     platform: Platform::LinuxX86_64,
//! };
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let listing = plugin.list(&product, ListingScope::All).await?;
//! assert_eq!(listing, VersionListing::of(["0.2.0".parse::<Version>()?]));
//! # Ok(())
//! # })
//! # }
//! # #[cfg(not(unix))]
//! # fn main() {}
//! ```

mod body;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod messages;
pub mod options;
pub mod plugin;
mod process;
mod read_limits;
mod session;

pub use options::{PluginOptions, PluginProgram};
pub use plugin::Plugin;
