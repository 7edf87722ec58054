//! `loom up`

use std::{io, time::Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Exit, Outcome,
    agent_telemetry::TelemetryReader,
    content_note::{content_note, history_warning},
    context::Context,
    env::exports,
    interrupt,
    launch_args::LaunchArgs,
    launching, report, store_limits,
    tail::OutputTail,
};
use loom_runtime::launch::{
    self, ForegroundSignals, LaunchError, LaunchKind, RuntimeDocument, Started, Up,
};

/// Arguments of `loom up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    launch: LaunchArgs,
    /// Return once the runtime is ready; `loom down` stops it
    #[arg(long, short)]
    detach: bool,
    /// For programs: start a runtime of its own, which stops at the end of standard input, at a line `stop` or `kill`
    /// on it, or when this process ends
    #[arg(long, alias = "tied", conflicts_with = "detach")]
    exit_with_parent: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.exit_with_parent {
        return exit_with_parent(args, context);
    }
    let prepared = launching::launch_for_up(context, &args.launch)?;
    let note = content_note(&prepared.attempt.resolved);
    let obstacle = history_warning(&prepared.attempt.resolved);
    let begun = Instant::now();
    let up = prepared.up(context)?;
    if let (Up::Started(_), Some(note)) = (&up, note) {
        context.printer.message(note);
    }
    if let (Up::Started(_), Some(obstacle)) = (&up, obstacle) {
        context.printer.warning(obstacle);
    }
    if context.printer.is_very_verbose() {
        context.printer.detail(format!("ready after {} ms", begun.elapsed().as_millis()));
    }
    match up {
        Up::Started(started) if args.detach => answer(context, &started.detach()),
        Up::Started(started) => attach(context, started),
        Up::Found(document) if args.detach => {
            context.printer.message("the runtime is already running");
            answer(context, &document)
        }
        Up::Found(document) => Err(LaunchError::Running { document }.into()),
    }
}

fn answer(context: &Context, document: &RuntimeDocument) -> Outcome {
    context.printer.answer(document, || launching::human(document))?;
    store_limits::enforce(context);
    Ok(Exit::Success)
}

/// Stays in the foreground until the server ends.
fn attach(context: &Context, started: Box<Started>) -> Outcome {
    let signals = listen()?;
    let document = started.document.clone();
    answer(context, &document)?;
    let mut log = context.printer.stderr_of_others();
    let out: Option<&mut dyn io::Write> =
        if context.printer.is_quiet() { None } else { Some(&mut log) };
    let ended = started.attach(signals, out)?;
    if ended.requested && ended.shell_status() == 0 {
        return Ok(Exit::Success);
    }
    let mut error = report::ended_error(&document, ended).hint(report::log_hint(&document.log));
    if context.printer.is_quiet() {
        let tail = launch::tail(document.log.as_ref(), 20).unwrap_or_default();
        error.causes.push(report::log_tail(&tail));
    }
    context.printer.error_text(&error);
    Ok(report::exit_of(ended))
}

/// Leaves signals to the wait for the server's end.
fn listen() -> Result<ForegroundSignals, LaunchError> {
    let signals = ForegroundSignals::listen().map_err(|source| LaunchError::Watch { source })?;
    interrupt::release();
    Ok(signals)
}

/// The document for a program that starts a runtime for itself.
#[derive(Serialize)]
struct ChildRuntime<'a> {
    #[serde(flatten)]
    document: &'a RuntimeDocument,
    /// The variables from which clients take its addresses.
    env: Map<String, Value>,
}

/// Starts a runtime that lives as long as the parent process keeps our standard input open.
fn exit_with_parent(args: &Args, context: &Context) -> Outcome {
    let prepared = launching::launch(context, &args.launch, LaunchKind::Exec)?;
    let started = match prepared.up(context)? {
        Up::Started(started) => *started,
        // Each of them has an instance of its own, so that none can be found.
        Up::Found(_) => return Err(report::another_runs()),
    };
    let signals = listen()?;
    let document = started.document.clone();
    let env = exports(&document, context.env(), TelemetryReader::Output)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()));
    let answer = ChildRuntime { document: &document, env: env.collect() };
    context.printer.answer(&answer, || launching::human(&document))?;
    // The log is removed with the instance; its end is kept here in case it explains the exit.
    let copy = context.printer.is_verbose().then(|| context.printer.stderr_of_others());
    let mut tail = OutputTail::new(copy);
    let ended = started.exit_with_parent(signals, io::BufReader::new(io::stdin()), &mut tail)?;
    // A parent that requested the end knows of it.
    if !ended.requested {
        let mut error = report::ended_error(&document, ended);
        let lines: Vec<String> = tail.text().trim_end().lines().map(str::to_owned).collect();
        error.causes.push(report::log_tail(&lines));
        context.printer.error_text(&error);
    }
    Ok(report::exit_of(ended))
}
