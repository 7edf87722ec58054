//! A newer version that has to become ready on free ports before the runtime is touched.

use std::{fs::File, io, sync::Mutex};

use loom_base::{HostPort, LockExt as _};
use loom_environment::{names, otlp_names};

use super::protocol::ReleaseProgram;
use crate::launch::{
    SpawnObstacle, StartFailure,
    instance_folder::InstanceFolder,
    log, ports, ready,
    server_process::{ProcessConfig, ServerProcess},
    start_request::StartRequest,
    system,
};

/// What a version that is only tried does not get: what would act outside of it, or twice.
const WITHOUT: &[&str] = &[
    names::MCP_SERVERS,
    names::AGENTS,
    otlp_names::COMMON.endpoint,
    otlp_names::TRACES.endpoint,
    otlp_names::METRICS.endpoint,
    otlp_names::LOGS.endpoint,
    "LOOM_HISTORY",
];

/// The number of log lines that a failure shows.
const TAIL: usize = 20;

/// Starts a release on free ports of loopback, with the settings of `request` and without tool servers and agents, and
/// waits until it is ready; then stops it. It is killed where the future is dropped: also where the supervisor stops
/// meanwhile. Where the supervisor is killed, the server holds `lease`, the lock of its own tree, and the lock by which the
/// next command finds and ends it.
pub(super) async fn prove(
    release: &ReleaseProgram,
    lease: &File,
    request: &StartRequest,
    folder: &InstanceFolder,
) -> Result<(), StartFailure> {
    let any = HostPort::new("127.0.0.1", 0);
    let program = std::path::PathBuf::from(&release.program);
    let ports = ports::choose(&program, &any, request.dashboard.as_ref().map(|_| &any))?;
    let file = folder.proof_file();
    let state = |error: &dyn std::fmt::Display| StartFailure::State {
        act: "could not prepare to try the new version".to_owned(),
        why: error.to_string(),
    };
    file.remove().map_err(|error| state(&error))?;
    let config = ProcessConfig {
        program: program.clone(),
        folder: request.project(),
        env: request.env.clone(),
        without: WITHOUT,
        ports: ports.clone(),
        ready_file: file.path().to_owned(),
        listeners: None,
        log: log::create(&folder.proof_log()).map_err(|error| state(&error))?,
    };
    let lock = folder.proof_lock().try_hold().map_err(|error| state(&error))?;
    let lock = lock.ok_or_else(|| state(&"another server that was tried still runs"))?;
    let started = start(config, &[lease, &lock]);
    let mut server = started.map_err(|error| StartFailure::Spawn {
        obstacle: SpawnObstacle::of(&program, &error),
        program: program.display().to_string(),
        why: error.to_string(),
    })?;
    let missing = Mutex::new("no health check was made".to_owned());
    let pid = server.pid();
    let named = format!("{} {}", request.binary, release.version);
    let ready = ready::wait_until_ready(pid, &ports, &file, &missing);
    let outcome = tokio::select! {
        biased;
        ended = server.ended() => Err(StartFailure::Crashed {
            program: named.clone(),
            ended,
            log: folder.proof_log().display().to_string(),
            tail: log::tail(&folder.proof_log(), TAIL).unwrap_or_default(),
        }),
        ready = tokio::time::timeout(request.ready_timeout, ready) => ready.map(|_| ()).map_err(|_| {
            StartFailure::NotReady {
                program: named.clone(),
                seconds: request.ready_timeout.as_secs(),
                why: missing.locked().clone(),
                log: folder.proof_log().display().to_string(),
                tail: log::tail(&folder.proof_log(), TAIL).unwrap_or_default(),
            }
        }),
    };
    if outcome.is_ok() {
        server.terminate();
        let _ = tokio::time::timeout(request.grace, server.ended()).await;
    }
    server.kill();
    // The lock is free once the next server may be tried.
    server.ended().await;
    let _ = file.remove();
    outcome
}

/// Starts a server that inherits these files, which no other program inherits.
fn start(config: ProcessConfig, inherited: &[&File]) -> io::Result<ServerProcess> {
    inherited.iter().try_for_each(|file| system::inheritable(*file))?;
    let server = ServerProcess::start(config);
    inherited.iter().try_for_each(|file| system::not_inheritable(*file))?;
    server
}
