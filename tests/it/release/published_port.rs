//! `docker run -e LOOM_BRIDGE_TOKEN -p 50051:50051`: the published image with the defaults of Docker.

use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};

use super::readers::demand;
use crate::support::{
    BINARY, DockerDaemon, Sandbox, program,
    server_release::{self, VERSION},
    until,
};

#[test]
fn the_server_answers_on_the_port_that_docker_publishes() {
    let Some(docker) = DockerDaemon::with_bridge() else { return };
    let (owner, registry) = (Sandbox::new(), DockerRegistry::start(&RegistryAccess::Open));
    let url = format!("oci://{}/loom", registry.address);
    server_release::publish(&owner, &url);
    // The daemon has a network of its own: the image comes in a file.
    let bundle = ["mirror", "bundle", "--from", &url, "--version", VERSION];
    owner.loom(&[&bundle[..], &["--format", "docker-archive", "--to", "image.tar"]].concat()).ok();
    let file = owner.project().join("image.tar");
    demand(docker.docker(&["load", "--input", file.to_str().unwrap()]));

    let image = format!("{BINARY}:{VERSION}");
    let docker_run = ["run", "--detach", "--name", "server", "-e", "LOOM_BRIDGE_TOKEN"];
    // How the image is asked for its health is said by the image; only how often is changed.
    let publish = ["-p", "50051:50051", "--health-interval=200ms", &image];
    let mut run = docker.docker(&[&docker_run[..], &publish].concat());
    run.env("LOOM_BRIDGE_TOKEN", "hush-0123456789abcdef");
    demand(run);
    let address =
        demand(docker.docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", "server"]));
    assert_ne!(address.trim(), "", "it is on the bridge");
    let asked = |address: &str| {
        let mut health = docker.command(program::server_path());
        health.arg("--health").env("LOOM_BRIDGE_ADDR", address);
        health.output().unwrap().status.success()
    };
    until("the server answers on the published port", || asked("127.0.0.1:50051"));
    assert!(asked(&format!("{}:50051", address.trim())));
    let health = ["inspect", "--format", "{{.State.Health.Status}}", "server"];
    until("Docker finds it healthy", || demand(docker.docker(&health)).trim() == "healthy");

    demand(docker.docker(&["stop", "server"]));
    assert!(!asked("127.0.0.1:50051"));
    let ended = demand(docker.docker(&["inspect", "--format", "{{.State.ExitCode}}", "server"]));
    assert_eq!(ended.trim(), "0");
    // Without a token it does not listen on all addresses.
    let open = demand(docker.docker(&["run", "--detach", "-p", "50051:50051", &image]));
    until("it ends", || {
        let state = ["inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", open.trim()];
        demand(docker.docker(&state)).trim() == "exited 2"
    });
}
