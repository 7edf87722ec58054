//! With a lock any source is acceptable: the digest decides.

use std::fs;

use crate::support::{
    Depot, Entry, Packing, Plain, Sandbox, Server, Sums,
    plain::{self, flip},
    program,
    proxies::{NAME, Proxy},
};

/// A project that is locked to 0.2.0 of `url`, with an empty store.
fn locked(url: &str, version: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sources(&[(url, "")]);
    sandbox.write("loom.toml", &format!("[bridge]\nversion = \"{version}\"\n"));
    sandbox.loom(&["lock"]).ok();
    sandbox
}

/// A mirror with the same archive, and no checksum.
fn bare_copy(mirror: &Plain) -> Plain {
    let copy = Plain::empty();
    let bytes = fs::read(mirror.asset("0.2.0", Packing::TarGz)).unwrap();
    copy.add_bytes("0.2.0", &Packing::TarGz.asset("0.2.0"), &bytes, Sums::None);
    copy
}

#[test]
fn another_source_without_checksums_serves_the_same_bytes() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = locked(&mirror.url(), "^0.2");
    let copy = bare_copy(&mirror);
    let url = copy.url();
    let get = ["get", "--locked", "--source", &url];
    assert_eq!(sandbox.loom(&get).ok().path(), sandbox.link("0.2.0"));
    sandbox.remove_cache();
    assert_eq!(sandbox.loom(&get).ok().path(), sandbox.link("0.2.0"));
    sandbox.loom(&["get", "0.2.0", "--force-download", "--source", &url]).ok();

    flip(&copy.asset("0.2.0", Packing::TarGz));
    sandbox.remove_cache();
    sandbox.loom(&get).code(6).says(&["checksum mismatch", "loom.lock"]);
    assert!(sandbox.trees().is_empty());
    let unlocked = ["get", "0.2.0", "--source", &url];
    Sandbox::new().loom(&unlocked).code(6).says(&["no checksum given"]);
}

#[test]
fn a_tampered_archive_with_a_matching_checksum_is_refused() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = locked(&mirror.url(), "^0.2");
    mirror.add("0.2.0", Packing::TarGz, &program::small("evil"), Sums::Sidecar);
    sandbox.loom(&["get", "--locked"]).code(6).says(&["differs from the lock: expected "]);
    assert!(sandbox.trees().is_empty());
    let good = Plain::of(&["0.2.0"]);
    sandbox.sources(&[(&mirror.url(), ""), (&good.url(), "")]);
    assert_eq!(sandbox.loom(&["get", "--locked"]).ok().path(), sandbox.link("0.2.0"));
}

#[test]
fn another_layout_and_another_packing_lead_to_the_locked_tree() {
    let depot = Depot::of(&["0.2.0"]);
    let sandbox = locked(&depot.url(), "latest");
    let other = Plain::empty();
    other.add("0.2.0", Packing::TarZst, &program::small("0.2.0"), Sums::None);
    let url = other.url();
    sandbox.loom(&["get", "--locked", "--source", &url]).ok();
    sandbox.remove_cache();
    let evil = Plain::empty();
    evil.add("0.2.0", Packing::TarZst, &program::small("evil"), Sums::Sidecar);
    let url = evil.url();
    sandbox.loom(&["get", "--locked", "--source", &url]).code(6).says(&["checksum mismatch"]);
    assert!(sandbox.trees().is_empty());
}

#[test]
fn an_artifact_that_the_lock_does_not_know_proves_nothing() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = locked(&mirror.url(), "latest");
    let other = Plain::empty();
    other.add("0.2.0", Packing::TarZst, &program::small("0.2.0"), Sums::Sidecar);
    let url = other.url();
    let get = ["get", "--locked", "--source", &url];
    sandbox.loom(&get).code(6).says(&["has no digest for loom-bridge-server-0.2.0-", "loom lock"]);
    let bytes = fs::read(mirror.asset("0.2.0", Packing::TarGz)).unwrap();
    other.add_bytes("0.2.0", &Packing::TarGz.asset("0.2.0"), &bytes, Sums::None);
    sandbox.loom(&get).ok();
}

#[test]
fn plain_http_is_enough_for_locked_bytes() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = locked(&mirror.url(), "^0.2");
    let (proxy, server) = (Proxy::http(), Server::serve(mirror.path()));
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let mut direct = Sandbox::direct();
    let config = format!("[[sources]]\ntype = \"mirror\"\nurl = \"http://{NAME}:{port}\"\n");
    direct.write(direct.home().join(".config/loom/config.toml"), &config);
    direct.set("HTTP_PROXY", proxy.url("http"));
    direct.loom(&["get", "0.2.0"]).code(5).says(&["http:// is not encrypted"]);
    for name in ["loom.toml", "loom.lock"] {
        fs::copy(sandbox.project().join(name), direct.project().join(name)).unwrap();
    }
    direct.loom(&["get", "--locked"]).code(8).says(&["not trusted to pick"]);
    direct.loom(&["trust"]).ok();
    assert_eq!(direct.loom(&["get", "--locked"]).ok().path(), direct.link("0.2.0"));
    assert_eq!(server.gets(&plain::asset_path("0.2.0", Packing::TarGz)), 1);

    direct.remove_cache();
    flip(&mirror.asset("0.2.0", Packing::TarGz));
    direct.loom(&["get", "--locked"]).code(6);
    assert!(direct.trees().is_empty());
}

#[test]
fn a_locked_version_asks_no_list() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = locked(&mirror.url(), "latest");
    let server = Server::serve(mirror.path());
    sandbox.sources(&[(&server.url(), "")]);
    sandbox.loom(&["get", "--frozen"]).ok();
    let paths: Vec<String> = server.requests().iter().map(|r| r.path.clone()).collect();
    let is_list = |path: &&String| path.contains("index") || path.ends_with('/');
    assert_eq!(paths.iter().find(is_list), None, "{paths:?}");
    server.forget();
    for args in [&["get"][..], &["get", "--locked"], &["which", "--frozen"], &["get", "--offline"]]
    {
        sandbox.loom(args).ok();
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn a_yanked_version_stays_locked() {
    let depot = Depot::of(&["0.2.0", "0.1.0"]);
    let sandbox = locked(&depot.url(), "latest");
    depot.yank("0.2.0");
    assert_eq!(sandbox.loom(&["get", "--locked"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.loom(&["lock"]).ok();
    let moved = sandbox.loom(&["update"]).ok().stdout();
    assert!(moved.starts_with("loom-bridge-server 0.2.0 -> 0.1.0"), "{moved}");
}

#[test]
fn media_are_enough_without_a_network() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = locked(&mirror.url(), "^0.2");
    let media = sandbox.folder("media");
    let copy = bare_copy(&mirror);
    let name = Packing::TarGz.asset("0.2.0");
    fs::copy(copy.asset("0.2.0", Packing::TarGz), media.join(&name)).unwrap();
    sandbox.sources(&[
        ("https://mirror.example/loom", ""),
        (&format!("file://{}", media.display()), ""),
    ]);
    assert_eq!(sandbox.loom(&["get", "--locked", "--offline"]).ok().path(), sandbox.link("0.2.0"));
    sandbox.verify();
}

#[test]
fn an_installed_release_is_compared_with_the_lock() {
    let mirror = Plain::of(&["0.2.0"]);
    let sandbox = locked(&mirror.url(), "0.2.0");
    let other = Plain::empty();
    other.add("0.2.0", Packing::TarGz, &program::small("another"), Sums::Sidecar);
    let url = other.url();
    let file = sandbox.project().join("loom.lock");
    let lock = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    sandbox.loom(&["get", "0.2.0", "--source", &url]).ok();
    fs::write(&file, &lock).unwrap();
    // By the archive: it could be the same tree, so it is fetched again; the first-seen digest then differs.
    sandbox.loom(&["which"]).code(6).says(&["nothing shows that it is the locked one"]);
    sandbox.loom(&["get"]).code(6).says(&["nothing shows that the installed"]);
    sandbox.loom(&["remove", "0.2.0", "--forget"]).ok();
    sandbox.loom(&["get", "--locked"]).ok();

    // By the tree: it is another one.
    sandbox.loom(&["lock", "--full"]).ok();
    let lock = fs::read(&file).unwrap();
    sandbox.loom(&["remove", "0.2.0", "--forget"]).ok();
    fs::remove_file(&file).unwrap();
    sandbox.loom(&["get", "0.2.0", "--source", &url]).ok();
    fs::write(&file, &lock).unwrap();
    for command in ["get", "which", "up"] {
        let run = sandbox.loom(&[command]).code(6);
        run.says(&["is locked as ", "but the installed one is ", "--forget"]);
    }
    let why = sandbox.loom(&["why"]).ok().stdout();
    assert!(why.contains("but the installed one is"), "{why}");
}

#[test]
fn a_lost_verification_is_made_again_by_the_lock() {
    let entries = Entry::program(&program::small("0.2.0"));
    let depot = Depot::empty();
    depot.add("0.2.0", &entries, &[crate::support::ArtifactKind::Archive(Packing::TarGz)]);
    let sandbox = locked(&depot.url(), "latest");
    sandbox.loom(&["get"]).ok();
    fs::remove_dir_all(sandbox.cache().join("verifications")).unwrap();
    fs::remove_dir_all(sandbox.state().join("pins")).unwrap();
    sandbox.sources(&[]);
    sandbox.loom(&["which"]).code(6);
    sandbox.loom(&["get", "--offline"]).ok().says(&["it was verified again"]);
    sandbox.loom(&["which"]).ok();
}
