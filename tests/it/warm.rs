//! The warm path: one link is read; no socket, no thread, no lock.

use crate::support::{Depot, Plain, Sandbox, Server, Trace};

const TRACE: &str = "trace=%network,clone,clone3,fork,vfork,flock,fcntl";

#[track_caller]
fn assert_warm(trace: &Trace) {
    assert!(trace.calls("socket").is_empty(), "{:#?}", trace.lines);
    assert!(trace.clones().is_empty(), "{:#?}", trace.lines);
    assert!(trace.locks().is_empty(), "{:#?}", trace.lines);
}

#[test]
fn which_and_get_of_a_version() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    sandbox.loom(&get).ok();
    for args in [&get[..], &["which", "--version", "0.2.0"], &["which"]] {
        let (run, trace) = sandbox.strace(&[TRACE], args);
        assert_eq!(run.ok().path(), sandbox.link("0.2.0"));
        assert_warm(&trace);
    }
}

#[test]
fn a_pinned_version_of_a_project() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.2.0"]).ok();
    sandbox.write("loom.toml", "[bridge]\nversion = \"0.2.0\"\n");
    for args in [&["which"][..], &["get"]] {
        let (run, trace) = sandbox.strace(&[TRACE], args);
        assert_eq!(run.ok().path(), sandbox.link("0.2.0"));
        assert_warm(&trace);
    }
}

#[test]
fn latest_while_the_list_is_fresh() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    let get = ["get", "--source", &server.url()];
    sandbox.loom(&get).ok();
    server.forget();
    let (run, trace) = sandbox.strace(&[TRACE], &get);
    assert_eq!(run.ok().path(), sandbox.link("0.2.0"));
    assert!(server.requests().is_empty());
    assert_warm(&trace);
}

#[test]
fn the_warm_path_writes_nothing() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    sandbox.loom(&get).ok();
    let (run, trace) = sandbox.strace(&["trace=openat,creat,mkdir,mkdirat,rename,renameat2"], &get);
    run.ok();
    let written: Vec<_> = trace
        .lines
        .iter()
        .filter(|line| !line.starts_with("openat") || line.contains("O_CREAT"))
        .collect();
    assert!(written.is_empty(), "{written:#?}");
}
