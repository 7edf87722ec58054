//! A few agents that exchange events and call tools, so that the dashboard has something to show: prices change, a
//! planner calls tools, orders are filled.
//!
//! Start a runtime with `loom up`, then run `cargo run --example dashboard_demo`. `LOOM_BRIDGE_ADDR` is the address of the
//! runtime (127.0.0.1:50051 unless set), `LOOM_BRIDGE_TOKEN` its token. The agents reconnect when the runtime is
//! restarted. Ctrl+C stops them.
//!
//! | module | provides |
//! |---|---|
//! | `agent` | one agent: registers, listens, publishes, calls tools |
//! | `cast` | the agents and what they do |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program with terminal output")]

mod agent;
mod cast;

use std::{process::ExitCode, time::Duration};

use tokio::task::JoinSet;

use crate::agent::{BridgeTarget, DemoAgent};

#[tokio::main]
async fn main() -> ExitCode {
    let target = match BridgeTarget::from_environment() {
        Ok(target) => target,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let mut agents = JoinSet::new();
    for role in cast::all() {
        let target = target.clone();
        agents.spawn(async move {
            loop {
                if let Err(status) = DemoAgent::run(&target, &role).await {
                    eprintln!("{}: {}; retrying in 1 s", role.name, status.message());
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    println!("{} agents at {target}; Ctrl+C stops them", agents.len());
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
