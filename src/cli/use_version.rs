//! `loom use`

use loom_source::{Selector, Slot, version::VersionError};
use serde_json::json;

use super::{Done, Outcome, context::Context};
use loom_runtime::{acquire::chosen, config::Flags};

/// Arguments of `loom use`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A version (0.2.0), or dev for a cargo build
    #[arg(required_unless_present = "none", value_parser = slot)]
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
        let document = json!({"schema": 1, "binary": line.binary, "version": null, "here": null});
        context.printer.answer(&document, || "latest".to_owned())?;
        return Ok(Done::Well);
    };
    chosen::save(state, &line.authority, &line.binary, slot)?;
    let installed = context.store(&resolved)?.find(&line.in_slot(slot.clone()))?;
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

/// What can be chosen: one version, or the cargo build; never what changes its meaning by itself.
fn slot(text: &str) -> Result<Slot, String> {
    const TAKES: &str = "`loom use` takes one version, such as 0.2.0, or dev";
    text.parse().map_err(|error| match error {
        VersionError::NotSemver { .. } => match text.parse() {
            Ok(Selector::Latest) => {
                format!("{TAKES}; `loom use --none` lets the latest count again")
            }
            Ok(_) => format!("{TAKES}; a range has its place in `bridge.version` of loom.toml"),
            Err(_) => TAKES.to_owned(),
        },
        other => format!("{other}; {TAKES}"),
    })
}
