//! Paths that are not UTF-8: no command aborts, and a path that is the answer is printed in exactly its bytes.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
};

use crate::support::{BINARY, Packing, Run, Stage};

/// A stage whose home and project are in a folder with such a name, with a project to trust.
fn stage() -> (Stage, PathBuf) {
    let mut stage = Stage::new();
    let folder = stage.sandbox.root().join(OsStr::from_bytes(b"caf\xe9"));
    let project = folder.join("project");
    fs::create_dir_all(&project).unwrap();
    stage.sandbox.set("HOME", &folder);
    (stage, project)
}

fn answer(run: &Run) -> PathBuf {
    let bytes = run.output.stdout.strip_suffix(b"\n").unwrap().to_vec();
    std::ffi::OsString::from_vec(bytes).into()
}

#[test]
fn no_command_aborts() {
    let (stage, project) = stage();
    let sandbox = &stage.sandbox;
    let url = stage.mirror.url();
    let program = stage.mirror.asset("0.2.0", Packing::Bare);
    let program = program.to_str().unwrap();
    for args in [
        &["init"][..],
        &["trust"],
        &["trust", "--list"],
        &["trust", "--revoke"],
        &["get", "--source", &url, "0.2.0"],
        &["which", "0.2.0"],
        &["list"],
        &["why", "0.2.0"],
        &["store", "path"],
        &["store", "path", "--version", "0.2.0"],
        &["store", "verify"],
        &["store", "du"],
        &["store", "add", program, "--version", "0.3.0", "--allow-unverified"],
        &["config", "show"],
        &["config", "path"],
        &["config", "check"],
        &["config", "set", "dashboard.port", "4141"],
        &["config", "get", "dashboard.port"],
        &["source", "list"],
        &["source", "test", "--offline"],
        &["doctor", "--offline"],
        &["status"],
        &["logs"],
        &["use", "0.2.0"],
        &["remove", "0.3.0"],
        &["man", "get"],
    ] {
        for json in [&[][..], &["--json"]] {
            let args = [args, json].concat();
            let run = sandbox.loom_in(&project, &args);
            assert!(run.exit() < 100, "{args:?}: {:?}", run.output);
            let stderr = String::from_utf8_lossy(&run.output.stderr);
            assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
        }
    }
}

#[test]
fn a_path_is_printed_in_exactly_its_bytes() {
    let (stage, project) = stage();
    let sandbox = &stage.sandbox;
    let url = stage.mirror.url();
    let link = answer(&sandbox.loom_in(&project, &["get", "--source", &url, "0.2.0"]).ok());
    assert!(link.exists() && link.ends_with(BINARY), "{link:?}");
    assert_eq!(answer(&sandbox.loom_in(&project, &["which", "0.2.0"]).ok()), link);
    assert_eq!(answer(&sandbox.loom_in(&project, &["init"]).ok()), project.join("loom.toml"));
    let document = sandbox.loom_in(&project, &["which", "0.2.0", "--json"]).ok().json();
    assert!(document["path"].as_str().unwrap().contains("caf\u{fffd}"), "{document}");
}

#[test]
fn a_runtime_runs_there() {
    let (stage, project) = stage();
    let sandbox = &stage.sandbox;
    fs::write(project.join("loom.toml"), "[agents.a]\nx = 1\n[mcp.x]\ncommand = \"cat\"\n")
        .unwrap();
    let args = stage.args("up", &["--detach", "--json"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    sandbox.loom_in(&project, &args).code(2);
    sandbox.loom_in(&project, &["trust"]).ok();
    let document = sandbox.loom_in(&project, &args).ok().json();
    let cwd = fs::read_link(format!("/proc/{}/cwd", document["pid"])).unwrap();
    assert_eq!(cwd, project);
    let logs = sandbox.loom_in(&project, &["logs", "--json"]).ok().json();
    assert!(logs["lines"].as_array().is_some_and(|lines| !lines.is_empty()), "{logs}");
    sandbox.loom_in(&project, &["restart"]).ok();
    let status = sandbox.loom_in(&project, &["status", "--json"]).ok().json();
    assert_eq!(status["instances"].as_array().unwrap().len(), 1);
    sandbox.loom_in(&project, &["down"]).ok();
}
