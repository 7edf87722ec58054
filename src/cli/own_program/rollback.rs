//! `loom self rollback`

use serde_json::json;

use super::program_file::{VERSION, own_program};
use crate::cli::{Exit, Outcome, context::Context, path_text::shown};
use loom_runtime::config::Flags;

pub(super) fn run(context: &Context) -> Outcome {
    let resolved = context.resolve_without_project(Flags::default())?;
    let program = own_program(&resolved)?;
    let previous = program.roll_back()?;
    let version = previous.version;
    let document = json!({
        "schema": 1, "before": VERSION, "version": version, "path": shown(program.path()),
    });
    context.printer.answer(&document, || format!("loom {VERSION} -> {version}"))?;
    Ok(Exit::Success)
}
