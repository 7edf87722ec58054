//! `loom env`

use loom_base::HostPort;
use loom_environment::names;
use serde_json::{Map, Value, json};

use super::{
    Exit, Outcome,
    agent_telemetry::{self, TelemetryReader},
    context::Context,
    project_scope::ProjectScope,
    report,
};
use loom_runtime::{
    config::Env,
    launch::{
        self, BridgeAddress, Instance, LaunchError, LaunchKind, RuntimeDocument, RuntimeState,
    },
};

/// Arguments of `loom env`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Outcome {
    let project = ProjectScope::of(context)?;
    let running = launch::running(&project.state, project.scope(false))?;
    let mut own = running.iter().filter(|instance| {
        instance.kind == LaunchKind::Up && instance.document.binary == project.binary
    });
    let exports = match (own.clone().find(|instance| has_address(instance)), own.next()) {
        (Some(ready), _) => exports(&ready.document, context.env(), TelemetryReader::Output),
        (None, Some(other)) => return Err(report::not_ready(other)),
        (None, None) => return Err(LaunchError::NothingRuns.into()),
    };
    let object: Map<String, Value> =
        exports.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let lines = || exports.iter().map(|(name, value)| line(name, value)).collect();
    context.printer.answer(&json!({"schema": 1, "env": object}), lines)?;
    Ok(Exit::Success)
}

/// Whether clients find the runtime at its address, now or once a switch to another release has ended.
fn has_address(instance: &Instance) -> bool {
    let is_there = matches!(
        instance.state,
        RuntimeState::Ready | RuntimeState::Switching | RuntimeState::Orphaned
    );
    is_there && instance.document.bridge.is_some()
}

/// The variables from which clients take the addresses of a runtime; one with a dashboard records spans of agents too.
pub(crate) fn exports(
    document: &RuntimeDocument,
    env: &Env,
    reader: TelemetryReader,
) -> Vec<(&'static str, String)> {
    let address = document.bridge.as_ref().map(reachable);
    let dashboard = document.dashboard.as_ref().map(|d| ("LOOM_DASHBOARD_URL", d.url.clone()));
    let records = address.as_ref().filter(|_| dashboard.is_some());
    let telemetry =
        records.map(|address| agent_telemetry::variables(address, env, reader)).unwrap_or_default();
    let bridge = address.map(|address| (names::BRIDGE_ADDR, address));
    bridge.into_iter().chain(dashboard).chain(telemetry).collect()
}

/// The address at which this machine reaches a bridge: 127.0.0.1 where it listens on 0.0.0.0.
pub(crate) fn reachable(bridge: &BridgeAddress) -> String {
    let address = bridge.address.parse::<HostPort>().map(|a| a.reachable().to_string());
    address.unwrap_or_else(|_| bridge.address.clone())
}

fn line(name: &str, value: &str) -> String {
    format!("export {name}='{}'\n", value.replace('\'', r"'\''"))
}
