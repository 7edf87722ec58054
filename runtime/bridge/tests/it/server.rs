//! The program: its arguments, its environment, how it starts and ends.

use std::{fs, net::TcpListener, process::Output};

use crate::support::{Agent, Server, command};

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command().args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn version_and_help() {
    let version = run(&["--version"], &[]);
    let expected = format!("loom-bridge-server {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    let help = run(&["--help"], &[]);
    assert!(
        help.status.success() && String::from_utf8_lossy(&help.stdout).contains("LOOM_READY_FILE")
    );
    assert_eq!(run(&["serve"], &[]).status.code(), Some(2));
    assert_eq!(run(&["--port", "1"], &[]).status.code(), Some(2));
}

#[test]
fn a_setting_that_makes_no_sense_is_named() {
    for (variable, value) in [
        ("LOOM_BRIDGE_ADDR", "50051"),
        ("LOOM_BRIDGE_ADDR", "0.0.0.0:0"),
        ("LOOM_DASHBOARD", "maybe"),
        ("LOOM_BRIDGE_TOKEN", "two words"),
        ("RUST_LOG", "x=y=z"),
    ] {
        let ended = run(&[], &[(variable, value)]);
        assert_eq!(ended.status.code(), Some(2), "{variable}={value}");
        assert!(stderr(&ended).contains(variable), "{}", stderr(&ended));
    }
}

#[test]
fn a_taken_port_is_named_and_has_its_own_exit_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let ended = run(&[], &[("LOOM_BRIDGE_ADDR", &address.to_string())]);
    assert_eq!(ended.status.code(), Some(9));
    assert!(stderr(&ended).contains(&address.to_string()), "{}", stderr(&ended));

    let port = address.port().to_string();
    let dashboard = [
        ("LOOM_BRIDGE_ADDR", "127.0.0.1:0"),
        ("LOOM_DASHBOARD", "1"),
        ("LOOM_DASHBOARD_PORT", &*port),
    ];
    let ended = run(&[], &dashboard);
    assert_eq!(ended.status.code(), Some(9));
    assert!(stderr(&ended).contains("LOOM_DASHBOARD_PORT"), "{}", stderr(&ended));
}

#[test]
fn a_ready_file_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none/ready.json");
    let path = path.to_str().unwrap();
    let ended = run(&[], &[("LOOM_BRIDGE_ADDR", "127.0.0.1:0"), ("LOOM_READY_FILE", path)]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr(&ended).contains(path), "{}", stderr(&ended));
}

#[test]
fn a_ready_file_of_an_earlier_run_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ready.json");
    fs::write(&path, "{}").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended =
        run(&[], &[("LOOM_BRIDGE_ADDR", &address), ("LOOM_READY_FILE", path.to_str().unwrap())]);
    assert_eq!(ended.status.code(), Some(9));
    assert!(!path.exists());
}

#[test]
fn host_names_and_both_listeners_are_told() {
    let server = Server::start(&[
        ("LOOM_BRIDGE_ADDR", "localhost:0"),
        ("LOOM_DASHBOARD", "ON"),
        ("LOOM_DASHBOARD_PORT", "0"),
    ]);
    assert!(server.bridge.ip().is_loopback() && server.bridge.port() != 0);
    assert!(server.dashboard.as_ref().unwrap().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn stops_well_on_a_signal_and_at_once_on_the_second() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{signal}");
    }

    // A reader that does not read keeps the first stop waiting: its stream cannot end.
    let mut server = Server::start(&[]);
    let _stuck = Agent::join(&server, "stuck", &["t"], &[]).await;
    let speaker = Agent::join(&server, "speaker", &["echo"], &[]).await;
    for n in 0..200 {
        let event = loom_bridge::proto::Event {
            id: n.to_string(),
            payload: vec![0; 256 * 1024].into(),
            ..Default::default()
        };
        let publish = loom_bridge::proto::Publish { topic: "t".to_owned(), event: Some(event) };
        speaker.say(loom_bridge::proto::client_event::Msg::Publish(publish)).await;
    }
    let mut speaker = speaker;
    speaker.publish("echo", "all said").await;
    assert_eq!(speaker.delivery().await, "echo=all said");
    server.signal("-TERM");
    assert_eq!(speaker.hear().await.unwrap_err().code(), tonic::Code::Unavailable, "it stops");
    server.signal("-INT");
    assert_eq!(server.wait().code(), Some(130));
}
