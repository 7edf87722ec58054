//! `loom events`: what was published, called and registered, in the past and as it happens.
//!
//! | file | holds |
//! |---|---|
//! | `event_filter` | which events are shown |
//! | `event_line` | one event as a line |
//! | `follow` | `--follow` |

mod event_filter;
mod event_line;
mod follow;

use serde_json::json;

use super::{Exit, Outcome, context::Context, history_source::HistorySource};
use event_filter::EventFilter;

/// Arguments of `loom events`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show events as they happen, until Ctrl+C; with --since or --limit also those before
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    filter: EventFilter,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.follow {
        return follow::run(&args.filter, context);
    }
    let source = HistorySource::of(context)?;
    let events = event_filter::events_of(&source.ask(&args.filter.path(None))?);
    if events.is_empty() {
        context.printer.message("no event matches");
    }
    let document = json!({ "schema": 1, "events": events });
    let text = || events.iter().map(|event| event_line::text(event) + "\n").collect();
    context.printer.answer(&document, text)?;
    Ok(Exit::Success)
}
