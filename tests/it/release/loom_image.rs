//! The image of the program `loom` itself, for CI and for containers that fetch the runtime before others start.

use std::fs;

use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};
use serde_json::{Value, json};

use super::{readers::demand, tool};
use crate::support::{
    BINARY, DockerDaemon, PodmanMachine, Sandbox, platform,
    server_release::{self, LOOM, VERSION},
    signer::{required, trust},
    until,
};

/// Where the volume with store and state is, in all containers.
const VOLUME: &str = "runtime:/runtime:U";

/// The folders of `loom` in the volume.
const FOLDERS: [&str; 4] =
    ["-e", "LOOM_CACHE_DIR=/runtime/store", "-e", "LOOM_STATE_DIR=/runtime/state"];

/// What no container of the tests gets.
const HARDENED: [&str; 3] = ["--rm", "--read-only", "--cap-drop=all"];

/// A registry with the images of both binaries, and the image of `loom`.
fn published() -> (Sandbox, DockerRegistry, String) {
    let (sandbox, registry) = (Sandbox::new(), DockerRegistry::start(&RegistryAccess::Open));
    server_release::pack(&sandbox);
    server_release::pack_loom(&sandbox);
    let to = format!("oci://{}/team", registry.address);
    server_release::publish_packed(&sandbox, BINARY, &to);
    let (run, digest) = server_release::publish_packed(&sandbox, LOOM, &to);
    assert_eq!(run.json()["url"], format!("{to}/{LOOM}:{VERSION}"));
    // A development build is larger than a release may be.
    run.says(&["MB, compressed", "one of loom is to have 13 MB at most"]);
    let image = format!("{}/team/{LOOM}@{digest}", registry.address);
    (sandbox, registry, image)
}

#[test]
fn loom_is_packed_signed_published_and_checked_like_the_server() {
    let sandbox = Sandbox::new();
    // Both binaries of a version are in one folder, with one list of checksums.
    server_release::pack(&sandbox);
    server_release::pack_loom(&sandbox);
    let dist = sandbox.project().join("dist");
    let asset = format!("{LOOM}-{VERSION}-{}.tar.gz", platform());
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).unwrap();
    assert!(sums.contains(&asset) && sums.contains(&format!("{BINARY}-{VERSION}")), "{sums}");
    let new = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let project = sandbox.project();
    tool(&sandbox, &project, &[&new[..], &["-out", "cosign.key"]].concat());
    let key = tool(&sandbox, &project, &["openssl", "pkey", "-in", "cosign.key", "-pubout"]);
    sandbox.write("cosign.pub", &key);
    sandbox.loom(&["release", "sign", "dist", "--binary", LOOM, "--cosign", "cosign.key"]).ok();

    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let to = format!("oci://{}/team", registry.address);
    server_release::publish_packed(&sandbox, LOOM, &to);
    let check = ["release", "check", &to, VERSION, "--binary", LOOM, "--key", "cosign.pub"];
    sandbox.loom(&[&check[..], &["--platform", &platform()]].concat()).ok();

    let image = format!("docker://{}/team/{LOOM}:{VERSION}", registry.address);
    let inspect = ["skopeo", "inspect", "--config", "--tls-verify=false", &image];
    let config: Value =
        serde_json::from_str(&tool(&sandbox, &sandbox.project(), &inspect)).unwrap();
    let config = config["config"].as_object().unwrap();
    assert_eq!(config["Entrypoint"], json!(["/loom"]));
    assert_eq!(
        (&config["User"], &config["StopSignal"]),
        (&"65532:65532".into(), &"SIGTERM".into())
    );
    let labels = json!({
        "org.opencontainers.image.title": LOOM, "org.opencontainers.image.version": VERSION,
    });
    assert_eq!(config["Labels"], labels);
    for of_server in ["ExposedPorts", "Healthcheck", "Env"] {
        assert!(!config.contains_key(of_server), "{config:?}");
    }

    // A user updates by it.
    let user = Sandbox::new();
    trust(&user, &to, &required(&[&key]));
    let get = ["get", VERSION, "--binary", LOOM];
    assert!(user.loom(&get).ok().stdout().ends_with("/loom\n"));
}

#[test]
fn a_container_of_loom_fetches_the_runtime_for_others() {
    let (Some(podman), Some(docker)) = (PodmanMachine::new(), DockerDaemon::start()) else {
        return;
    };
    let (_sandbox, registry, image) = published();
    let source = format!("oci://{}/team", registry.address);
    demand(docker.docker(&["pull", "--quiet", &image]));
    let version = [&["run"][..], &HARDENED, &["--network=none", &image, "--version"]].concat();
    assert_eq!(demand(docker.docker(&version)), format!("{LOOM} {VERSION}\n"));

    // A volume of Docker at /tmp can be written, and needs no variables.
    let get = ["get", VERSION, "--source", &source];
    let fetch = [&["run"], &HARDENED[..], &["--network=host", "-v", "fetched:/tmp", &image], &get];
    let program = demand(docker.docker(&fetch.concat()));
    assert_eq!(program, format!("/tmp/.cache/loom/bin/{VERSION}/{}/{BINARY}\n", platform()));

    demand(podman.pull(&image));
    assert_eq!(demand(podman.rooted(&version)), format!("{LOOM} {VERSION}\n"));
    let run = |more: &[&str], args: &[&str]| {
        let volume = ["--volume", VOLUME];
        let all = [&["run"], &HARDENED[..], &FOLDERS, &volume, more, &[&image], args].concat();
        podman.rooted(&all)
    };
    let absent = run(&["--network=none"], &["which", VERSION]).output().unwrap();
    assert_eq!(absent.status.code(), Some(3), "{absent:?}");

    let program = demand(run(&["--network=host"], &get));
    let expected = format!("/runtime/store/bin/{VERSION}/{}/{BINARY}\n", platform());
    assert_eq!(program, expected);
    assert_eq!(demand(run(&["--network=none"], &["which", VERSION])), expected);

    // Another container has the volume, and the program in it as its first process.
    let program = program.trim();
    let entrypoint = ["--detach", "--name", "runtime", "--network=none", "--entrypoint", program];
    let token =
        ["-e", "LOOM_BRIDGE_TOKEN=hush-0123456789abcdef", "-e", "LOOM_BRIDGE_ADDR=0.0.0.0:50051"];
    demand(run(&[&entrypoint[..], &token].concat(), &[]));
    until("the runtime in the volume serves", || {
        let mut health = podman.rooted(&["exec", "runtime", program, "--health"]);
        health.output().unwrap().status.success()
    });
    demand(podman.rooted(&["stop", "runtime"]));
}
