//! `loom up`: starts a runtime, in the foreground or detached.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
    time::Duration,
};

use crate::support::{
    self, BINARY, Sandbox, Stage,
    program::{self, server_path},
    stage::{answers, kill, resume, runs, suspend, until},
};
use rustix::process::Signal;

#[test]
fn detached_it_returns_although_its_output_is_captured() {
    let stage = Stage::new();
    // Both outputs are pipes that are read to their ends.
    let run = stage.run("up", &["--detach", "--json"]).ok();
    let document = run.json();
    assert_eq!(run.stdout().lines().count(), 1);
    assert_eq!((&document["version"], &document["binary"]), (&"0.2.0".into(), &BINARY.into()));
    assert!(answers(&document) && runs(&document["pid"]) && runs(&document["supervisor_pid"]));
    assert!(document["dashboard"].is_null());
    assert!(stage.leased(&document));
    let link = fs::read_link(stage.sandbox.link("0.2.0")).unwrap();
    assert!(link.to_str().unwrap().contains("store/"), "{link:?}");
    let own = fs::read_link(format!("/proc/{}/exe", document["pid"])).unwrap();
    assert_eq!(own, fs::canonicalize(stage.sandbox.link("0.2.0")).unwrap());
}

#[test]
fn with_the_dashboard_its_address_is_in_the_document() {
    let stage = Stage::new();
    let args = ["--mode", "full", "--dashboard-port", "0", "--detach", "--json"];
    let url = stage.mirror.url();
    let mut all = vec!["up", "--source", &url, "--version", "0.2.0", "--bridge-port", "0"];
    all.extend(args);
    let document = stage.sandbox.loom(&all).ok().json();
    let address = document["dashboard"]["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    std::net::TcpStream::connect(address.trim_end_matches('/')).unwrap();
}

#[test]
fn with_a_token_the_printed_address_of_the_dashboard_logs_in() {
    let mut stage = Stage::new();
    stage.sandbox.set("LOOM_BRIDGE_TOKEN", "s3cret");
    let url = stage.mirror.url();
    let args = ["up", "--source", &url, "--version", "0.2.0", "--detach"];
    let ports = ["--mode", "full", "--bridge-port", "0", "--dashboard-port", "0"];
    let up = [&args[..], &ports].concat();
    let printed = stage.sandbox.loom(&up).ok().stdout();
    let status = stage.sandbox.loom(&["status"]).ok().stdout();
    let found = stage.sandbox.loom(&[&up[..], &["--json"]].concat()).ok().json();
    let plain = found["dashboard"]["url"].as_str().unwrap();
    let codes: Vec<String> = [printed, status, found["dashboard"]["login_url"].to_string()]
        .iter()
        .map(|text| {
            let code = text.split_once(&format!("{plain}/#code=")).unwrap().1;
            code.chars().take_while(char::is_ascii_hexdigit).collect()
        })
        .collect();
    let authority = plain.strip_prefix("http://").unwrap();
    for code in &codes {
        assert!(log_in(authority, code).starts_with("HTTP/1.1 200 "), "{code}");
        assert!(log_in(authority, code).starts_with("HTTP/1.1 401 "), "used: {code}");
    }
    let instance = stage.instance();
    let folder = stage.sandbox.state().join("instances").join(instance["id"].as_str().unwrap());
    let record = fs::read_to_string(folder.join("instance.json")).unwrap();
    assert!(!record.contains("login"), "{record}");
    let environment = stage.sandbox.loom(&["env", "--json"]).ok().json();
    assert_eq!(environment["env"]["LOOM_DASHBOARD_URL"], plain);
}

/// The response to a login by a code.
fn log_in(authority: &str, code: &str) -> String {
    let body = format!(r#"{{"code":"{code}"}}"#);
    let mut connection = std::net::TcpStream::connect(authority).unwrap();
    let head = format!(
        "POST /api/login HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn a_server_with_tls_is_probed_over_tls() {
    let mut stage = Stage::new();
    let generated = rcgen::generate_simple_self_signed(["bridge.example".to_owned()]).unwrap();
    let certificate = stage.sandbox.write("cert.pem", &generated.cert.pem());
    let key = stage.sandbox.write("key.pem", &generated.signing_key.serialize_pem());
    stage.sandbox.set("LOOM_BRIDGE_TLS_CERT", certificate).set("LOOM_BRIDGE_TLS_KEY", key);
    let document = stage.run("up", &["--detach", "--json"]).ok().json();
    assert!(runs(&document["pid"]));
    // The server answers a client without TLS with an alert, whose first byte is 21.
    let mut stream =
        std::net::TcpStream::connect(document["bridge"]["address"].as_str().unwrap()).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(first, [21]);
}

#[test]
fn in_the_foreground_a_signal_stops_it_with_success() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let stage = Stage::new();
        let (up, document) = stage.foreground();
        up.signal(signal);
        let run = up.wait().ok().says(&["listening"]);
        assert!(run.stdout().contains(document["bridge"]["address"].as_str().unwrap()));
        assert!(!runs(&document["pid"]) && !stage.leased(&document));
        assert!(stage.instances().is_empty());
    }
}

#[test]
fn a_signal_that_arrives_twice_within_a_second_stops_it_gracefully() {
    for pause in [Duration::from_millis(2), Duration::from_millis(200)] {
        let stage = Stage::new();
        let (up, document) = stage.foreground();
        // It cannot end before the second signal arrives.
        suspend(&document["pid"]);
        up.signal(Signal::INT);
        thread::sleep(pause);
        up.signal(Signal::INT);
        thread::sleep(Duration::from_millis(100));
        resume(&document["pid"]);
        up.wait().ok();
        assert!(!runs(&document["pid"]));
    }
}

#[test]
fn a_signal_after_a_second_kills_it() {
    let stage = Stage::new();
    let (up, document) = stage.foreground();
    suspend(&document["pid"]);
    up.signal(Signal::INT);
    thread::sleep(Duration::from_millis(1100));
    up.signal(Signal::INT);
    up.wait().code(137);
    assert!(!runs(&document["pid"]));
}

#[test]
fn a_detached_runtime_keeps_no_descriptor_of_its_caller() {
    let stage = Stage::new();
    let lock = stage.sandbox.write("lock", "");
    let args = stage.args("up", &["--detach", "--json"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut command = stage.sandbox.command("sh");
    command.args(["-c", "exec 7>lock; flock 7; exec \"$@\"", "sh"]);
    command.arg(Sandbox::program()).args(&args);
    let document = stage.sandbox.start(&args, command).wait().ok().json();
    assert!(fs::File::open(lock).unwrap().try_lock().is_ok(), "the lock is still held");
    for pid in ["pid", "supervisor_pid"] {
        for entry in fs::read_dir(format!("/proc/{}/fd", document[pid])).unwrap() {
            let file = fs::read_link(entry.unwrap().path()).unwrap();
            assert!(!file.ends_with("lock") || file.starts_with(stage.sandbox.state()), "{file:?}");
        }
    }
    assert!(stage.leased(&document));
}

#[test]
fn as_the_first_process_it_reaps_orphans() {
    let orphans = b"#!/bin/sh\n(sh -c 'sleep 0.1 & sleep 0.1 &') \nexec \"$REAL\"\n";
    let stage = Stage::with("0.2.0", orphans);
    let args = stage.args("up", &[]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let count = "sleep 2; grep -l '^State:.Z' /proc/[0-9]*/status | wc -l; kill -TERM 1";
    let script = format!("({count}) >zombies 2>&1 & exec \"$@\"");
    let mut command = stage.sandbox.command("unshare");
    command.args(["--map-root-user", "--pid", "--fork", "--mount-proc", "--"]);
    command.args(["sh", "-c", &script, "sh"]).arg(Sandbox::program()).args(&args);
    command.env("REAL", server_path());
    stage.sandbox.start(&args, command).wait().ok();
    let counted = fs::read_to_string(stage.sandbox.project().join("zombies")).unwrap();
    assert_eq!(counted.trim(), "0");
}

#[test]
fn the_exit_status_of_a_killed_server_is_returned() {
    let stage = Stage::new();
    let (up, document) = stage.foreground();
    kill(&document["pid"]);
    up.wait().code(137).says(&["exited unexpectedly (signal 9)", "the full log is"]);
    until("the lease is free", || !stage.leased(&document));
}

#[test]
fn the_log_and_exit_code_of_a_server_that_crashes_at_the_start_are_reported() {
    let crash = b"#!/bin/sh\necho first words\necho last words >&2\nexit 3\n";
    let stage = Stage::with("0.2.0", crash);
    let run = stage.run("up", &[]).code(3);
    run.says(&["exited before it was ready (exit code 3)", "first words\n", "last words\n"]);
    let error = stage.run("up", &["--detach", "--json"]).code(3).json();
    assert_eq!((&error["error"]["code"], &error["error"]["kind"]), (&3.into(), &"crashed".into()));
    assert!(stage.instances().is_empty());
}

#[test]
fn a_server_that_is_never_ready_is_stopped_in_time() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\necho I am $$\nexec sleep 1000\n");
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 1\n");
    let run = stage.run("up", &["--detach"]).code(1).says(&["not ready within 1 s", "I am"]);
    let pid = run.stderr().lines().find_map(|l| l.trim().strip_prefix("I am ").map(str::to_owned));
    assert!(!runs(&pid.unwrap().parse::<u32>().unwrap().into()));
}

#[test]
fn a_taken_port_is_reported_with_its_owner_and_the_option_that_changes_it() {
    let stage = Stage::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let owner = format!("process {}", std::process::id());
    let run = stage.run("up", &["--bridge-port", &port, "--detach"]).code(9);
    // The owner is this test process, whose id and name differ between runs.
    let filters = [
        (r"is in use by .*", "is in use by [OWNER]"),
        (r"\([0-9.]+ [KM]iB, ", "([SIZE], "),
        (r"file://\S+", "file://[MIRROR]"),
        (r"--bridge-port \d+", "--bridge-port [PORT]"),
    ];
    stage.sandbox.snapshot_with("port_in_use", &run, &filters);
    run.says(&[&format!("127.0.0.1:{port} is in use by"), &owner, "--bridge-port"]);
    let url = stage.mirror.url();
    let mut args = vec!["up", "--source", &url, "--version", "0.2.0", "--bridge-port", "0"];
    args.extend(["--dashboard-port", &port]);
    stage.sandbox.loom(&args).code(9).says(&[&owner, "--dashboard-port"]);
}

#[test]
fn a_second_up_finds_the_runtime_or_reports_the_difference() {
    let stage = Stage::new();
    let document = stage.up();
    assert_eq!(stage.up(), document);
    let run = stage.run("up", &["--bridge-port", "1", "--detach"]).code(9);
    run.says(&[
        "with other settings: bridge port is 0 (any free port), requested 1\n",
        "`loom restart --bridge-port 1`",
        "`loom down`",
    ]);
    stage.run("up", &[]).code(9).says(&["already running"]);
    assert!(answers(&document));
}

#[test]
fn another_version_or_mode_is_refused_before_a_download_and_the_hint_switches() {
    let stage = Stage::new();
    stage.up();
    stage.add("0.1.0", &program::server());
    let url = stage.mirror.url();
    let requested = ["--source", &url, "--version", "0.1.0", "--bridge-port", "0"];
    let full = ["--mode", "full", "--dashboard-port", "0", "--detach"];
    let run = stage.sandbox.loom(&[&["up"], &requested[..], &full].concat()).code(9);
    let options = "--version 0.1.0 --mode full --dashboard-port 0";
    run.says(&[
        "version is 0.2.0, requested 0.1.0; mode is bridge-only, requested full\n",
        &format!("`loom restart {options}`"),
    ]);
    assert!(!stage.sandbox.link("0.1.0").exists());
    let hinted: Vec<&str> = ["restart", "--json"].into_iter().chain(options.split(' ')).collect();
    let document = stage.sandbox.loom(&hinted).ok().json();
    assert_eq!(document["version"], "0.1.0");
    assert!(document["dashboard"].is_object());
    // The new options replace the stored ones.
    let again =
        stage.sandbox.loom(&[&["up", "--json"], &requested[..], &full].concat()).ok().json();
    assert_eq!(again, document);
    let after = stage.sandbox.loom(&["restart", "--json"]).ok().json();
    assert_eq!(after["version"], "0.1.0");
}

#[test]
fn a_changed_configuration_is_reported_by_its_settings() {
    let mut stage = Stage::new();
    stage.sandbox.set("LOOM_TRUST_PROJECT", "1");
    stage.up();
    stage.sandbox.write("loom.toml", "[llm.deepseek]\ntype = \"http\"\nmodel = \"m\"\n");
    let run = stage.run("up", &["--detach"]).code(9);
    run.says(&["other settings: LOOM_LLM_MODEL differs\n", "`loom restart`"]);
    stage.sandbox.loom(&["restart"]).ok();
    stage.up();
}

#[test]
fn with_sigint_ignored_the_other_signals_stop_it() {
    for signal in [Signal::TERM, Signal::HUP] {
        let stage = Stage::new();
        let args = stage.args("up", &[]);
        let mut command = stage.sandbox.command("sh");
        command.args(["-c", "trap '' INT; exec \"$@\"", "sh"]);
        command.arg(support::Sandbox::program()).args(&args);
        let up = stage.sandbox.start(&["up"], command);
        let mut entry = serde_json::Value::Null;
        until("it is ready", || {
            entry = stage.instance();
            entry["state"] == "ready"
        });
        up.signal(Signal::INT);
        up.signal(signal);
        up.wait().ok();
        assert!(!runs(&entry["pid"]));
    }
}

#[test]
fn concurrent_commands_start_one_runtime() {
    let stage = Stage::new();
    let runs: Vec<_> = (0..5).map(|_| stage.spawn("up", &["--detach", "--json"])).collect();
    let documents: Vec<_> = runs.into_iter().map(|run| run.wait().ok().json()).collect();
    assert!(documents.iter().all(|document| *document == documents[0]), "{documents:#?}");
}

#[test]
fn a_server_that_cannot_report_its_port_gets_a_port_from_loom() {
    // The real server without the variable of the ready file, in a script that does not contain its name.
    let script = format!(
        "#!/bin/sh\nname=LOOM_READY\nunset ${{name}}_FILE\nexec {}\n",
        server_path().display()
    );
    let stage = Stage::with("0.2.0", script.as_bytes());
    let document = stage.up();
    assert!(answers(&document));
    assert_ne!(document["bridge"]["address"], "127.0.0.1:0");
}

#[test]
fn secrets_are_neither_in_arguments_nor_in_files() {
    let mut stage = Stage::new();
    stage.sandbox.set("LOOM_LLM_API_KEY", "sk-very-secret");
    stage.sandbox.write("loom.toml", "[llm.deepseek]\ntype = \"http\"\nmodel = \"m\"\n");
    stage.sandbox.set("LOOM_TRUST_PROJECT", "1");
    let document = stage.up();
    let environ = fs::read(format!("/proc/{}/environ", document["pid"])).unwrap();
    let environ = String::from_utf8_lossy(&environ);
    assert!(environ.contains("LOOM_LLM_PROVIDERS={\"deepseek\":"), "{environ}");
    for pid in [&document["pid"], &document["supervisor_pid"]] {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(!String::from_utf8_lossy(&arguments).contains("sk-very"));
    }
    let mut instance = std::path::PathBuf::from(document["log"].as_str().unwrap());
    instance.set_file_name("instance.json");
    assert!(!fs::read_to_string(instance).unwrap().contains("sk-very"));
}
