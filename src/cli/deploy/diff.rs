//! `loom deploy diff DIR`

use std::path::PathBuf;

use serde_json::{Value, json};

use super::project::DeployedProject;
use crate::cli::{Exit, Outcome, context::Context, path_text::shown};
use loom_runtime::deploy::{
    DeployError, DeployFolder, FileChange, FileDifference, line_diff::LineChange,
};

/// Arguments of `loom deploy diff`.
#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// Folder that was rendered into
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn run(args: &DiffArgs, context: &Context) -> Outcome {
    let path = context.cwd()?.join(&args.folder);
    let folder = DeployFolder::new(&path);
    let record = folder.record()?;
    let record = record.ok_or_else(|| DeployError::NotRendered { folder: args.folder.clone() })?;
    let target = record.target;
    let (_, files) = DeployedProject::of(context)?.files(record)?;
    let differences = folder.differences(&files)?;
    let document = json!({
        "schema": 1, "folder": shown(&path), "target": target.as_str(),
        "differences": differences.iter().map(difference).collect::<Vec<_>>(),
    });
    context.printer.answer(&document, || differences.iter().map(text).collect())?;
    if differences.is_empty() {
        let folder = shown(&args.folder);
        context.printer.message(format!("{folder} is what `loom deploy render` would write"));
    }
    // The document is the answer; an error would print a second one.
    Ok(if differences.is_empty() { Exit::Success } else { Exit::Failure })
}

fn difference(difference: &FileDifference) -> Value {
    let change = match difference.change {
        FileChange::Added => "added",
        FileChange::Changed => "changed",
        FileChange::Removed => "removed",
    };
    let lines = difference.lines.iter().map(line).collect::<Vec<_>>();
    json!({"path": difference.path, "change": change, "lines": lines})
}

/// The path and the lines that differ: `-` is in the folder, `+` would be rendered.
fn text(difference: &FileDifference) -> String {
    let lines = difference.lines.iter().map(|change| format!("  {}\n", line(change)));
    format!("{}\n{}", difference.path, lines.collect::<String>())
}

fn line(change: &LineChange) -> String {
    match change {
        LineChange::Removed(line) => format!("-{line}"),
        LineChange::Added(line) => format!("+{line}"),
    }
}
