//! Releases from a third-party program, asked by JSON lines. `docs/src/plugins.md` describes the protocol.
//!
//! | module | holds |
//! |---|---|
//! | [`plugin`] | [`Plugin`], the source, and [what it is opened with](PluginOptions) |
//! | `words` | the lines of the protocol |
//! | `talk` | one conversation: a process of its own, from its hello to its answer |
//! | `process` | the process: its environment, its last words, its end |
//! | `bytes` | the bytes after the answer, counted and timed |
//!
//! Each question starts a process, which ends with its answer: so questions run side by side, and one that nobody
//! waits for any more is killed with whatever it has started.

mod bytes;
pub mod plugin;
mod process;
mod talk;
mod words;

pub use plugin::{Plugin, PluginOptions, Program};
