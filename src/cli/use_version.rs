//! `loom use`

use loom_source::Slot;
use serde_json::json;

use super::{Done, Outcome, context::Context};
use crate::{acquire::chosen, config::Flags};

/// Arguments of `loom use`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A version (0.2.0), or dev for a cargo build
    #[arg(required_unless_present = "none")]
    version: Option<Slot>,
    /// Choose nothing: the latest counts again
    #[arg(long, conflicts_with = "version")]
    none: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let state = &resolved.state_dir.value;
    let line = context.line(&resolved)?;
    let Some(slot) = &args.version else {
        chosen::clear(state, &line.authority, &line.binary)?;
        context.printer.answer(&json!({"schema": 1, "version": null}), || "latest".to_owned())?;
        return Ok(Done::Well);
    };
    chosen::save(state, &line.authority, &line.binary, slot)?;
    let installed = context.store(&resolved)?.find(&line.at(slot.clone()))?;
    if installed.is_none() {
        context
            .printer
            .message(format!("{} {slot} is not here yet; `loom get` fetches it", line.binary));
    }
    if !resolved.bridge.version.origin.is_default() {
        let origin = &resolved.bridge.version.origin;
        context.printer.warning(format!(
            "here {origin} says {} and counts for more",
            resolved.bridge.version.value
        ));
    }
    let document = json!({
        "schema": 1, "binary": line.binary, "version": slot.to_string(), "here": installed.is_some(),
    });
    context.printer.answer(&document, || slot.to_string())?;
    Ok(Done::Well)
}
