//! The history of a Loom runtime: runs, spans, events and log lines, in one SQLite file or in memory.
//!
//! Start with [`History`], which writes, or [`HistoryReader::open`], which reads the file of a runtime that may not run.
//! Modules in order of their layers; each imports only modules above it:
//!
//! | module | provides |
//! |---|---|
//! | [`row`] | what the runtime hands over: finished spans, their bodies, events and log lines |
//! | [`run_id`], `instant`, `moment` | the id of a run; times |
//! | [`key_patterns`], `json_scan`, `redaction` | which keys have secret values, and how those are replaced |
//! | `harmless_attributes` | which attributes a secret run keeps |
//! | [`prices`] | what tokens cost |
//! | [`settings`] | what is kept, where and how much |
//! | [`error`] | why a history cannot be used, and why one is in memory |
//! | [`run_query`], [`run_summary`], [`run_detail`], [`event_detail`], [`overview`], [`export`], [`health`] | questions and answers |
//! | `row_budget`, `recent_ids`, `history_row`, `left_out`, `opened_call` | how many rows are stored in a second, and what is left out |
//! | `intake_policy`, `run_totals`, `change`, `open_run`, `intake` | when a run begins and ends, and which rows of it are stored |
//! | `schema`, `file_header`, `store`, `store_opening` | the file: its tables, whether it is one, its lock, its damage |
//! | `file_watch`, `new_begin` | the file that is removed, cut or damaged while it is written, and a new one |
//! | `search_text`, `search_index` | words, and the index of them |
//! | `writing`, `erasing`, `batch_writing`, `retention` | rows into the file, and out of it |
//! | [`deferred_rows`] | rows that the writing thread makes |
//! | `message`, [`sender`] | the queue, and the side of it that never waits |
//! | `room`, `upkeep`, `user_removal` | what is removed: for room, for age, by the user |
//! | `state`, `pending_runs`, `disk_writer`, `writer` | the thread that writes |
//! | `run_listing`, `run_reading`, `event_reading`, `overview_reading`, `export_reading`, [`reader`] | answers |
//! | [`history`] | all of it together |
//!
//! The file is SQLite's, in WAL mode. Measured: a row with its run and its names costs about 16 us of CPU and 340 bytes,
//! a body of 500 bytes in the full-text index another 170 us, of which 200 a second are done. The same rows in redb 4, a
//! copy-on-write B-tree, cost 6 us and 570 bytes, but 200 us and 8 KB with an index of 70 words that would have to be
//! written by hand; and redb has no aggregates, no removal that overwrites, and no reader in another process.

pub mod deferred_rows;
pub mod error;
pub mod event_detail;
pub mod export;
pub mod health;
pub mod history;
pub mod key_patterns;
pub mod overview;
pub mod prices;
pub mod reader;
pub mod row;
pub mod run_detail;
pub mod run_id;
pub mod run_query;
pub mod run_summary;
pub mod sender;
pub mod settings;

mod batch_writing;
mod change;
mod disk_writer;
mod erasing;
mod event_reading;
mod export_reading;
mod file_header;
mod file_watch;
mod harmless_attributes;
mod history_row;
mod instant;
mod intake;
mod intake_policy;
mod json_scan;
mod left_out;
mod message;
mod moment;
mod new_begin;
mod open_run;
mod opened_call;
mod overview_reading;
mod pending_runs;
mod recent_ids;
mod redaction;
mod retention;
mod room;
mod row_budget;
mod run_listing;
mod run_reading;
mod run_totals;
mod schema;
mod search_index;
mod search_text;
mod state;
mod store;
mod store_opening;
mod upkeep;
mod user_removal;
mod writer;
mod writing;

pub use deferred_rows::{DeferredRows, MadeRows};
pub use error::{FallbackReason, HistoryError};
pub use event_detail::{EventDetail, EventPage, EventQuery, LogDetail, LogPage, LogQuery};
pub use export::{ExportError, ExportedEvent, RunExport};
pub use harmless_attributes::holds_no_content;
pub use health::HistoryHealth;
pub use history::History;
pub use instant::nanos;
pub use key_patterns::KeyPatterns;
pub use overview::{
    FailedSpan, HistoryCounts, HistoryOverview, HistoryRange, LatencySummary, MinuteTotals,
};
pub use prices::{ModelPrices, TokenPrice};
pub use reader::HistoryReader;
pub use redaction::{REPLACED, RedactedText, redact_body, redact_value, redacted_preview};
pub use row::{
    BodyKind, BodyRow, EventKind, EventRow, LogRow, Nanos, SpanLink, SpanOutcome, SpanRow,
};
pub use run_detail::{BodyDetail, LinkDetail, RunDetail, SpanDetail};
pub use run_id::{RunId, RunIdError};
pub use run_query::{RunCursor, RunQuery, RunQueryError, RunStatus};
pub use run_summary::{RunPage, RunSummary};
pub use sender::HistorySender;
pub use settings::{HistoryLocation, HistorySettings, SMALLEST_BYTES};
