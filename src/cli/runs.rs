//! `loom runs`: what the agents did and why, as the history keeps it.
//!
//! | file | holds |
//! |---|---|
//! | `cost` | what a run costs, as text |
//! | `list` | the list |
//! | `replay`, `exported_run` | `replay`, and the file that it reads |
//! | `show` | `show` |
//! | `waterfall` | the spans of a run as text |

mod cost;
mod exported_run;
mod list;
mod replay;
mod show;
mod waterfall;

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use loom_base::{atomic_file, clean};
use serde_json::json;

use super::{CommandError, Exit, Outcome, context::Context, history_source::HistorySource};

/// Arguments of `loom runs`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<RunsCommand>,
    #[command(flatten)]
    list: list::RunFilter,
}

#[derive(Debug, clap::Subcommand)]
enum RunsCommand {
    /// Show one run: its spans in order, with what went in and what came out
    Show {
        /// The id, or its beginning
        id: String,
    },
    /// Write what came in as a file, from which it can go in again
    Export {
        /// The id, or its beginning
        id: String,
        /// The file; without it, standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Publish what came in once more, from a file of `export`
    Replay(replay::ReplayArgs),
    /// Remove runs from the history
    Rm {
        /// The id, or its beginning
        #[arg(required_unless_present_any = ["older_than", "all"])]
        id: Option<String>,
        /// Remove the runs that ended before, such as 7d or 12h
        #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration, conflicts_with = "id")]
        older_than: Option<std::time::Duration>,
        /// Remove all runs
        #[arg(long, conflicts_with_all = ["id", "older_than"])]
        all: bool,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    if let Some(RunsCommand::Replay(args)) = &args.command {
        return replay::run(args, context);
    }
    let source = HistorySource::of(context)?;
    match &args.command {
        None | Some(RunsCommand::Replay(_)) => list::run(&args.list, &source, context),
        Some(RunsCommand::Show { id }) => show::run(id, &source, context),
        Some(RunsCommand::Export { id, output }) => export(id, output.as_ref(), &source, context),
        Some(RunsCommand::Rm { id, older_than, .. }) => {
            let path = match (id, older_than) {
                (Some(id), _) => format!("/api/runs/{}", source.complete(id)?),
                (None, Some(age)) => format!("/api/runs?older_than_ms={}", age.as_millis()),
                (None, None) => "/api/runs".to_owned(),
            };
            remove(&path, &source, context)
        }
    }
}

fn remove(path: &str, source: &HistorySource, context: &Context) -> Outcome {
    let removed = source.delete(path)?;
    let count = removed.get("removed").and_then(serde_json::Value::as_u64).unwrap_or_default();
    let text = || format!("removed {count} {}", if count == 1 { "run" } else { "runs" });
    context.printer.answer(&json!({ "schema": 1, "removed": count }), text)?;
    Ok(Exit::Success)
}

fn export(
    id: &str,
    output: Option<&PathBuf>,
    source: &HistorySource,
    context: &Context,
) -> Outcome {
    let run = source.ask(&format!("/api/runs/{}/export", source.complete(id)?))?;
    let text = format!("{run:#}\n");
    match output {
        None => context.printer.bytes(text.as_bytes())?,
        Some(file) => {
            write(file, text.as_bytes()).map_err(|error| {
                let message = format!("could not write {}: {error}", file.display());
                CommandError::new(Exit::Failure, clean::text(&message))
            })?;
            let (id, path) = (id.to_owned(), file.display().to_string());
            let document = json!({ "schema": 1, "run": id, "file": path });
            context.printer.answer(&document, || format!("wrote {}", clean::text(&path)))?;
        }
    }
    Ok(Exit::Success)
}

/// Writes the file as a whole; what is a device or a pipe gets the bytes, as from a shell.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_other = |meta: fs::Metadata| !meta.is_file() && !meta.is_dir();
    if fs::metadata(file).is_ok_and(is_other) {
        return OpenOptions::new().write(true).open(file)?.write_all(bytes);
    }
    atomic_file::edit(file, bytes)
}
