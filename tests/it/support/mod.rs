//! Support for the black-box tests: a sandbox that runs the program, mirrors to fetch from, and servers with exact
//! faults.
//!
//! | module | contents |
//! |---|---|
//! | [`sandbox`] | [`Sandbox`]: an isolated home, project and environment |
//! | [`run`] | [`Run`] and [`Running`]: a finished and an unfinished command |
//! | [`normal`] | snapshots in which run-specific text is replaced |
//! | [`program`] | the programs that mirrors serve: the real server, or small scripts of any size |
//! | [`archive`] | archives in all formats |
//! | [`plain`] | [`Plain`]: a folder in the plain release layout |
//! | [`depot`] | [`Depot`]: a folder in the store layout, written according to `store-format.md` |
//! | [`signed_depot`] | [`SignedDepot`]: a depot with roots, timestamp and index, signed by keys of the test |
//! | [`schema`] | the JSON Schemas of `docs/schemas`: every document of `--json` is validated |
//! | [`server`] | [`Server`]: a small HTTP server that records requests and injects faults |
//! | [`faults`] | the faults of that server |
//! | [`server_release`] | the real programs as packed releases, and as published images |
//! | [`hub`] | [`Hub`]: a GitHub test server on loopback |
//! | [`tested_registry`] | [`TestedRegistry`]: real registries, and documents of a signed mirror in them |
//! | [`mirror_reader`] | [`MirrorReader`]: a reader of a signed mirror, with `loom` and with the verifier in Python |
//! | [`node`] | Node's and Python's packages, for validation scripts and real clients |
//! | [`namespaces`] | [`Namespaces`](namespaces::Namespaces): processes that nothing of the machine is changed by |
//! | [`node_base`] | an image with Node and npm, and a package that npm installs without a network |
//! | [`docker_daemon`] | [`DockerDaemon`]: Docker's daemon, in namespaces of its own |
//! | [`podman_machine`] | [`PodmanMachine`]: podman, in namespaces of its own |
//! | [`proxies`] | [`Proxy`](proxies::Proxy): Debian's tinyproxy and microsocks, and a name that only they resolve |
//! | [`unreachable`] | [`Unreachable`]: an address that refuses connections |
//! | [`signer`] | [`Signer`](signer::Signer): a key that signs the files of a mirror |
//! | [`signing_tools`] | keys and signatures that `gpg` and `openssl` make |
//! | [`sigstore_instance`] | [`SigstoreInstance`](sigstore_instance::SigstoreInstance): an authority and a log of our own |
//! | [`dashboard_stage`] | [`DashboardStage`]: a runtime with a dashboard, and commands that ask it |
//! | [`stage`] | [`Stage`]: a project and a mirror with the real server, for tests of running runtimes |
//! | [`update_stage`] | [`UpdateStage`](update_stage::UpdateStage): a signed mirror and a project whose runtime updates itself |
//! | [`systemd_machine`] | [`SystemdMachine`]: systemd as the first process of namespaces |
//! | [`strace`] | [`Trace`]: the system calls of one run |
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr
)]

pub mod archive;
pub mod bridge_call;
pub mod dashboard_stage;
pub mod depot;
pub mod docker_daemon;
pub mod faults;
pub mod hub;
pub mod mirror_reader;
pub mod namespaces;
pub mod node;
pub mod node_base;
pub mod normal;
pub mod plain;
pub mod podman_machine;
pub mod processes;
pub mod program;
pub mod proxies;
pub mod run;
pub mod sandbox;
pub mod schema;
pub mod server;
pub mod server_release;
pub mod signed_depot;
pub mod signer;
pub mod signing_tools;
pub mod sigstore_instance;
pub mod stage;
pub mod strace;
pub mod systemd_machine;
pub mod tested_registry;
pub mod unreachable;
pub mod update_stage;

pub use archive::{Entry, Packing};
pub use dashboard_stage::DashboardStage;
pub use depot::{ArtifactKind, Depot};
pub use docker_daemon::DockerDaemon;
pub use faults::{Fault, Gate};
pub use hub::Hub;
pub use loom_test_support::nginx::Nginx;
pub use mirror_reader::MirrorReader;
pub use plain::{Plain, Sums};
pub use podman_machine::PodmanMachine;
pub use run::{Run, Running};
pub use sandbox::Sandbox;
pub use server::{Request, Server};
pub use signed_depot::{MirrorKeys, SignedDepot};
pub use stage::Stage;
pub use strace::Trace;
pub use systemd_machine::SystemdMachine;
pub use tested_registry::TestedRegistry;
pub use unreachable::{Unanswering, Unreachable};

/// The name of the program and of its link.
pub const BINARY: &str = "loom-bridge-server";

/// The platform that the tests run on.
pub fn platform() -> String {
    loom_source::Platform::current().expect("a platform that releases exist for").to_string()
}

/// Polls until a condition holds that sends no notification, such as one of another process; fails after 60 s.
#[track_caller]
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !happened() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "never: {what}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// The SHA-256 of `bytes` in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    loom_source::Digest::of(bytes).to_string()
}
