//! A few agents that make the dashboard come alive: prices tick, a planner asks tools, orders are filled.
//!
//! `cargo run --example dashboard_demo` beside a running runtime (`loom up`); `LOOM_BRIDGE_ADDR` says where that is
//! (127.0.0.1:50051 unless set), `LOOM_BRIDGE_TOKEN` what it wants to know. The agents come back when the runtime
//! does. Ctrl+C stops them.
//!
//! | module | idea |
//! |---|---|
//! | `agent` | one agent: registers, listens, says things, asks for tools |
//! | `cast` | who they are and what they do |

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to whoever started it")]

mod agent;
mod cast;

use std::{process::ExitCode, time::Duration};

use tokio::task::JoinSet;

use crate::agent::{Agent, Place};

#[tokio::main]
async fn main() -> ExitCode {
    let place = match Place::from_environment() {
        Ok(place) => place,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let mut playing = JoinSet::new();
    for role in cast::all() {
        let place = place.clone();
        playing.spawn(async move {
            loop {
                if let Err(status) = Agent::play(&place, &role).await {
                    eprintln!("{}: {}; trying again", role.name, status.message());
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    println!("{} agents at {place}; Ctrl+C stops them", playing.len());
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
