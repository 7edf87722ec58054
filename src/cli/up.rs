//! `loom up`: acquire, start, watch.

use std::io;

use super::{
    Done, Exit, Failure, Outcome,
    context::Context,
    launching::{self, Asked},
    place::launch_failed,
};
use crate::launch::{self, Document, Ended, LaunchError, Started, Up};

/// Arguments of `loom up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    asked: Asked,
    /// Return once it answers; `loom down` ends it
    #[arg(long, short)]
    detach: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
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

fn answer(context: &Context, document: &Document) -> Outcome {
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
    let ended = started.attend(out).map_err(|error| launch_failed(&error))?;
    if ended.asked && ended.exit_code() == 0 {
        return Ok(Done::Well);
    }
    told(context, &document, ended);
    Ok(Done::Code(u8::try_from(ended.exit_code()).unwrap_or(1)))
}

/// Says how the server ended. The document on stdout was its start; its end is said on stderr.
fn told(context: &Context, document: &Document, ended: Ended) {
    let how = match (ended.asked, ended.killed) {
        (_, true) => "did not end in time and was killed",
        (true, false) => "ended badly when it was asked to",
        (false, false) => "ended by itself",
    };
    let mut failure = Failure::new(Exit::Failure, format!("{} {how} ({ended})", document.binary))
        .hint(format!("the whole log is {}", document.log));
    if context.printer.is_quiet() {
        let tail = launch::tail(document.log.as_ref(), 20).unwrap_or_default();
        failure.chain.push(format!("its log ends with\n{}", tail.join("\n")));
    }
    context.printer.complaint(&failure);
}
