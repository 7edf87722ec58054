//! `loom up`: acquire, start, watch.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    CommandError, Done, Exit, Outcome,
    context::Context,
    env::exports,
    launching::{self, LaunchArgs},
    place::launch_failed,
    tail::Tail,
};
use loom_runtime::launch::{self, Ended, LaunchError, LaunchKind, RuntimeDocument, Started, Up};

/// Arguments of `loom up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    asked: LaunchArgs,
    /// Return once it answers; `loom down` ends it
    #[arg(long, short)]
    detach: bool,
    /// For programs: one of its own beside the project's, which ends when standard input does, with a line `stop`
    /// or `kill` on it, or with this process
    #[arg(long, conflicts_with = "detach")]
    tied: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if args.tied {
        return tied(args, context);
    }
    let launch = launching::launch_beside(context, &args.asked)?;
    match launch::up(launch).map_err(|error| launch_failed(&error))? {
        Up::Started(started) if args.detach => answer(context, &started.stay()),
        Up::Started(started) => attend(context, started),
        Up::Found(document) if args.detach => {
            context.printer.message("it is already running");
            answer(context, &document)
        }
        Up::Found(document) => Err(launch_failed(&LaunchError::Running { document })),
    }
}

fn answer(context: &Context, document: &RuntimeDocument) -> Outcome {
    context.printer.answer(document, || launching::human(document))?;
    Ok(Done::Well)
}

/// Stays with the server until it ends.
fn attend(context: &Context, started: Box<Started>) -> Outcome {
    let document = started.document.clone();
    answer(context, &document)?;
    let mut log = io::stderr();
    let out: Option<&mut dyn io::Write> =
        if context.printer.is_quiet() { None } else { Some(&mut log) };
    let ended = started.attach(out).map_err(|error| launch_failed(&error))?;
    if ended.asked && ended.exit_code() == 0 {
        return Ok(Done::Well);
    }
    let mut failure = failure(&document, ended).hint(format!("the whole log is {}", document.log));
    if context.printer.is_quiet() {
        let tail = launch::tail(document.log.as_ref(), 20).unwrap_or_default();
        failure.chain.push(format!("its log ends with\n{}", tail.join("\n")));
    }
    context.printer.complaint(&failure);
    Ok(Done::Code(u8::try_from(ended.exit_code()).unwrap_or(1)))
}

/// What a program is told of its runtime.
#[derive(Serialize)]
struct Tied<'a> {
    #[serde(flatten)]
    document: &'a RuntimeDocument,
    /// The variables in which clients look for it.
    env: Map<String, Value>,
}

/// Stays with a server that lives as long as somebody holds our standard input open.
fn tied(args: &Args, context: &Context) -> Outcome {
    let launch = launching::launch(context, &args.asked, LaunchKind::Exec)?;
    let started = match launch::up(launch).map_err(|error| launch_failed(&error))? {
        Up::Started(started) => *started,
        // Each of them has an instance of its own.
        Up::Found(_) => return Err(CommandError::new(Exit::Busy, "another runtime is in the way")),
    };
    let document = started.document.clone();
    let env = exports(&document).into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    let said = Tied { document: &document, env: env.collect() };
    context.printer.answer(&said, || launching::human(&document))?;
    // Its log goes with it: what may have to be told of its end is kept here.
    let mut tail = Tail::new(context.printer.is_verbose());
    let ended = started
        .tied(io::BufReader::new(io::stdin()), &mut tail)
        .map_err(|error| launch_failed(&error))?;
    // Who asked knows; what came about by itself has to be told.
    if !ended.asked {
        let mut failure = failure(&document, ended);
        failure.chain.push(format!("its log ends with\n{}", tail.text().trim_end()));
        context.printer.complaint(&failure);
    }
    Ok(Done::Code(u8::try_from(ended.exit_code()).unwrap_or(1)))
}

/// How the server ended. The document on stdout was its start; its end is said on stderr.
fn failure(document: &RuntimeDocument, ended: Ended) -> CommandError {
    let how = match (ended.asked, ended.killed) {
        (_, true) => "did not end in time and was killed",
        (true, false) => "ended badly when it was asked to",
        (false, false) => "ended by itself",
    };
    CommandError::new(Exit::Failure, format!("{} {how} ({ended})", document.binary))
}
