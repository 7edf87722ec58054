//! Both layouts on a real web server, Debian's nginx.

use crate::support::{ArtifactKind, Depot, Entry, Nginx, Packing, Plain, Sandbox, Sums, program};

#[test]
fn the_release_layout() {
    for packing in Packing::ALL {
        let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
        mirror.add("0.2.0", packing, &program::large("0.2.0", 1 << 20), Sums::Sidecar);
        let nginx = Nginx::serve(mirror.path(), "");
        let run = sandbox.loom(&["get", "--source", &nginx.url(), "--version", "0.2.0"]).ok();
        assert_eq!(std::fs::read(run.path()).unwrap(), program::large("0.2.0", 1 << 20));
        sandbox.verify();
    }
}

#[test]
fn the_store_layout() {
    let depot = Depot::empty();
    let entries = Entry::program(&program::small("0.2.0"));
    depot.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarZst), ArtifactKind::Loose]);
    let nginx = Nginx::serve(depot.path(), "");
    let sandbox = Sandbox::new();
    let run = sandbox.loom(&["get", "--source", &nginx.url()]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    sandbox.verify();
}

#[test]
fn a_compressing_server_is_requested_to_send_unencoded_bytes() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let nginx = Nginx::serve(mirror.path(), "gzip on; gzip_types *; gzip_min_length 1;");
    sandbox.loom(&["get", "--source", &nginx.url(), "--version", "0.2.0"]).ok();
    sandbox.verify();
}

#[test]
fn a_forbidden_checksum_file_counts_as_absent() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let nginx = Nginx::serve(mirror.path(), "location ~ \\.sha256$ { return 403; }");
    let get = ["get", "--source", &nginx.url(), "--version", "0.2.0"];
    // S3 without the right to list answers 403 for a missing object. The release then has no digest
    // and is not accepted.
    sandbox.loom(&get).code(6).says(&["--allow-unverified"]);
}

/// A mirror that `loom mirror sync` fills from a folder of release assets.
fn synced(sandbox: &Sandbox) -> std::path::PathBuf {
    let releases = Plain::empty();
    let program = program::large("0.2.0", 4 << 20);
    releases.add("0.2.0", Packing::TarGz, &program, Sums::Sidecar);
    let mirror = sandbox.root().join("mirror");
    let to = mirror.to_str().unwrap();
    sandbox.loom(&["mirror", "sync", "--from", &releases.url(), "--to", to]).ok();
    mirror
}

#[test]
fn a_synced_mirror_needs_no_other_server() {
    let office = Sandbox::new();
    let mirror = synced(&office);
    let nginx = Nginx::serve(&mirror, "");
    let fresh = Sandbox::new();
    let listed = fresh.loom(&["list", "--remote", "--source", &nginx.url()]).ok().stdout();
    assert!(listed.contains("0.2.0"), "{listed}");
    fresh.loom(&["get", "--source", &nginx.url()]).ok();
    fresh.verify();
}

#[test]
fn a_mirror_that_ends_in_the_middle_is_continued_elsewhere() {
    let office = Sandbox::new();
    let mirror = synced(&office);
    let slow = Nginx::serve(&mirror, "limit_rate 300k;");
    let other = Nginx::serve(&mirror, "");
    let fresh = Sandbox::new();
    let get = ["get", "0.2.0", "--source", &slow.url(), "--source", &other.url()];
    let running = fresh.spawn(&get);
    crate::support::until("the transfer has begun", || {
        let partial = fresh.cache().join("partial");
        let files = std::fs::read_dir(partial).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).any(|file| file.len() > 100_000)
    });
    drop(slow);
    running.wait().ok();
    fresh.verify();
}
