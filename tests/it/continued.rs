//! A transfer that was begun at one source is continued at another, where the digest of its bytes is known beforehand.

use std::{fs, path::PathBuf};

use loom_source::{Digest, contract::PublishedRelease};
use loom_test_support::{
    cutting_proxy::{CuttingProxy, ProxiedRequest},
    docker_registry::{DockerRegistry, RegistryAccess},
    release_images::ReleaseImages,
};

use crate::support::{self, Fault, Packing, Plain, Sandbox, Server, Sums, Unreachable, program};

const SIZE: usize = 2 << 20;

/// The number of bytes that arrive before a transfer is cut.
const SENT: u64 = 1 << 20;

/// A release in a mirror and in a registry, both behind proxies that count bytes.
struct Sides {
    mirror: CuttingProxy,
    registry: CuttingProxy,
    archive: Vec<u8>,
    _servers: (Plain, Server, DockerRegistry),
}

impl Sides {
    fn start() -> Self {
        let plain = Plain::empty();
        let asset =
            plain.add("0.2.0", Packing::TarGz, &program::large("0.2.0", SIZE), Sums::Sidecar);
        let archive = fs::read(asset).unwrap();
        let published = PublishedRelease::archive("0.2.0", archive.clone());
        let images = ReleaseImages::with(&[published], |_| None);
        let docker = DockerRegistry::start(&RegistryAccess::Open);
        images.write_registry(&docker.data(), "team/loom").unwrap();
        let server = Server::serve(plain.path());
        let mirror = CuttingProxy::start(server.url().trim_start_matches("http://"));
        let registry = CuttingProxy::start(docker.address.as_str());
        Self { mirror, registry, archive, _servers: (plain, server, docker) }
    }

    fn digest(&self) -> Digest {
        Digest::of(&self.archive)
    }

    /// The proxy of a side, the address of the source, and the ending of the path of the archive there.
    fn side(&self, is_registry: bool) -> (&CuttingProxy, String, String) {
        if is_registry {
            let source = format!("oci://{}/team/loom", self.registry.address);
            (&self.registry, source, self.digest().to_string())
        } else {
            let source = format!("http://{}", self.mirror.address);
            (&self.mirror, source, ".tar.gz".to_owned())
        }
    }
}

/// The transfers of the archive.
fn transfers(proxy: &CuttingProxy, ending: &str) -> Vec<ProxiedRequest> {
    let mut requests = proxy.requests(ending);
    requests.retain(|one| one.method == "GET");
    requests
}

/// The file of the partial transfer of an archive.
fn partial(sandbox: &Sandbox, archive: &[u8]) -> PathBuf {
    sandbox.cache().join(format!("partial/{}", Digest::of(archive)))
}

fn length(path: &std::path::Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

#[test]
fn what_one_protocol_began_another_completes() {
    for begun_at_registry in [true, false] {
        let (sandbox, sides) = (Sandbox::new(), Sides::start());
        let (first, source, ending) = sides.side(begun_at_registry);
        first.cut(&ending, SENT);
        let running = sandbox.spawn(&["get", "0.2.0", "--source", &source]);
        let file = partial(&sandbox, &sides.archive);
        support::until("half of the archive", || length(&file) == SENT);
        assert_eq!(running.kill().exit(), 128 + 9);
        let half = transfers(first, &ending);
        assert_eq!(half.iter().map(|one| one.sent).sum::<u64>(), SENT, "{half:#?}");

        let (second, source, ending) = sides.side(!begun_at_registry);
        let run = sandbox.loom(&["get", "0.2.0", "--source", &source]).ok();
        assert_eq!(fs::read(run.path()).unwrap(), program::large("0.2.0", SIZE));
        let rest = transfers(second, &ending);
        let [one] = &rest[..] else { panic!("{rest:#?}") };
        assert_eq!((one.status, one.range.as_deref()), (206, Some(&*format!("bytes={SENT}-"))));
        assert_eq!(one.sent, sides.archive.len() as u64 - SENT);
        assert!(sandbox.files("partial").is_empty(), "{:?}", sandbox.files("partial"));
        sandbox.verify();
    }
}

/// A sandbox that asks these servers in order, all over the same mirror.
fn servers(count: usize, settings: &str) -> (Sandbox, Plain, Vec<Server>) {
    let (sandbox, plain) = (Sandbox::new(), Plain::empty());
    plain.add("0.2.0", Packing::TarGz, &program::large("0.2.0", SIZE), Sums::Sidecar);
    let servers: Vec<Server> = (0..count).map(|_| Server::serve(plain.path())).collect();
    let urls: Vec<String> = servers.iter().map(Server::url).collect();
    let sources: Vec<(&str, &str)> = urls.iter().map(|url| (url.as_str(), settings)).collect();
    sandbox.sources(&sources);
    (sandbox, plain, servers)
}

/// The ranges of the transfers of the archive from a server.
fn ranges(server: &Server) -> Vec<Option<String>> {
    let requests = server.requests_for(".tar.gz");
    let gets = requests.iter().filter(|request| request.method == "GET");
    gets.map(|request| request.range().map(str::to_owned)).collect()
}

/// The range after what was sent.
fn rest() -> Option<String> {
    Some(format!("bytes={SENT}-"))
}

/// Sends the first part of the archive once; then the server has it no more.
fn breaks_off(server: &Server) {
    server.fault_times(".tar.gz", Fault::Cut(SENT as usize), 1);
    server.fault(".tar.gz", Fault::Status(404, Vec::new()));
}

#[test]
fn another_mirror_completes_the_transfer_in_the_same_run() {
    let (sandbox, _plain, servers) = servers(2, "");
    breaks_off(&servers[0]);
    sandbox.loom(&["get", "0.2.0"]).ok();
    assert_eq!(ranges(&servers[0]), [None, rest()]);
    assert_eq!(ranges(&servers[1]), [rest()]);
    sandbox.verify();
}

#[test]
fn other_bytes_are_requested_once_more_from_the_first_one_and_then_blamed() {
    let (sandbox, _plain, servers) = servers(3, "");
    breaks_off(&servers[0]);
    servers[1].fault(".tar.gz", Fault::Flip(SENT + 7));
    let run = sandbox.loom(&["get", "0.2.0"]).ok();
    run.says(&["the partial download", "was damaged", "checksum mismatch"]);
    assert_eq!(ranges(&servers[1]), [rest(), None]);
    assert_eq!(ranges(&servers[2]), [None], "nothing of the wrong bytes is continued");
    sandbox.verify();
    // The second one is asked last from now on.
    sandbox.loom(&["remove", "0.2.0"]).ok();
    servers.iter().for_each(Server::clear_faults);
    servers.iter().for_each(Server::forget);
    sandbox.loom(&["get", "0.2.0"]).ok();
    let asked: Vec<usize> = servers.iter().map(|server| ranges(server).len()).collect();
    assert_eq!(asked, [1, 0, 0]);
}

#[test]
fn a_source_that_was_cut_after_a_restart_is_blamed_for_its_bytes() {
    let (sandbox, _plain, servers) = servers(2, "");
    breaks_off(&servers[0]);
    // The second transfer of the second source, from the first byte, is cut and resumed: all bytes are its own.
    let flip = || Fault::Flip(SENT + 7);
    servers[1].fault_times(".tar.gz", flip(), 1);
    servers[1].fault_times(".tar.gz", Fault::Cut(SENT as usize), 1);
    servers[1].fault(".tar.gz", flip());
    sandbox.loom(&["get", "0.2.0"]).code(6).says(&["checksum mismatch"]);
    assert_eq!(ranges(&servers[1]), [rest(), None, rest()]);
}

#[test]
fn a_file_of_another_size_is_not_continued() {
    let (sandbox, plain, servers) = servers(1, "");
    let (other, longer) = (Plain::empty(), Server::serve(plain.path()));
    breaks_off(&servers[0]);
    // The same checksum, and one byte more.
    let asset = other.add("0.2.0", Packing::TarGz, b"x", Sums::Sidecar);
    let archive = fs::read(plain.asset("0.2.0", Packing::TarGz)).unwrap();
    fs::write(&asset, [&archive[..], b"x"].concat()).unwrap();
    let line = format!("{}  {}\n", support::sha256(&archive), Packing::TarGz.asset("0.2.0"));
    fs::write(support::plain::sidecar(&asset), line).unwrap();
    let wrong = Server::serve(other.path());
    let urls = [&servers[0], &wrong, &longer].map(Server::url);
    sandbox.sources(&[(&urls[0], ""), (&urls[1], ""), (&urls[2], "")]);
    sandbox.loom(&["get", "0.2.0"]).ok();
    assert_eq!(ranges(&wrong), [rest(), None]);
    assert_eq!(ranges(&longer), [None]);
    sandbox.verify();
}

#[test]
fn of_two_sources_that_are_raced_the_one_that_delivers_continues() {
    let (sandbox, _plain, servers) = servers(2, "race = true\ntimeout = \"6s\"");
    breaks_off(&servers[0]);
    // Nobody else can serve it in the first run.
    servers[1].fault(".tar.gz", Fault::Status(404, Vec::new()));
    sandbox.loom(&["get", "0.2.0"]).code(5);
    servers.iter().for_each(Server::clear_faults);
    servers.iter().for_each(Server::forget);
    let closed = support::Gate::new();
    servers[0].fault(".tar.gz", Fault::Abandoned(Some(0), closed.clone()));
    sandbox.loom(&["get", "0.2.0"]).ok();
    closed.reached();
    assert_eq!((ranges(&servers[0]), ranges(&servers[1])), (vec![rest()], vec![rest()]));
    assert!(sandbox.files("partial").is_empty(), "{:?}", sandbox.files("partial"));
    sandbox.verify();
}

#[test]
fn what_a_mirror_began_without_a_checksum_is_its_own() {
    let (sandbox, plain) = (Sandbox::new(), Plain::empty());
    plain.add("0.2.0", Packing::TarGz, &program::large("0.2.0", SIZE), Sums::None);
    let (first, second) = (Server::serve(plain.path()), Server::serve(plain.path()));
    let gone = Unreachable::new();
    sandbox.sources(&[(&first.url(), ""), (&second.url(), ""), (&gone.url(), "")]);
    // Where no file lists the assets, the mirror is asked for the archive once more than it is fetched.
    first.fault_times(".tar.gz", Fault::Cut(SENT as usize), 1);
    breaks_off(&first);
    sandbox.loom(&["get", "0.2.0", "--allow-unverified"]).ok();
    assert_eq!(ranges(&first), [None, None, rest()]);
    assert_eq!(ranges(&second), [None, None]);
    sandbox.verify();
}
