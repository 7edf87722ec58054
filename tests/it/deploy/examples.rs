//! The files in `examples/deploy` do what they say, with images of this test in place of those of the internet.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};

use super::demand;
use crate::support::{
    BINARY, DockerDaemon, PodmanMachine, Sandbox, node, node_base, platform, program,
    server_release::{self, LOOM, VERSION},
    until,
};

const TOKEN: &str = "hush-0123456789abcdef";

/// A registry with the server and `loom`, and the image of `loom`.
fn published(sandbox: &Sandbox) -> (DockerRegistry, String) {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    server_release::pack(sandbox);
    server_release::pack_loom(sandbox);
    let to = format!("oci://{}/team", registry.address);
    server_release::publish_packed(sandbox, BINARY, &to);
    server_release::publish_packed(sandbox, LOOM, &to);
    let image = format!("{}/team/{LOOM}:{VERSION}", registry.address);
    (registry, image)
}

/// The text of an example.
fn example(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let folders = root.map(|folder| folder.join("examples/deploy"));
    let folder = folders.into_iter().find(|folder| folder.is_dir()).unwrap();
    fs::read_to_string(folder.join(name)).unwrap()
}

/// Whether the server in the machine answers on its port.
fn answers(machine: &PodmanMachine) -> bool {
    let mut health = machine.command(program::server_path());
    health.arg("--health").env("LOOM_BRIDGE_ADDR", "127.0.0.1:50051");
    health.output().unwrap().status.success()
}

/// A project whose lock names the release in the registry, with the examples.
fn project(sandbox: &Sandbox, registry: &DockerRegistry) {
    let source =
        format!("[[sources]]\ntype = \"oci\"\nurl = \"oci://{}/team\"\n", registry.address);
    sandbox.write("loom.toml", &format!("name = \"demo\"\n\n{source}"));
    sandbox.loom(&["trust"]).ok();
    sandbox.loom(&["lock"]).ok();
    for name in ["Dockerfile", "compose.yaml"] {
        sandbox.write(name, &example(name));
    }
}

#[test]
fn an_image_of_ones_own_is_built_and_started_with_its_mcp_server() {
    let Some(machine) = PodmanMachine::new() else { return };
    let sandbox = Sandbox::new();
    let (registry, loom) = published(&sandbox);
    project(&sandbox, &registry);
    demand(machine.pull(&loom));
    let base = node_base::write(&sandbox.folder("base"));
    let offline = ["--change", "ENV NPM_CONFIG_OFFLINE=true", "--change", "ENV PATH=/usr/bin:/bin"];
    let import = [&["import", "--quiet"], &offline[..], &[base.to_str().unwrap(), "base:1"]];
    demand(machine.rooted(&import.concat()));

    let file = sandbox.project().join("compose.yaml");
    let compose = |mut compose: std::process::Command, args: &[&str]| {
        compose.arg(node::python("podman-compose")).arg("--file").arg(&file).args(args);
        compose.env("LOOM_BRIDGE_TOKEN", TOKEN).env("LOOM", &loom).env("BASE", "base:1");
        compose.env("SERVERS", node_base::PACKAGE);
        demand(compose)
    };
    // What the build fetches is in the network of the tests; what runs has one of its own.
    let build = ["--podman-build-args=--network=host", "build"];
    compose(machine.outside(node::python("python")), &build);
    let up = ["up", "--detach", "--no-build"];
    compose(machine.command(node::python("python")), &up);
    until("the runtime answers", || answers(&machine));
    let name = "project_loom_1";
    let log = || demand(machine.podman(&["logs", name]));
    until("its MCP server offers tools", || log().contains("MCP server offers tools"));
    let facts = "{{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}} {{.Config.User}}";
    let facts = demand(machine.podman(&["inspect", "--format", facts, name]));
    assert!(facts.starts_with("true [] 65532"), "{facts}");
    demand(machine.podman(&["healthcheck", "run", name]));
    compose(machine.command(node::python("python")), &["down"]);
    assert!(!answers(&machine));
}

#[test]
fn docker_builds_and_runs_the_image_of_the_example() {
    let Some(docker) = DockerDaemon::start() else { return };
    let sandbox = Sandbox::new();
    let (registry, loom) = published(&sandbox);
    project(&sandbox, &registry);
    let base = node_base::write(&sandbox.folder("base"));
    let offline = ["--change", "ENV NPM_CONFIG_OFFLINE=true", "--change", "ENV PATH=/usr/bin:/bin"];
    let import = [&["import"], &offline[..], &[base.to_str().unwrap(), "base:1"]];
    demand(docker.docker(&import.concat()));

    let context = sandbox.folder("context");
    for name in ["Dockerfile", "loom.toml", "loom.lock"] {
        fs::copy(sandbox.project().join(name), context.join(name)).unwrap();
    }
    let packages = format!("SERVERS={}", node_base::PACKAGE);
    let loom = format!("LOOM={loom}");
    let arguments = [loom.as_str(), "BASE=base:1", &packages];
    let arguments: Vec<&str> = arguments.iter().flat_map(|one| ["--build-arg", one]).collect();
    let build = [&["build", "--network=host", "--tag", "own:1"], &arguments[..]].concat();
    demand(docker.docker(&[&build[..], &[context.to_str().unwrap()]].concat()));

    let servers =
        r#"LOOM_MCP_SERVERS={"files": {"command": "mcp-server-filesystem", "args": ["/tmp"]}}"#;
    let token = format!("LOOM_BRIDGE_TOKEN={TOKEN}");
    let hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop=all", "--network=none"];
    let run =
        [&["run", "--detach", "--name", "own", "--env", &token, "--env", servers], &hardened[..]];
    demand(docker.docker(&[&run.concat()[..], &["own:1"]].concat()));
    let log = || demand(docker.docker(&["logs", "own"]));
    until("its MCP server offers tools", || log().contains("MCP server offers tools"));
    demand(docker.docker(&["exec", "own", "/loom-bridge-server", "--health"]));
    let facts = "{{.Config.User}} {{.Config.Healthcheck.Test}} {{.Config.Entrypoint}}";
    let facts = demand(docker.docker(&["inspect", "--format", facts, "own"]));
    assert_eq!(
        facts.trim(),
        "65532:65532 [CMD /loom-bridge-server --health] [/loom-bridge-server]"
    );
    demand(docker.docker(&["stop", "own"]));
}

#[test]
fn a_pod_fetches_the_runtime_before_it_starts() {
    let Some(machine) = PodmanMachine::new() else { return };
    let sandbox = Sandbox::new();
    let (registry, loom) = published(&sandbox);
    demand(machine.pull(&loom));
    // Pods have the network of the machine, where the release comes from in this test: a layout in a folder.
    let (from, layout) = (format!("oci://{}/team", registry.address), "oci-layout:images");
    sandbox.loom(&["mirror", "sync", "--from", &from, "--to", layout]).ok();
    let images = sandbox.project().join("images");
    let pod = example("init-container.yaml");
    let mut changed = pod.clone();
    for (from, to) in [
        ("registry.example/loom/loom:0.2.0", loom.as_str()),
        ("oci://registry.example/loom", "oci-layout:/images"),
        ("linux-x86_64", &platform()),
        ("0.2.0", VERSION),
    ] {
        assert!(pod.contains(from), "no {from} in {pod}");
        changed = changed.replace(from, to);
    }
    let mounted = "          mountPath: /runtime\n";
    let layout = "        - name: images\n          mountPath: /images\n          readOnly: true\n";
    let volume =
        format!("    - name: images\n      hostPath:\n        path: {}\n", images.display());
    let (head, rest) = changed.split_once(mounted).unwrap();
    let file = sandbox.write("pod.yaml", &format!("{head}{mounted}{layout}{rest}{volume}"));
    let file = file.to_str().unwrap();
    let secret = format!("{{\"LOOM_BRIDGE_TOKEN\": \"{}\"}}", STANDARD.encode(TOKEN));
    let secret = sandbox.write("secret.json", &secret);
    demand(machine.podman(&["secret", "create", "loom-secrets", secret.to_str().unwrap()]));
    demand(machine.podman(&["play", "kube", file]));
    until("the runtime answers", || answers(&machine));
    demand(machine.podman(&["play", "kube", "--down", file]));
    assert!(!answers(&machine));
}
