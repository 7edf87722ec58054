//! One tag, four readers: `loom`, Docker, podman and skopeo.

use std::process::Command;

use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};

use super::images::{copy, digest};
use crate::support::{BINARY, DockerDaemon, PodmanMachine, Sandbox, server_release, until};

/// The token of the server, which listens on all addresses of its container and starts only with one.
const TOKEN: &str = "LOOM_BRIDGE_TOKEN=hush-0123456789abcdef";

/// Runs the program of another; it must succeed. Returns what it prints.
#[track_caller]
pub(super) fn demand(mut command: Command) -> String {
    let output = command.output();
    let output = output
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask test` installs it"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {printed}{complaint}");
    printed
}

/// Pulls the image, whose tag names the index with this digest, and runs it.
#[track_caller]
fn runs(engine: &dyn Fn(&[&str]) -> Command, pull: &[&str], image: &str, index: &str) {
    demand(engine(&[pull, &[image]].concat()));
    let digests = demand(engine(&["image", "inspect", "--format", "{{.RepoDigests}}", image]));
    assert!(digests.contains(index), "{digests}");
    serves(engine, image);
}

/// Runs the image as hardened as can be, and asks it whether it serves.
#[track_caller]
pub(super) fn serves(engine: &dyn Fn(&[&str]) -> Command, image: &str) {
    let hardened = ["--network=none", "--read-only", "--cap-drop=all"];
    let run = [&["run", "--detach", "--name", "server", "-e", TOKEN][..], &hardened, &[image]];
    demand(engine(&run.concat()));
    let program = format!("/{BINARY}");
    until("the server in the container serves", || {
        let health = engine(&["exec", "server", &program, "--health"]).output().unwrap();
        let running = engine(&["inspect", "--format", "{{.State.Running}}", "server"]);
        if demand(running).trim() != "true" {
            panic!("it ended: {:?}", engine(&["logs", "server"]).output());
        }
        health.status.success()
    });
    demand(engine(&["stop", "server"]));
    // It was asked to end, and did.
    let ended =
        demand(engine(&["inspect", "--format", "{{.State.ExitCode}} {{.Config.User}}", "server"]));
    assert_eq!(ended.trim(), "0 65532:65532");
    // There is no shell.
    let mut shell = engine(&["run", "--rm", "--network=none", "--entrypoint=/bin/sh", image]);
    assert!(!shell.output().unwrap().status.success());
}

#[test]
fn one_tag_is_read_by_loom_docker_podman_and_skopeo() {
    let (Some(docker), Some(podman)) = (DockerDaemon::start(), PodmanMachine::new()) else {
        return;
    };
    let registry = || DockerRegistry::start(&RegistryAccess::Open);
    let (sandbox, first, second) = (Sandbox::new(), registry(), registry());
    let index = server_release::publish(&sandbox, &format!("oci://{}/loom", first.address));
    let version = server_release::VERSION;
    let tag = |registry: &DockerRegistry| format!("{}/loom/{BINARY}:{version}", registry.address);

    // skopeo takes it through a folder into another registry, byte for byte.
    let [here, there] = [&first, &second].map(|registry| format!("docker://{}", tag(registry)));
    copy(&sandbox, &here, "dir:folder");
    copy(&sandbox, "dir:folder", &there);
    assert_eq!([digest(&sandbox, &here), digest(&sandbox, &there)], [index.clone(), index.clone()]);

    for registry in [&first, &second] {
        let source = format!("oci://{}/loom/{BINARY}", registry.address);
        let user = Sandbox::new();
        user.loom(&["get", version, "--source", &source]).ok();
        assert!(user.link(version).exists());
    }

    // The engines read what skopeo wrote.
    let image = tag(&second);
    runs(&|args| docker.docker(args), &["pull", "--quiet"], &image, &index);
    let pull = ["pull", "--quiet", "--tls-verify=false"];
    runs(&|args| podman.rootless(args), &pull, &image, &index);
    runs(&|args| podman.rooted(args), &pull, &image, &index);
}
