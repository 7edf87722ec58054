//! `loom-bridge-server --health`.

use std::{
    net::TcpListener,
    process::Output,
    time::{Duration, Instant},
};

use crate::{
    support::{Server, command},
    tls::certificate,
};

/// The check in an environment that names this port, and has these variables besides.
fn health(port: u16, environment: &[(&str, &str)]) -> Output {
    command()
        .arg("--health")
        .env("LOOM_BRIDGE_ADDR", format!("0.0.0.0:{port}"))
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn assert_healthy(checked: &Output) {
    let stderr = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(0), "{stderr}");
    assert!(stderr.is_empty() && checked.stdout.is_empty(), "{stderr}");
}

fn assert_unhealthy(checked: &Output, reason: &str) {
    let stderr = String::from_utf8_lossy(&checked.stderr);
    assert_eq!(checked.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains(reason), "{stderr}");
}

#[test]
fn a_server_that_serves_is_healthy_and_one_that_ended_is_not() {
    let mut server = Server::start(&[]);
    assert_healthy(&health(server.bridge.port(), &[]));
    server.signal("-TERM");
    server.wait();
    assert_unhealthy(&health(server.bridge.port(), &[]), "no process listens on 127.0.0.1:");
}

#[test]
fn a_server_with_certificate_and_token_is_healthy() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let environment = [
        ("LOOM_BRIDGE_TLS_CERT", &*path("cert.pem")),
        ("LOOM_BRIDGE_TLS_KEY", &*path("key.pem")),
        ("LOOM_BRIDGE_TOKEN", "hush"),
    ];
    let server = Server::start(&environment);
    assert_healthy(&health(server.bridge.port(), &environment));
    // The check needs no token: its caller may lack the right to call the server.
    assert_healthy(&health(server.bridge.port(), &environment[..2]));
}

#[test]
fn a_server_on_a_free_port_is_found_by_its_ready_file() {
    let server = Server::start(&[("LOOM_BRIDGE_TOKEN", "hush")]);
    let ready = server.ready_file();
    assert_healthy(&health(0, &[("LOOM_READY_FILE", &ready)]));
    assert_unhealthy(&health(0, &[]), "LOOM_READY_FILE is not set");
    assert_unhealthy(&health(0, &[("LOOM_READY_FILE", "/dev/null")]), "/dev/null");
}

#[test]
fn a_process_that_does_not_answer_is_unhealthy_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let begun = Instant::now();
    assert_unhealthy(&health(silent.local_addr().unwrap().port(), &[]), "127.0.0.1:");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
}

#[test]
fn invalid_settings_are_unhealthy_and_show_no_secret() {
    let checked = health(1, &[("LOOM_BRIDGE_TOKEN", "two hush words")]);
    assert_unhealthy(&checked, "LOOM_BRIDGE_TOKEN");
    assert!(!String::from_utf8_lossy(&checked.stderr).contains("hush"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_check_of_another_user_is_answered() {
    use std::os::unix::process::CommandExt as _;

    if !rustix::process::geteuid().is_root() {
        return;
    }
    let server = Server::start(&[]);
    // The program that was built may be in a folder that the other user cannot enter.
    let folder = tempfile::Builder::new().permissions(world_readable()).tempdir().unwrap();
    let program = folder.path().join("loom-bridge-server");
    std::fs::copy(env!("CARGO_BIN_EXE_loom-bridge-server"), &program).unwrap();
    let checked = std::process::Command::new(&program)
        .arg("--health")
        .env_clear()
        .env("LOOM_BRIDGE_ADDR", server.bridge.to_string())
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    assert_healthy(&checked);
}

#[cfg(target_os = "linux")]
fn world_readable() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o755)
}
