//! `loom env`: how clients reach what runs, as a shell's exports.

use serde_json::{Map, Value, json};

use super::{
    Done, Outcome,
    context::Context,
    place::{ProjectScope, launch_failed},
};
use loom_runtime::launch::{
    self, Endpoint, LaunchError, LaunchKind, RuntimeDocument, RuntimeState,
};

/// Arguments of `loom env`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Outcome {
    let place = ProjectScope::of(context)?;
    let running =
        launch::running(&place.state, place.whose(false)).map_err(|error| launch_failed(&error))?;
    let ready = running.iter().find(|instance| {
        instance.kind == LaunchKind::Up
            && instance.document.binary == place.binary
            && matches!(instance.state, RuntimeState::Ready | RuntimeState::Orphaned)
    });
    let Some(instance) = ready else { return Err(launch_failed(&LaunchError::NothingRuns)) };
    let exports = exports(&instance.document);
    let object: Map<String, Value> =
        exports.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let lines = || exports.iter().map(|(name, value)| line(name, value)).collect();
    context.printer.answer(&json!({"schema": 1, "env": object}), lines)?;
    Ok(Done::Well)
}

/// The variables in which clients look for a runtime.
pub(crate) fn exports(document: &RuntimeDocument) -> Vec<(&'static str, String)> {
    let bridge = document.bridge.as_ref().map(|bridge| {
        // «0.0.0.0» is where it listens, not where it is reached.
        let reachable = Endpoint::parse(&bridge.address).map(|e| e.reachable().to_string());
        ("LOOM_BRIDGE_ADDR", reachable.unwrap_or_else(|| bridge.address.clone()))
    });
    let dashboard = document.dashboard.as_ref().map(|d| ("LOOM_DASHBOARD_URL", d.url.clone()));
    bridge.into_iter().chain(dashboard).collect()
}

fn line(name: &str, value: &str) -> String {
    format!("export {name}='{}'\n", value.replace('\'', r"'\''"))
}
