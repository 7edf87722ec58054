//! Samples of the errors of starting, querying and stopping runtimes.

use loom_runtime::launch::{
    Difference, LaunchError, PortOwner, RuntimeDocument, RuntimePort, ServerExit, SpawnObstacle,
    StartFailure,
};

use super::samples::{io_error, json_error, state_error};

variants!(LaunchError {
    Failed,
    State,
    Random,
    Supervisor,
    Silent,
    Watch,
    Describe,
    Running,
    OtherSettings,
    Orphan,
    Busy,
    Control,
    DoesNotEnd,
    NothingRuns,
    RolledBack,
    PreviousEnded,
    NothingCameUp
});
variants!(StartFailure {
    Busy,
    PortTaken,
    SamePort,
    Listen,
    Spawn,
    Crashed,
    NotReady,
    Stopped,
    State
});
variants!(Difference { Version, Build, Address, DashboardOn, DashboardOff, Variable });

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
        program: "loom-bridge-server 0.2.1".to_owned(),
        ended: ServerExit { code: Some(code), signal: None, requested: false, killed: false },
        log: "/state/log".to_owned(),
        tail: vec!["first".to_owned(), "last".to_owned()],
    }
}

fn stopped() -> StartFailure {
    StartFailure::Stopped {
        program: "loom-bridge-server 0.2.0".to_owned(),
        ended: Some(ServerExit { code: None, signal: Some(15), requested: true, killed: false }),
        log: "/state/log".to_owned(),
    }
}

pub(super) fn start_failures() -> Vec<StartFailure> {
    let address = "127.0.0.1:50051".to_owned();
    vec![
        StartFailure::Busy,
        StartFailure::PortTaken {
            port: RuntimePort::Bridge,
            address: address.clone(),
            owner: Some(PortOwner { pid: 7, name: "python3".to_owned() }),
        },
        StartFailure::SamePort { address: address.clone() },
        StartFailure::Listen {
            port: RuntimePort::Dashboard,
            address,
            why: "permission denied".to_owned(),
        },
        StartFailure::Spawn {
            program: "/store/loom-bridge-server".to_owned(),
            obstacle: None,
            why: "permission denied".to_owned(),
        },
        StartFailure::Spawn {
            program: "/store/loom-bridge-server".to_owned(),
            obstacle: Some(SpawnObstacle::Noexec),
            why: "permission denied".to_owned(),
        },
        StartFailure::Spawn {
            program: "/store/loom-bridge-server".to_owned(),
            obstacle: Some(SpawnObstacle::Mode),
            why: "permission denied".to_owned(),
        },
        StartFailure::Spawn {
            program: "/store/loom-bridge-server".to_owned(),
            obstacle: Some(SpawnObstacle::Loader),
            why: "permission denied".to_owned(),
        },
        exited(3),
        exited(0),
        StartFailure::NotReady {
            program: "loom-bridge-server 0.2.1".to_owned(),
            seconds: 30,
            why: "no process listens on 127.0.0.1:50051".to_owned(),
            log: "/state/log".to_owned(),
            tail: Vec::new(),
        },
        stopped(),
        StartFailure::State {
            act: "could not write /state/instance.json".to_owned(),
            why: "disk full".to_owned(),
        },
    ]
}

pub(super) fn differences() -> Vec<Difference> {
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
        Difference::DashboardOff,
        Difference::Variable(text("LOOM_AGENTS")),
    ]
}

pub(super) fn errors() -> Vec<LaunchError> {
    let mut differences = differences();
    // The dashboard cannot be on and off.
    differences.retain(|difference| !matches!(difference, Difference::DashboardOff));
    vec![
        stopped().into(),
        LaunchError::State(state_error()),
        LaunchError::Random { source: io_error() },
        LaunchError::Supervisor { program: "/bin/loom".into(), source: io_error() },
        LaunchError::Silent,
        LaunchError::Watch { source: io_error() },
        LaunchError::Describe(json_error()),
        LaunchError::Running { document: document() },
        LaunchError::OtherSettings { document: document(), differences },
        LaunchError::Orphan { document: document() },
        LaunchError::Busy,
        LaunchError::Control { id: "abc-loom-bridge-server".to_owned(), source: io_error() },
        LaunchError::DoesNotEnd { id: "abc-loom-bridge-server".to_owned() },
        LaunchError::NothingRuns,
        LaunchError::RolledBack {
            previous: document(),
            source: Box::new(exited(3).into()),
            with_settings: None,
        },
        LaunchError::RolledBack {
            previous: document(),
            source: Box::new(exited(3).into()),
            with_settings: Some(Box::new(exited(4).into())),
        },
        LaunchError::PreviousEnded { previous: document(), source: Box::new(exited(3).into()) },
        LaunchError::NothingCameUp {
            again: Box::new(stopped().into()),
            same_settings: false,
            source: Box::new(exited(3).into()),
        },
        LaunchError::NothingCameUp {
            again: Box::new(exited(4).into()),
            same_settings: true,
            source: Box::new(exited(3).into()),
        },
    ]
}

/// The error for a runtime that runs with one other setting.
pub(super) fn with_difference(difference: Difference) -> LaunchError {
    LaunchError::OtherSettings { document: document(), differences: vec![difference] }
}
