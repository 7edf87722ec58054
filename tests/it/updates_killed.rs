//! Supervisors and helper processes that are killed at every step of an update.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::Value;

use crate::support::{
    stage::{answers, kill, runs, until},
    update_stage::{UpdateStage, server},
};

const AUTO: &str = "policy = \"auto\"";

/// Updates that are tried at the same time.
const JOBS: usize = 2;

/// More steps than an update has.
const MOST: usize = 60;

/// The events of the journal, read without a command: a command would settle what is left of a supervisor.
fn journal(stage: &UpdateStage) -> Vec<(String, Value)> {
    let folders = fs::read_dir(stage.sandbox.state().join("updates")).into_iter().flatten();
    let texts =
        folders.flatten().filter_map(|folder| fs::read(folder.path().join("journal.json")).ok());
    let documents = texts.filter_map(|text| serde_json::from_slice::<Value>(&text).ok());
    let entries =
        documents.flat_map(|document| document["entries"].as_array().cloned().unwrap_or_default());
    entries
        .map(|entry| (entry["event"].as_str().unwrap().to_owned(), entry["to"].clone()))
        .collect()
}

fn has(stage: &UpdateStage, event: &str) -> bool {
    journal(stage).iter().any(|(known, to)| known == event && to == "0.2.1")
}

/// The version of the current generation; null where there is none.
fn generation(stage: &UpdateStage) -> Value {
    let json = stage.sandbox.loom(&["list", "--generations", "--json"]).ok().json();
    let all = json["generations"].as_array().unwrap();
    all.iter().find(|one| one["current"] == true).map_or(Value::Null, |one| one["version"].clone())
}

/// What has to hold after a supervisor was killed during an update from 0.2.0 to 0.2.1.
fn assert_survives(stage: &UpdateStage, point: &str) {
    let instance = stage.instance();
    let servers = stage.sandbox.servers();
    match instance["pid"].as_u64() {
        Some(pid) => assert_eq!(servers, [u32::try_from(pid).unwrap()], "{point}: {instance}"),
        // It was killed before it wrote down which process it had started.
        None => assert!(servers.len() <= 1, "{point}: {servers:?} {instance}"),
    }
    let is_orphaned = instance["state"] == "orphaned";
    assert!(is_orphaned || instance.is_null(), "{point}: {instance}");
    let events = stage.updates();
    let is_told = |event: &str| events.iter().any(|entry| entry["event"] == event);
    // Before, nothing was written down yet that could be interrupted.
    assert!(
        !is_told("proved") || is_told("interrupted") || is_told("switched"),
        "{point}: {events:?}"
    );
    let expected = if is_told("switched") { "0.2.1" } else { "0.2.0" };
    assert_eq!(generation(stage), expected, "{point}: {events:?}");
    // `up` says what runs, or starts the runtime.
    let up = ["up", "--detach", "--json", "--mode", "bridge-only", "--bridge-port", "0"];
    let run = stage.sandbox.loom(&up);
    if is_orphaned {
        assert_ne!(run.exit(), 0, "{point}");
        stage.sandbox.loom(&["restart"]).ok();
    } else {
        run.ok();
    }
    let after = stage.instance();
    assert!(after["state"] == "ready" && answers(&after), "{point}: {after}");
    assert_eq!(stage.sandbox.servers().len(), 1, "{point}");
    assert_eq!(generation(stage), after["version"], "{point}");
    stage.sandbox.loom(&["down"]).ok();
    assert_eq!(stage.instance(), Value::Null, "{point}");
    assert!(stage.sandbox.servers().is_empty(), "{point}");
}

/// Kills the supervisor at the `number`-th call of these that it makes during an update. Whether it made that many.
fn is_killed_at(calls: &str, number: usize) -> bool {
    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    let supervisor = &before["supervisor_pid"];
    let following = stage.sandbox.kill_at(supervisor, calls, number);
    stage.add("0.2.1", &server("0.2.1", ""));
    let is_complete = |stage: &UpdateStage| {
        has(stage, "switched") && stage.sandbox.process_with("__check-update").is_null()
    };
    until("the update ends", || !runs(supervisor) || is_complete(&stage));
    drop(following);
    let is_killed = !runs(supervisor);
    if is_killed {
        assert_survives(&stage, &format!("{calls} {number}"));
    }
    stage.sandbox.loom(&["down"]).ok();
    is_killed
}

/// Kills the supervisor at each of these calls, each time in a sandbox of its own; returns how often.
fn killed_at_all(calls: &str) -> usize {
    let (next, killed) = (AtomicUsize::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                while let number @ 1..=MOST = next.fetch_add(1, Ordering::Relaxed) {
                    if is_killed_at(calls, number) {
                        killed.fetch_add(1, Ordering::Relaxed);
                    } else {
                        next.store(MOST + 1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let killed = killed.load(Ordering::Relaxed);
    eprintln!("{calls}: killed at {killed} steps of an update");
    killed
}

#[test]
fn a_supervisor_may_be_killed_at_each_file_that_it_replaces() {
    assert!(killed_at_all("rename,renameat,renameat2") > 5);
}

#[test]
fn a_supervisor_may_be_killed_at_each_file_that_it_removes() {
    assert!(killed_at_all("unlink,unlinkat") > 1);
}

#[test]
fn a_supervisor_may_be_killed_at_each_process_that_it_starts_or_ends() {
    assert!(killed_at_all("vfork,clone,clone3") > 2);
    assert!(killed_at_all("kill") > 1);
}

#[test]
fn a_helper_process_may_be_killed_at_any_time() {
    for event in ["checked", "acquired", "proved", "started"] {
        let slow = "if [ -n \"$LOOM_LISTEN_FDS\" ]; then sleep 1; fi";
        let mut stage = UpdateStage::new(AUTO);
        let before = stage.up();
        stage.add("0.2.1", &server("0.2.1", slow));
        until(event, || match event {
            "started" => !runs(&before["pid"]),
            event => has(&stage, event),
        });
        let helper = stage.sandbox.process_with("__check-update");
        if !helper.is_null() {
            kill(&helper);
        }
        let after = stage.until_runs("0.2.1");
        assert_eq!(after["supervisor_pid"], before["supervisor_pid"], "{event}");
        stage.until_noted("switched", "0.2.1");
        until("the generation is noted", || generation(&stage) == "0.2.1");
        assert_eq!(stage.sandbox.loom(&["rollback"]).ok().stdout(), "0.2.0\n", "{event}");
        assert_eq!(generation(&stage), "0.2.0", "{event}: it is not noted again");
        stage.sandbox.loom(&["down"]).ok();
    }
}

#[test]
fn a_server_that_was_only_tried_keeps_its_tree_and_ends_with_the_next_command() {
    for command in ["status", "up", "down", "doctor", "remove"] {
        let mut stage = UpdateStage::new(AUTO);
        let before = stage.up();
        stage.add("0.2.1", b"#!/bin/sh\n# LOOM_READY_FILE\necho $$\nsleep 600\n");
        let log = Path::new(before["log"].as_str().unwrap()).with_file_name("proof.log");
        until("it is being tried", || {
            fs::read_to_string(&log).is_ok_and(|log| log.ends_with('\n'))
        });
        let tried: Value = fs::read_to_string(&log).unwrap().trim().parse().unwrap();
        kill(&before["supervisor_pid"]);
        until("the helper has ended", || stage.sandbox.process_with("__check-update").is_null());
        // Its tree is kept as long as it runs, and the other one too.
        let tree = stage.sandbox.loom(&["which", "0.2.1", "--json"]).ok().json()["tree"].clone();
        let lease = stage.sandbox.cache().join("leases").join(tree.as_str().unwrap());
        let is_kept = || fs::File::open(&lease).unwrap().try_lock().is_err();
        assert!(is_kept() && runs(&tried), "{command}");
        match command {
            "remove" => stage.sandbox.loom(&["remove", "0.2.1"]).ok(),
            _ => stage.sandbox.loom(&[command]),
        };
        until("it has ended", || !runs(&tried));
        assert!(!is_kept(), "{command}");
        assert_eq!(runs(&before["pid"]), command != "down", "{command}");
        let why = stage.sandbox.loom(&["why"]).ok().stdout();
        assert!(why.contains("killed while 0.2.1 was tried on free ports"), "{command}: {why}");
        stage.sandbox.loom(&["remove", "0.2.1"]).code(if command == "remove" { 3 } else { 0 });
        stage.sandbox.loom(&["down"]).ok();
        assert!(stage.sandbox.servers().is_empty(), "{command}");
    }
}

#[test]
fn a_server_that_starts_in_place_when_its_supervisor_is_killed_is_found_and_ended() {
    let slow = "if [ -n \"$LOOM_LISTEN_FDS\" ]; then sleep 5; fi";
    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    stage.add("0.2.1", &server("0.2.1", slow));
    until("the new one is started", || {
        let instance = stage.instance();
        instance["version"] == "0.2.1" && instance["pid"].is_u64()
    });
    kill(&before["supervisor_pid"]);
    let orphan = stage.instance();
    assert_eq!((&orphan["state"], &orphan["version"]), (&"orphaned".into(), &"0.2.1".into()));
    let why = || stage.sandbox.loom(&["why", "0.2.1"]).ok().stdout();
    assert!(why().contains("the supervisor was killed while 0.2.1 started"), "{}", why());
    assert_eq!(generation(&stage), "0.2.0", "it was never ready");
    assert_eq!(orphan["bridge"], Value::Null);
    stage
        .sandbox
        .loom(&["env"])
        .code(1)
        .says(&["0.2.1 is not ready: it is orphaned", "loom restart"]);
    // It becomes ready all the same.
    until("it is ready", || stage.instance()["bridge"] == before["bridge"]);
    assert!(answers(&before));
    let env = stage.sandbox.loom(&["env", "--json"]).ok().json();
    assert_eq!(env["env"]["LOOM_BRIDGE_ADDR"], before["bridge"]["address"]);
    assert!(why().contains("it became ready without a supervisor"), "{}", why());
    assert_eq!(generation(&stage), "0.2.1");
    let noted = stage.updates();
    let interrupted = noted.iter().filter(|entry| entry["event"] == "interrupted");
    assert_eq!(interrupted.count(), 1, "{noted:?}");
    stage.sandbox.loom(&["down"]).ok();
    assert!(!runs(&orphan["pid"]) && stage.sandbox.servers().is_empty());
}

#[test]
fn a_server_that_is_ready_before_its_supervisor_knows_it_is_a_generation() {
    let mut stage = UpdateStage::new(AUTO);
    let before = stage.up();
    stage.add("0.2.1", &server("0.2.1", "if [ -n \"$LOOM_LISTEN_FDS\" ]; then sleep 2; fi"));
    until("the new one is started", || {
        let instance = stage.instance();
        instance["version"] == "0.2.1" && instance["pid"].is_u64()
    });
    kill(&before["supervisor_pid"]);
    // No command looks at it until it is ready.
    let ready = Path::new(before["log"].as_str().unwrap()).with_file_name("ready.json");
    until("it is ready", || ready.exists());
    assert_eq!(generation(&stage), "0.2.1");
    let events: Vec<Value> = stage.updates().iter().map(|entry| entry["event"].clone()).collect();
    assert!(!events.contains(&"interrupted".into()), "{events:?}");
    let orphan = stage.instance();
    assert_eq!((&orphan["state"], &orphan["bridge"]), (&"orphaned".into(), &before["bridge"]));
    stage.sandbox.loom(&["down"]).ok();
}
