//! Every variant of [`LaunchError`] and [`StartFailure`] with its exit code, kind, message and hint.

use std::io;

use super::*;
use crate::cli::report;
use loom_runtime::launch::{PortOwner, RuntimeDocument, ServerExit};

fn document() -> Box<RuntimeDocument> {
    Box::new(RuntimeDocument {
        schema: 1,
        version: "0.2.0".to_owned(),
        tree: None,
        binary: "loom-bridge-server".to_owned(),
        program: "/store/loom-bridge-server".to_owned(),
        pid: Some(2),
        supervisor_pid: 1,
        bridge: None,
        dashboard: None,
        log: "/state/log".to_owned(),
    })
}

fn exited(code: i32) -> StartFailure {
    StartFailure::Crashed {
        program: "loom-bridge-server".to_owned(),
        ended: ServerExit { code: Some(code), signal: None, requested: false, killed: false },
        log: "/state/log".to_owned(),
        tail: vec!["first".to_owned(), "last".to_owned()],
    }
}

fn start_failures() -> Vec<StartFailure> {
    let address = "127.0.0.1:50051".to_owned();
    vec![
        StartFailure::Busy,
        StartFailure::PortTaken {
            port: RuntimePort::Bridge,
            address: address.clone(),
            owner: Some(PortOwner { pid: 7, name: "python3".to_owned() }),
        },
        StartFailure::Listen {
            port: RuntimePort::Dashboard,
            address,
            why: "permission denied".to_owned(),
        },
        StartFailure::Spawn {
            program: "/store/loom-bridge-server".to_owned(),
            why: "permission denied".to_owned(),
        },
        exited(3),
        exited(0),
        StartFailure::NotReady {
            program: "loom-bridge-server".to_owned(),
            seconds: 30,
            why: "no process listens on 127.0.0.1:50051".to_owned(),
            log: "/state/log".to_owned(),
            tail: Vec::new(),
        },
        StartFailure::Stopped,
        StartFailure::State {
            act: "could not write /state/instance.json".to_owned(),
            why: "disk full".to_owned(),
        },
    ]
}

fn differences() -> Vec<Difference> {
    let text = str::to_owned;
    vec![
        Difference::Version { running: text("0.1.0"), requested: text("0.2.0") },
        Difference::Build,
        Difference::Address {
            port: RuntimePort::Bridge,
            running: text("h:0"),
            requested: text("h:7"),
        },
        Difference::DashboardOn { requested: text("h:8") },
        Difference::Variable(text("LOOM_AGENTS")),
    ]
}

fn errors() -> Vec<LaunchError> {
    let io = || io::Error::other("refused");
    let mut errors: Vec<LaunchError> = start_failures().into_iter().map(Into::into).collect();
    let json = serde_json::from_str::<u8>("x").unwrap_err();
    errors.extend([
        LaunchError::Random { source: io() },
        LaunchError::Supervisor { program: "/bin/loom".into(), source: io() },
        LaunchError::Silent,
        LaunchError::Watch { source: io() },
        LaunchError::Describe(json),
        LaunchError::Running { document: document() },
        LaunchError::OtherSettings { document: document(), differences: differences() },
        LaunchError::Orphan { document: document() },
        LaunchError::Busy,
        LaunchError::Control { id: "abc-loom-bridge-server".to_owned(), source: io() },
        LaunchError::DoesNotEnd { id: "abc-loom-bridge-server".to_owned() },
        LaunchError::NothingRuns,
        LaunchError::RolledBack { previous: document(), source: Box::new(exited(3).into()) },
        LaunchError::NothingCameUp {
            again: Box::new(StartFailure::Stopped.into()),
            source: Box::new(exited(3).into()),
        },
    ]);
    errors
}

#[test]
fn every_variant_has_a_code_a_kind_and_a_message() {
    let mut text = String::new();
    for error in errors() {
        let report = CommandError::from(error);
        let styled = report::human(&report);
        let human = anstream::adapter::strip_str(&styled);
        text.push_str(&format!("exit {} {}\n{human}\n", report.code, report.kind));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn each_difference_has_the_options_that_switch_to_it() {
    let address = |running: &str, requested: &str| Difference::Address {
        port: RuntimePort::Bridge,
        running: running.to_owned(),
        requested: requested.to_owned(),
    };
    for (difference, expected) in [
        (address("h:0", "h:7"), Some("--bridge-port 7")),
        (address("h:7", "i:7"), None),
        (address("h:7", "i:8"), Some("--bridge-port 8")),
        (
            Difference::DashboardOn { requested: "h:0".to_owned() },
            Some("--mode full --dashboard-port 0"),
        ),
        (Difference::DashboardOff, Some("--mode bridge-only")),
        (Difference::Build, None),
        (Difference::Variable("LOOM_LLM_MODEL".to_owned()), None),
    ] {
        assert_eq!(restart_options(&difference).as_deref(), expected, "{difference:?}");
    }
}
