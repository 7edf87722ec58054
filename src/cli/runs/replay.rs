//! `loom runs replay`: the events that a run began with are published once more, with the gaps between them.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use loom_base::{clean, token::random_token};
use serde_json::{Value, json};

use super::exported_run::{ExportedRun, RecordedEvent};
use crate::cli::{
    CommandError, Exit, Outcome, context::Context, interrupt, printer::Printer,
    running_dashboard::RunningDashboard,
};

/// What is published, and where to.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// The file that `loom runs export` wrote
    file: PathBuf,
    /// Publish all events to this topic, instead of each to its own
    #[arg(long, value_name = "TOPIC")]
    to: Option<String>,
    /// How many times as fast as the events came
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
}

/// How a replay ended.
#[derive(Debug, Default)]
struct ReplayOutcome {
    run: Value,
    delivered: u64,
}

pub(super) fn run(args: &ReplayArgs, context: &Context) -> Outcome {
    let file = ExportedRun::read(&args.file)?;
    let dashboard = RunningDashboard::of(context)?;
    let (printer, total) = (&context.printer, file.events.len());
    let published = Arc::new(AtomicUsize::new(0));
    tell_of_interrupt(printer, &published, total);
    let outcome = publish_all(args, &file, &dashboard, printer, &published);
    interrupt::release();
    if printer.is_terminal() {
        printer.clear_progress();
    }
    let outcome = outcome?;
    let document = json!({
        "schema": 1, "run": outcome.run, "replay_of": file.run,
        "published": total, "delivered": outcome.delivered,
    });
    printer.answer(&document, || {
        let run = outcome.run.as_str().map(|run| format!(" as run {}", clean::line(run)));
        format!("published {}{}", counted(total), run.unwrap_or_default())
    })?;
    Ok(Exit::Success)
}

/// Ctrl+C says how far it came.
fn tell_of_interrupt(printer: &Printer, published: &Arc<AtomicUsize>, total: usize) {
    let published = Arc::clone(published);
    interrupt::handle(printer, move || {
        let message = so_far("interrupted", published.load(Ordering::SeqCst), total);
        Some(CommandError::new(Exit::Interrupted, message))
    });
}

fn so_far(why: &str, published: usize, total: usize) -> String {
    format!("{why}: {published} of {} were published", counted(total))
}

fn publish_all(
    args: &ReplayArgs,
    file: &ExportedRun,
    dashboard: &RunningDashboard,
    printer: &Printer,
    published: &AtomicUsize,
) -> Result<ReplayOutcome, CommandError> {
    let total = file.events.len();
    let (begin, trace) = (Instant::now(), random_id()?);
    let (mut due, mut outcome) = (0.0, ReplayOutcome::default());
    for (number, event) in file.events.iter().enumerate() {
        due += event.gap_ms / args.speed;
        let until = begin + Duration::from_secs_f64(due / 1e3);
        thread::sleep(until.saturating_duration_since(Instant::now()));
        let body = body(event, args.to.as_deref(), &file.run, &trace)?;
        let answer = dashboard.post("/api/events", &body).map_err(|error| CommandError {
            message: so_far(&error.message, number, total),
            ..error
        })?;
        published.store(number + 1, Ordering::SeqCst);
        outcome.run = answer.get("run").cloned().unwrap_or_default();
        outcome.delivered += answer.get("delivered").and_then(Value::as_u64).unwrap_or_default();
        if printer.is_terminal() && !printer.is_quiet() && !printer.is_json() {
            printer.show_progress(&format!("{} of {}", number + 1, counted(total)));
        }
    }
    Ok(outcome)
}

/// The request that publishes an event: in a new trace, and linked to the run that it is from.
fn body(
    event: &RecordedEvent,
    to: Option<&str>,
    run: &str,
    trace: &str,
) -> Result<Value, CommandError> {
    let span = random_id()?;
    let span = span.get(..16).unwrap_or(&span);
    let mut metadata = event.metadata.clone();
    metadata.insert("loom.replay_of".to_owned(), run.to_owned());
    let mut body = json!({
        "topic": to.unwrap_or(&event.topic),
        "type": event.kind,
        "metadata": metadata,
        "traceparent": format!("00-{trace}-{span}-01"),
    });
    match &event.payload_hex {
        Some(digits) => body["payload_hex"] = json!(digits),
        None => body["payload_text"] = json!(event.payload),
    }
    Ok(body)
}

fn random_id() -> Result<String, CommandError> {
    random_token().map_err(|error| {
        CommandError::new(Exit::Failure, format!("the system has no random numbers: {error}"))
    })
}

fn counted(events: usize) -> String {
    format!("{events} {}", if events == 1 { "event" } else { "events" })
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: Option<f64> = text.parse().ok().filter(|speed| (1e-3..=1e6).contains(speed));
    speed.ok_or_else(|| "expected a number from 0.001 to 1000000".to_owned())
}
