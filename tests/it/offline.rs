//! `--offline`: no connection except to loopback.

use crate::support::{self, Plain, Run, Sandbox, Server, Trace};

/// Runs `loom` without any network, not even loopback.
fn loom_without_network(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--net", "--"]).arg(Sandbox::program()).args(args);
    sandbox.start(args, command).wait()
}

/// Runs `loom` in a network namespace with only the interface `lo`.
fn loom_with_loopback_only(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--net", "--", "sh", "-c"]);
    command.args(["ip link set lo up && exec \"$0\" \"$@\""]).arg(Sandbox::program()).args(args);
    sandbox.start(args, command).wait()
}

/// Configures a remote source of every kind.
fn configure_remote(sandbox: &Sandbox) {
    let config = "[[sources]]\ntype = \"github\"\nrepo = \"loom-os/loom\"\n\n\
        [[sources]]\ntype = \"mirror\"\nurl = \"https://mirror.invalid/loom\"\nrace = true\n\n\
        [[sources]]\ntype = \"mirror\"\nurl = \"http://192.0.2.1/loom\"\nallow_http = true\n\n\
        [[sources]]\ntype = \"mirror\"\nurl = \"s3://bucket/loom\"\n";
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), config);
}

/// Offline no login is needed but that of a server on this machine.
#[test]
fn a_netrc_is_read_only_where_a_login_is_needed() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
    sandbox.loom(&["get", "0.1.0", "--source", &mirror.url()]).ok();
    sandbox.write(sandbox.home().join(".netrc"), "no login\n");
    configure_remote(&sandbox);
    let get = ["get", "0.1", "--offline"];
    sandbox.loom(&get).ok().never_says(&[".netrc"]);
    let server = Server::serve(mirror.path());
    sandbox.loom(&[&get[..], &["--source", &server.url()]].concat()).ok().says(&[".netrc"]);
}

/// Commands without a network, and their exit codes.
const OFFLINE: [(&[&str], i32); 9] = [
    (&["get", "--offline"], 0),
    (&["get", "--offline", "--version", "0.1"], 0),
    (&["get", "--offline", "--version", "0.1.0"], 0),
    (&["get", "--offline", "--version", "0.9.0"], 7),
    (&["get", "--offline", "--version", ">=0.9"], 7),
    (&["which", "--offline"], 0),
    (&["list", "--offline", "--remote"], 7),
    (&["why", "--offline"], 0),
    (&["why", "--offline", "0.9.0"], 0),
];

/// The calls that reach beyond loopback, and those that resolve names.
fn beyond(trace: &Trace) -> Vec<&str> {
    let reaches = |line: &&str| {
        let calls = ["connect(", "sendto(", "sendmsg(", "sendmmsg("];
        let inet = line.contains("AF_INET") && !line.contains("127.0.0.1") && !line.contains("::1");
        calls.iter().any(|call| line.starts_with(call)) && inet
    };
    let resolves = |line: &&str| line.contains("AF_NETLINK") || line.contains("/nscd/");
    let lines = trace.lines.iter().map(String::as_str);
    lines.filter(|line| reaches(line) || resolves(line)).collect()
}

#[test]
fn with_remote_sources_no_packet_leaves_this_machine() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
    sandbox.loom(&["get", "--version", "0.1.0", "--source", &mirror.url()]).ok();
    configure_remote(&sandbox);
    for (args, code) in OFFLINE {
        loom_with_loopback_only(&sandbox, args).code(code);
        let (run, trace) = sandbox.strace(&["trace=%network"], args);
        run.code(code);
        let sockets = trace.calls("socket");
        assert!(!sockets.iter().any(|call| call.contains("AF_INET")), "{args:?}: {sockets:#?}");
        assert_eq!(beyond(&trace), Vec::<&str>::new(), "{args:?}");
    }
}

#[test]
fn a_runtime_starts_offline() {
    let stage = support::Stage::new();
    let get = ["get", "--version", "0.2.0", "--source", &stage.mirror.url()];
    stage.sandbox.loom(&get).ok();
    configure_remote(&stage.sandbox);
    let exec = ["exec", "--offline", "--mode", "bridge-only", "--", "true"];
    loom_with_loopback_only(&stage.sandbox, &exec).ok();
    let (run, trace) = stage.sandbox.strace(&["trace=%network"], &exec);
    run.ok();
    assert!(!trace.lines.is_empty(), "a server has a socket");
    assert_eq!(beyond(&trace), Vec::<&str>::new());
}

#[test]
fn installed_versions_and_folders_need_no_network() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "latest"] {
        let args = ["get", "--offline", "--source", &mirror.url(), "--version", version];
        loom_without_network(&sandbox, &args).ok();
    }
    loom_without_network(&sandbox, &["get", "--version", "0.2.0"]).ok();
    loom_without_network(&sandbox, &["which"]).ok();
    loom_without_network(&sandbox, &["list"]).ok();
    loom_without_network(&sandbox, &["store", "verify"]).ok();
}

#[test]
fn a_remote_source_is_exit_7_without_a_socket() {
    let sandbox = Sandbox::new();
    let get = ["get", "--offline", "--version", "0.2.0", "--source", "https://mirror.invalid/x"];
    let (run, trace) = sandbox.strace(&["trace=%network"], &get);
    run.code(7).says(&["offline"]);
    let beyond: Vec<_> = trace.lines.iter().filter(|l| l.contains("AF_INET")).collect();
    assert!(beyond.is_empty(), "{beyond:#?}");
}

#[test]
fn loom_offline_is_the_same_as_the_option() {
    let mut sandbox = Sandbox::new();
    sandbox.set("LOOM_OFFLINE", "1");
    let get = ["get", "--version", "0.2.0", "--source", "https://mirror.invalid/x"];
    sandbox.loom(&get).code(7);
}

#[test]
fn loopback_is_allowed() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "--offline", "--version", "0.2.0", "--source", &server.url()];
    sandbox.loom(&get).ok();
}

#[test]
fn latest_falls_back_to_the_newest_installed_version() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    let get = ["get", "--offline", "--source", "https://mirror.invalid/x"];
    let run = sandbox.loom(&get).ok();
    assert_eq!(run.path(), sandbox.link("0.1.0"));
}

#[test]
fn what_only_serves_the_network_is_not_read() {
    let mut sandbox = Sandbox::new();
    let source = "[[sources]]\ntype = \"mirror\"\nurl = \"https://mirror.invalid/x\"\n";
    let config = sandbox.home().join(".config/loom/config.toml");
    let get = |sandbox: &Sandbox, option: &[&str]| {
        sandbox.loom(&[&["get", "0.2.0"][..], option].concat())
    };
    sandbox.write(&config, &format!("{source}ca = \"/missing/ca.pem\"\n"));
    get(&sandbox, &["--offline"]).code(7).never_says(&["ca.pem"]);
    get(&sandbox, &[]).code(2).says(&["ca.pem"]);
    sandbox.write(&config, source);
    sandbox.set("SSL_CERT_FILE", "/missing/all.pem").set("HTTPS_PROXY", "ftp://proxy.invalid");
    get(&sandbox, &["--offline"]).code(7).never_says(&["all.pem", "proxy.invalid"]);
    get(&sandbox, &[]).code(2);
}
