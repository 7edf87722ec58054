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

/// A mirror that `loom mirror sync` fills from a folder of release assets: small programs, and the real server as the
/// newest version.
fn synced(sandbox: &Sandbox) -> std::path::PathBuf {
    let releases = Plain::of(&["0.0.9", "0.1.0"]);
    releases.add("0.2.0", Packing::TarGz, &program::server(), Sums::Sidecar);
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
    let url = nginx.url();
    // A machine without a store, a state folder or a configuration.
    let fresh = Sandbox::new();
    let listed = fresh.loom(&["list", "--remote", "--source", &url]).ok().stdout();
    for version in ["0.0.9", "0.1.0", "0.2.0"] {
        assert!(listed.contains(version), "{listed}");
    }
    let run = fresh.loom(&["get", "<0.2", "--source", &url]).ok();
    assert_eq!(run.path(), fresh.link("0.1.0"));
    let run = fresh.loom(&["get", "~0.0.1", "--source", &url]).ok();
    assert_eq!(run.path(), fresh.link("0.0.9"));
    let up = ["up", "--source", &url, "--mode", "bridge-only", "--bridge-port", "0", "--detach"];
    let up = fresh.loom(&[&up[..], &["--json"]].concat()).ok().json();
    assert_eq!(up["version"], "0.2.0", "{up}");
    let status = fresh.loom(&["status", "--json"]).ok().json();
    assert_eq!(status["instances"].as_array().unwrap().len(), 1, "{status}");
    fresh.loom(&["down"]).ok();
    fresh.verify();
    assert!(nginx.log().iter().any(|line| line.contains("/releases/index.json 200")));
}

/// The bytes of a transfer that is not complete.
fn transferred(sandbox: &Sandbox) -> u64 {
    let files = std::fs::read_dir(sandbox.cache().join("partial"));
    let files = files.into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).max().unwrap_or_default()
}

#[test]
fn a_broken_download_from_a_synced_mirror_is_resumed() {
    let office = Sandbox::new();
    let mirror = synced(&office);
    // Slow enough to be interrupted.
    let nginx = Nginx::serve(&mirror, "limit_rate 6m;");
    let fresh = Sandbox::new();
    fresh.sources(&[(&nginx.url(), "name = \"corp\"")]);
    let running = fresh.spawn(&["get", "0.2.0"]);
    crate::support::until("the transfer has begun", || transferred(&fresh) > 1_000_000);
    running.kill();
    assert!(transferred(&fresh) > 1_000_000);
    fresh.loom(&["get", "0.2.0"]).ok();
    fresh.verify();
    let (log, archive) = (nginx.log(), archive_of(&mirror));
    let resumed = log.iter().rfind(|line| line.contains(&archive)).unwrap();
    assert!(resumed.contains(" 206 bytes="), "{log:?}");
}

/// The path of the largest object of a mirror.
fn archive_of(mirror: &std::path::Path) -> String {
    let mut largest = (0, String::new());
    for folder in std::fs::read_dir(mirror.join("objects/sha256")).unwrap().flatten() {
        for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
            let name = file.file_name().into_string().unwrap();
            largest = largest.max((file.metadata().unwrap().len(), name));
        }
    }
    largest.1
}

#[test]
fn a_mirror_that_ends_in_the_middle_is_continued_elsewhere() {
    let office = Sandbox::new();
    let mirror = synced(&office);
    let slow = Nginx::serve(&mirror, "limit_rate 300k;");
    let other = Nginx::serve(&mirror, "");
    let fresh = Sandbox::new();
    fresh.sources(&[(&slow.url(), "name = \"first\""), (&other.url(), "name = \"second\"")]);
    let running = fresh.spawn(&["get", "0.2.0"]);
    crate::support::until("the transfer has begun", || transferred(&fresh) > 100_000);
    drop(slow);
    running.wait().ok();
    fresh.verify();
    let why = fresh.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert_eq!(why["chain"]["source"]["name"], "second", "{why}");
    let attempts = why["receipt"]["attempts"].as_array().unwrap();
    let attempts: Vec<_> = attempts.iter().map(|it| (&it["source"], &it["kind"])).collect();
    assert!(attempts.iter().any(|(source, kind)| *source == "first" && *kind != "delivered"));
    assert_eq!(attempts.last().unwrap().0, "second", "{attempts:?}");
    assert!(other.sent().iter().any(|bytes| *bytes > 100_000), "{:?}", other.log());
}
