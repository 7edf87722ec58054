//! What is rendered runs: podman starts it from an image that `loom release publish` has pushed to a registry.

use std::{path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};
use serde_json::{Value, json};

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

/// The manifests in one file, with the token as podman's Secret.
fn manifests(sandbox: &Sandbox, machine: &PodmanMachine, image: &str) -> String {
    render(sandbox, "kubernetes", image);
    let mut kubectl = sandbox.command(node::python("kubectl"));
    kubectl.args(["kustomize", "kubernetes"]);
    let manifests = sandbox.write("manifests.yaml", &demand(kubectl));
    // podman reads variables from the data of a Secret, and files from the whole object.
    secret(sandbox, machine, "demo-secrets", &json!({"LOOM_BRIDGE_TOKEN": STANDARD.encode(TOKEN)}));
    manifests.to_str().unwrap().to_owned()
}

/// The user creates Secrets: for podman, in JSON.
fn secret(sandbox: &Sandbox, machine: &PodmanMachine, name: &str, secret: &Value) {
    let file = sandbox.write(format!("{name}.json"), &secret.to_string());
    demand(machine.podman(&["secret", "create", name, file.to_str().unwrap()]));
}

/// podman-compose with the rendered file.
fn compose(sandbox: &Sandbox, machine: &PodmanMachine, args: &[&str]) -> Command {
    let mut compose = machine.command(node::python("python"));
    compose.arg(node::python("podman-compose")).arg("--file");
    compose.arg(sandbox.project().join("compose/compose.yaml")).args(args);
    compose.env("LOOM_BRIDGE_TOKEN", TOKEN);
    compose
}

#[test]
fn manifests_and_compose_files_run_from_a_published_image() {
    let Some(machine) = PodmanMachine::new() else { return };
    let (sandbox, registry) = (Sandbox::new(), DockerRegistry::start(&RegistryAccess::Open));
    let image = published(&sandbox, &registry);
    sandbox.write("loom.toml", "name = \"demo\"\n");
    demand(machine.pull(&image));

    let manifests = manifests(&sandbox, &machine, &image);
    demand(machine.podman(&["play", "kube", &manifests]));
    runs_hardened(&machine, "demo-pod-0-loom");
    demand(machine.podman(&["play", "kube", "--down", &manifests]));
    is_gone(&machine);

    render(&sandbox, "compose", &image);
    demand(compose(&sandbox, &machine, &["up", "--detach"]));
    runs_hardened(&machine, "demo_demo_1");
    demand(compose(&sandbox, &machine, &["down"]));
    is_gone(&machine);
}

/// Waits until the bridge shows the certificate.
fn serves_tls(machine: &PodmanMachine, container: &str, certificate: &Path) {
    runs_hardened(machine, container);
    let mut openssl = machine.command("openssl");
    openssl.args(["s_client", "-connect", "127.0.0.1:50051", "-verify_return_error", "-CAfile"]);
    openssl.arg(certificate);
    let (succeeded, printed) = finished(&mut openssl);
    assert!(succeeded && printed.contains("Verify return code: 0 (ok)"), "{printed}");
}

#[test]
fn deployments_with_a_certificate_serve_it() {
    let Some(machine) = PodmanMachine::new() else { return };
    let (sandbox, registry) = (Sandbox::new(), DockerRegistry::start(&RegistryAccess::Open));
    let image = published(&sandbox, &registry);
    sandbox.write("loom.toml", "name = \"demo\"\n[deploy]\ntls = true\n");
    demand(machine.pull(&image));
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());

    let manifests = manifests(&sandbox, &machine, &image);
    // This podman writes the data into files as it is, and does not decode it.
    let data = json!({"data": {"tls.crt": &certificate, "tls.key": &key}});
    secret(&sandbox, &machine, "demo-tls", &data);
    let file = sandbox.write("compose/tls/tls.crt", &certificate);
    demand(machine.podman(&["play", "kube", &manifests]));
    serves_tls(&machine, "demo-pod-0-loom", &file);
    demand(machine.podman(&["play", "kube", "--down", &manifests]));
    is_gone(&machine);

    render(&sandbox, "compose", &image);
    let key = sandbox.write("compose/tls/tls.key", &key);
    // What the README of a deployment asks for: the user of the image reads the key.
    let user = USER.parse().ok();
    std::os::unix::fs::chown(key, user, user).unwrap();
    demand(compose(&sandbox, &machine, &["up", "--detach"]));
    serves_tls(&machine, "demo_demo_1", &file);
    demand(compose(&sandbox, &machine, &["down"]));
    is_gone(&machine);
}
