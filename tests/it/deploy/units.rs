//! Units run: a systemd that has booted starts them, and starts them again.

use std::{path::Path, process::Command};

use super::{demand, finished};
use crate::support::{Sandbox, SystemdMachine, node, program, until};

/// The token of a runtime.
const TOKEN: &str = "hush-0123456789abcdef";

/// Where the machine has the server, and Node's packages.
const SERVER: &str = "/opt/loom-bridge-server";
const NODE: &str = "/opt/node";

/// What the runtime logs once the MCP server has answered.
const OFFERS: &str = "MCP server offers tools server=\"files\"";

/// A project with an MCP server in JavaScript, whose runtime asks for a token.
const WITH_TOKEN: &str = r#"name = "demo"
[mcp.files]
command = "node"
args = ["/opt/node/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js", "/var/lib/demo"]
"#;

/// A runtime without a token, for its own user alone.
const FOR_ONE_USER: &str = "name = \"one\"
[bridge]
address = \"127.0.0.1:50052\"
[dashboard]
port = 3032
";

/// A runtime without a token, for its own user and root.
const FOR_ROOT_TOO: &str = "name = \"two\"
[bridge]
address = \"127.0.0.1:50053\"
allow_users = [0]
[dashboard]
port = 3033
";

/// A machine with the units of these projects.
fn boot(sandbox: &Sandbox, projects: &[(&str, &str)]) -> Option<SystemdMachine> {
    let (node, mut units) = (node::folder(), Vec::new());
    for (name, text) in projects {
        sandbox.write("loom.toml", text);
        let render = ["deploy", "render", "--target", "systemd", "--program", SERVER];
        sandbox.loom(&[&render[..], &["--to", name]].concat()).ok();
        let unit = format!("{name}.service");
        let file = sandbox.project().join(name).join(&unit);
        units.push((file, format!("/etc/systemd/system/{unit}")));
    }
    let secrets = [("demo", format!("LOOM_BRIDGE_TOKEN={TOKEN}\n")), ("one", String::new())];
    for (name, text) in secrets {
        sandbox.write(format!("secrets/{name}.env"), &text);
    }
    sandbox.write("secrets/two.env", "");
    let secrets = sandbox.project().join("secrets");
    let mut files: Vec<(&Path, &str)> =
        units.iter().map(|(file, inside)| (file.as_path(), inside.as_str())).collect();
    let server = program::server_path();
    files.extend([(&*secrets, "/etc/loom"), (&*node, NODE), (&*server, SERVER)]);
    SystemdMachine::boot(&files)
}

/// Waits until the runtime answers that it is healthy.
fn answers(machine: &SystemdMachine, address: &str) {
    until(&format!("the runtime at {address} answers"), || {
        let mut health = machine.command(SERVER);
        health.arg("--health").env("LOOM_BRIDGE_ADDR", address);
        finished(&mut health).0
    });
}

/// What a dashboard answers root: text and status.
fn asked(machine: &SystemdMachine, port: u16) -> String {
    let mut curl: Command = machine.command("curl");
    curl.args(["--silent", "--write-out", " %{http_code}"]);
    curl.arg(format!("http://127.0.0.1:{port}/api/metrics"));
    demand(curl)
}

#[test]
fn units_run_in_a_booted_systemd() {
    let sandbox = Sandbox::new();
    let projects = [("demo", WITH_TOKEN), ("one", FOR_ONE_USER), ("two", FOR_ROOT_TOO)];
    let Some(machine) = boot(&sandbox, &projects) else { return };
    for unit in ["demo", "one", "two"] {
        demand(machine.systemctl(&["start", unit]));
    }
    answers(&machine, "127.0.0.1:50051");
    let log = || demand(machine.systemctl(&["status", "--no-pager", "--lines=50", "demo"]));
    until("the MCP server offers its tools", || log().contains(OFFERS));
    let mut exposure = machine.command("systemd-analyze");
    exposure.args(["security", "--no-pager", "--threshold=15", "demo"]);
    demand(exposure);

    let killed = machine.property("demo", "MainPID");
    demand(machine.systemctl(&["kill", "--signal=KILL", "demo"]));
    until("the unit is started again", || machine.property("demo", "NRestarts") == "1");
    answers(&machine, "127.0.0.1:50051");
    assert_ne!(machine.property("demo", "MainPID"), killed);
    // The log is that of this run of the unit.
    until("the MCP server offers its tools again", || log().contains(OFFERS));

    answers(&machine, "127.0.0.1:50052");
    answers(&machine, "127.0.0.1:50053");
    let refused = asked(&machine, 3032);
    assert!(refused.contains("LOOM_ALLOW_USERS") && refused.ends_with(" 403"), "{refused}");
    let allowed = asked(&machine, 3033);
    assert!(allowed.ends_with(" 200"), "{allowed}");

    demand(machine.systemctl(&["stop", "demo"]));
    assert_eq!(machine.property("demo", "Result"), "success");
}
