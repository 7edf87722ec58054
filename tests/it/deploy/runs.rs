//! What is rendered runs: podman starts it from an image that `loom release publish` has pushed to a registry.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};

use super::{demand, finished};
use crate::support::{BINARY, PodmanMachine, Sandbox, node, program, server_release, until};

/// The token of the runtime.
const TOKEN: &str = "hush-0123456789abcdef";

/// The user of the image, and the one of the manifests.
const USER: &str = "65532";

/// Publishes the server to the registry; the image by its digest.
fn published(sandbox: &Sandbox, registry: &DockerRegistry) -> String {
    let digest = server_release::publish(sandbox, &format!("oci://{}/team", registry.address));
    format!("{}/team/{BINARY}@{digest}", registry.address)
}

/// Renders for a target into a folder of its name.
fn render(sandbox: &Sandbox, target: &str, image: &str) {
    let render = ["deploy", "render", "--target", target, "--to", target, "--image", image];
    sandbox.loom(&render).ok();
}

/// Whether the server in the machine answers on its port.
fn answers(machine: &PodmanMachine) -> bool {
    let mut health = machine.command(program::server_path());
    health.arg("--health").env("LOOM_BRIDGE_ADDR", "127.0.0.1:50051");
    finished(&mut health).0
}

/// Waits for the answer of the container, and looks at what it may do.
fn runs_hardened(machine: &PodmanMachine, container: &str) {
    until("the runtime answers", || answers(machine));
    let mut page = machine.command("curl");
    page.args(["--silent", "--show-error", "--fail", "http://127.0.0.1:3030/"]);
    demand(page);
    demand(machine.podman(&["exec", container, &format!("/{BINARY}"), "--health"]));
    let facts = "{{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}} {{.Config.User}}";
    let facts = demand(machine.podman(&["inspect", "--format", facts, container]));
    assert!(facts.starts_with(&format!("true [] {USER}")), "{facts}");
}

/// Nothing runs or answers any more.
fn is_gone(machine: &PodmanMachine) {
    assert!(!answers(machine));
    assert_eq!(demand(machine.podman(&["ps", "--all", "--quiet"])), "");
}

#[test]
fn manifests_and_compose_files_run_from_a_published_image() {
    let Some(machine) = PodmanMachine::new() else { return };
    let (sandbox, registry) = (Sandbox::new(), DockerRegistry::start(&RegistryAccess::Open));
    let image = published(&sandbox, &registry);
    sandbox.write("loom.toml", "name = \"demo\"\n");
    demand(machine.pull(&image));

    render(&sandbox, "kubernetes", &image);
    let mut kubectl = sandbox.command(node::python("kubectl"));
    kubectl.args(["kustomize", "kubernetes"]);
    let manifests = sandbox.write("manifests.yaml", &demand(kubectl));
    let manifests = manifests.to_str().unwrap();
    // The user creates the Secret: for podman, one in JSON.
    let secret = format!("{{\"LOOM_BRIDGE_TOKEN\": \"{}\"}}", STANDARD.encode(TOKEN));
    let secret = sandbox.write("secret.json", &secret);
    demand(machine.podman(&["secret", "create", "demo-secrets", secret.to_str().unwrap()]));
    demand(machine.podman(&["play", "kube", manifests]));
    runs_hardened(&machine, "demo-pod-0-loom");
    demand(machine.podman(&["play", "kube", "--down", manifests]));
    is_gone(&machine);

    render(&sandbox, "compose", &image);
    let file = sandbox.project().join("compose/compose.yaml");
    let compose = |args: &[&str]| {
        let mut compose = machine.command(node::python("python"));
        compose.arg(node::python("podman-compose")).arg("--file").arg(&file).args(args);
        compose.env("LOOM_BRIDGE_TOKEN", TOKEN);
        compose
    };
    demand(compose(&["up", "--detach"]));
    runs_hardened(&machine, "demo_demo_1");
    demand(compose(&["down"]));
    is_gone(&machine);
}
