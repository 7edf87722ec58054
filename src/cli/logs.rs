//! `loom logs`

use std::{
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use serde_json::json;

use super::{
    CommandError, Exit, Outcome, context::Context, path_text::shown, project_scope::ProjectScope,
};
use loom_runtime::launch::{self, LaunchError, LogFollower, LogRange};

/// Arguments of `loom logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show new lines until the runtime ends
    #[arg(long, short)]
    follow: bool,
    /// Show only the last lines
    #[arg(long, short = 'n', value_name = "COUNT")]
    lines: Option<usize>,
    /// Show only lines since a time: 10m, 2h, or 2026-11-27T03:00:00Z
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<SystemTime>,
    /// Show the log of the runtime before this one; twice: of the one before that
    #[arg(long, short, action = clap::ArgAction::Count, conflicts_with = "follow",
          value_parser = clap::value_parser!(u8).range(..=2))]
    previous: u8,
}

/// How often the log is read for new lines.
const INTERVAL: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let project = ProjectScope::of(context)?;
    let log = log(&project, args.previous);
    if !log.exists() {
        return Err(LaunchError::NothingRuns.into());
    }
    let unreadable = |e: io::Error| {
        CommandError::new(Exit::Failure, format!("could not read {}: {e}", log.display()))
    };
    if args.since.is_some() && !launch::has_times(&log).map_err(unreadable)? {
        context.printer.warning("the lines of this log have no times; --since has no effect");
    }
    let range = LogRange { since: args.since, last: args.lines };
    if context.printer.is_json() {
        if args.follow {
            let message = "--follow cannot be combined with --json, which prints one document";
            return Err(CommandError::new(Exit::Usage, message));
        }
        let lines = range.lines(&log).map_err(unreadable)?;
        context
            .printer
            .answer(&json!({"schema": 1, "log": shown(&log), "lines": lines}), String::new)?;
        return Ok(Exit::Success);
    }
    let mut follower = range.follow(&log).map_err(unreadable)?;
    let mut out = context.printer.stdout_of_others();
    let mut has_reader = copy(&mut follower, &mut out, &log)?;
    while args.follow
        && has_reader
        && launch::is_alive(&project.state, &project.project, &project.binary)?
    {
        thread::sleep(INTERVAL);
        has_reader = copy(&mut follower, &mut out, &log)?;
    }
    if has_reader {
        // Lines that were written between the last copy and the end.
        copy(&mut follower, &mut out, &log)?;
    }
    Ok(Exit::Success)
}

/// A duration before now, such as `10m`, or a time in RFC 3339.
pub(super) fn since(text: &str) -> Result<SystemTime, String> {
    if let Some(time) = loom_base::time::parse_rfc3339(text) {
        return Ok(time);
    }
    let expected = "expected a duration, such as 10m or 2h, or a time in UTC, such as \
                    2026-11-27T03:00:00Z";
    let duration = humantime::parse_duration(text).map_err(|_| expected.to_owned())?;
    // A duration that reaches before 1970 shows everything.
    Ok(SystemTime::now().checked_sub(duration).unwrap_or(SystemTime::UNIX_EPOCH))
}

fn log(project: &ProjectScope, previous: u8) -> PathBuf {
    let log = launch::log_of(&project.state, &project.project, &project.binary);
    match previous {
        0 => log,
        n => log.with_file_name(format!("log.{n}")),
    }
}

/// Copies new lines to `out`; false where the reader of stdout is gone, which is no failure.
fn copy(
    follower: &mut LogFollower,
    out: &mut dyn io::Write,
    log: &Path,
) -> Result<bool, CommandError> {
    match follower.copy_to(out).and_then(|_| out.flush()) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(e) => {
            Err(CommandError::new(Exit::Failure, format!("could not copy {}: {e}", log.display())))
        }
    }
}
