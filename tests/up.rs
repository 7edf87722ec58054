//! `loom up`

mod support;

use std::{fs, net::TcpListener};

use rustix::process::Signal;
use support::{
    BINARY, Stage,
    program::server_path,
    stage::{answers, kill, runs, until},
};

#[test]
fn detached_it_returns_though_its_output_is_captured_and_the_server_answers() {
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
fn with_the_dashboard_its_address_is_told() {
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
fn in_the_foreground_a_signal_ends_it_well() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let stage = Stage::new();
        let (up, document) = stage.foreground();
        up.signal(signal);
        let run = up.wait().ok().says(&["listening"]);
        assert!(run.stdout().contains(document["bridge"]["address"].as_str().unwrap()));
        assert!(!runs(&document["pid"]) && !stage.leased(&document));
        assert_eq!(stage.status(), serde_json::json!([]));
    }
}

#[test]
fn a_server_that_dies_passes_its_end_on() {
    let stage = Stage::new();
    let (up, document) = stage.foreground();
    kill(&document["pid"]);
    up.wait().code(137).says(&["ended by itself (signal 9)", "the whole log is"]);
    until("the lease is free", || !stage.leased(&document));
}

#[test]
fn a_server_that_crashes_at_the_start_shows_its_last_words_and_passes_its_code_on() {
    let crash = b"#!/bin/sh\necho first words\necho last words >&2\nexit 3\n";
    let stage = Stage::with("0.2.0", crash);
    let run = stage.run("up", &[]).code(3);
    run.says(&["ended before it was ready (exit code 3)", "first words\n", "last words\n"]);
    let error = stage.run("up", &["--detach", "--json"]).code(3).json();
    assert_eq!((&error["error"]["code"], &error["error"]["kind"]), (&3.into(), &"crashed".into()));
    assert_eq!(stage.status(), serde_json::json!([]));
}

#[test]
fn a_server_that_never_answers_is_ended_in_time() {
    let stage = Stage::with("0.2.0", b"#!/bin/sh\necho I am $$\nexec sleep 1000\n");
    stage.sandbox.write("loom.toml", "[bridge]\ntimeout_sec = 1\n");
    let run = stage.run("up", &["--detach"]).code(1).says(&["not ready within 1 s", "I am"]);
    let pid = run.stderr().lines().find_map(|l| l.trim().strip_prefix("I am ").map(str::to_owned));
    assert!(!runs(&pid.unwrap().parse::<u32>().unwrap().into()));
}

#[test]
fn a_taken_port_is_named_with_its_owner_and_the_flag_that_changes_it() {
    let stage = Stage::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let owner = format!("process {}", std::process::id());
    let run = stage.run("up", &["--bridge-port", &port, "--detach"]).code(9);
    // Who runs this test, and how its program is called, differs.
    let filters = [
        (r"is taken by .*", "is taken by [OWNER]"),
        (r"\([0-9.]+ [KM]iB, ", "([SIZE], "),
        (r"file://\S+", "file://[MIRROR]"),
        (r"--bridge-port \d+", "--bridge-port [PORT]"),
    ];
    stage.sandbox.snapshot_with("port_in_use", &run, &filters);
    run.says(&[&format!("127.0.0.1:{port} is taken by"), &owner, "--bridge-port"]);
    let url = stage.mirror.url();
    let mut args = vec!["up", "--source", &url, "--version", "0.2.0", "--bridge-port", "0"];
    args.extend(["--dashboard-port", &port]);
    stage.sandbox.loom(&args).code(9).says(&[&owner, "--dashboard-port"]);
}

#[test]
fn a_second_one_answers_what_runs_or_names_the_difference() {
    let stage = Stage::new();
    let document = stage.up();
    assert_eq!(stage.up(), document);
    let run = stage.run("up", &["--bridge-port", "1", "--detach"]).code(9);
    run.says(&["bridge is 127.0.0.1:0, asked for 127.0.0.1:1", "loom restart", "loom down"]);
    stage.run("up", &[]).code(9).says(&["already running"]);
    assert!(answers(&document));
}

#[test]
fn many_at_once_start_one() {
    let stage = Stage::new();
    let runs: Vec<_> = (0..5).map(|_| stage.spawn("up", &["--detach", "--json"])).collect();
    let documents: Vec<_> = runs.into_iter().map(|run| run.wait().ok().json()).collect();
    assert!(documents.iter().all(|document| *document == documents[0]), "{documents:#?}");
}

#[test]
fn a_server_that_cannot_say_its_port_gets_one_that_loom_picked() {
    // The real server, made to know nothing of the ready file, nor to hold its name.
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
fn secrets_stand_neither_in_arguments_nor_in_files() {
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
