//! The history of runs: everything that follows from one event or call, with what went in and what came out.
//!
//! | module | provides |
//! |---|---|
//! | [`contents`] | what went into calls that have not ended |
//! | [`rows`] | from finished spans, and from what happened to agents, to rows of the history |
//! | [`event_rows`] | from the spans of events to rows, made later |
//! | [`recorder`] | hands rows to the history |
//! | [`query_parameters`], [`question`] | questions about the history |
//! | [`offline`] | the history of a server that does not run |
//! | [`opening`] | the history of a server, as its settings say |

pub mod contents;
pub mod event_rows;
pub mod offline;
pub mod opening;
pub mod query_parameters;
pub mod question;
pub mod recorder;
pub mod rows;

pub use opening::{log_fallback, open};
pub use recorder::RunRecorder;
