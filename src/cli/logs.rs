//! `loom logs [-f] [-n LINES] [--previous]`

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::json;

use super::{
    CommandError, Done, Exit, Outcome,
    context::Context,
    place::{ProjectScope, launch_failed},
};
use loom_runtime::launch::{self, LaunchError, LogFollower};

/// Arguments of `loom logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Go on until the runtime ends
    #[arg(long, short)]
    follow: bool,
    /// Only the last lines
    #[arg(long, short = 'n', value_name = "COUNT")]
    lines: Option<usize>,
    /// Of the runtime before this one; twice: of the one before that
    #[arg(long, short, action = clap::ArgAction::Count, conflicts_with = "follow",
          value_parser = clap::value_parser!(u8).range(..=2))]
    previous: u8,
}

/// How often is looked for new lines.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let place = ProjectScope::of(context)?;
    let log = log(&place, args.previous);
    if !log.exists() {
        return Err(launch_failed(&LaunchError::NothingRuns));
    }
    let unread = |e: io::Error| {
        CommandError::new(Exit::Failure, format!("could not read {}: {e}", log.display()))
    };
    if context.printer.is_json() {
        if args.follow {
            return Err(CommandError::new(
                Exit::Usage,
                "--follow has no end that --json could print",
            ));
        }
        let lines = launch::tail(&log, args.lines.unwrap_or(usize::MAX)).map_err(unread)?;
        context.printer.answer(&json!({"schema": 1, "log": log, "lines": lines}), String::new)?;
        return Ok(Done::Well);
    }
    let mut follow = match args.lines {
        Some(count) => LogFollower::from_tail(&log, count).map_err(unread)?,
        None => LogFollower::from_start(&log),
    };
    copy(&mut follow, context, &log)?;
    while args.follow
        && launch::lives(&place.state, &place.project, &place.binary)
            .map_err(|error| launch_failed(&error))?
    {
        thread::sleep(LOOK);
        copy(&mut follow, context, &log)?;
    }
    // What was written between the last look and the end.
    copy(&mut follow, context, &log)?;
    Ok(Done::Well)
}

fn log(place: &ProjectScope, previous: u8) -> PathBuf {
    let log = launch::log_of(&place.state, &place.project, &place.binary);
    match previous {
        0 => log,
        n => log.with_file_name(format!("log.{n}")),
    }
}

fn copy(follow: &mut LogFollower, context: &Context, log: &Path) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    match follow.copy_to(&mut out).and_then(|_| out.flush()) {
        Ok(()) => Ok(()),
        // The reader of a pipe has seen enough.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {
            context.printer.detail("nobody reads any more");
            std::process::exit(0)
        }
        Err(e) => {
            Err(CommandError::new(Exit::Failure, format!("could not copy {}: {e}", log.display())))
        }
    }
}
