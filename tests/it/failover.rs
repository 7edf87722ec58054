//! Failover: a failing source costs at most its own time limit, is reported, and cannot put wrong bytes into the
//! store.

use crate::support::{
    self, Depot, Fault, Gate, Packing, Plain, Sandbox, Server, Sums, Unreachable, plain, program,
    sha256,
};

fn sources(urls: &[&str]) -> String {
    urls.join(",")
}

/// Asserts that the store verifies and holds no file or object with this content.
#[track_caller]
fn assert_absent(sandbox: &Sandbox, bad: &[u8]) {
    let digest = sha256(bad);
    assert!(!sandbox.objects().contains(&digest));
    for file in sandbox.files("") {
        let bytes = std::fs::read(sandbox.cache().join(&file)).unwrap_or_default();
        assert_ne!(sha256(&bytes), digest, "{}", file.display());
    }
    sandbox.verify();
}

#[test]
fn one_flipped_byte_before_a_good_mirror() {
    let (sandbox, good) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let bad = Plain::of(&["0.2.0"]);
    plain::flip(&bad.asset("0.2.0", Packing::TarGz));
    let run = sandbox
        .loom(&["get", "--version", "0.2.0", "--source", &bad.url(), "--source", &good.url()])
        .ok()
        .says(&[&bad.url()]);
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    assert_eq!(sandbox.trees().len(), 1);
    assert_absent(&sandbox, &std::fs::read(bad.asset("0.2.0", Packing::TarGz)).unwrap());
}

#[test]
fn one_flipped_byte_in_the_only_source() {
    for packing in Packing::ALL {
        let (sandbox, bad) = (Sandbox::new(), Plain::empty());
        let asset = bad.add("0.2.0", packing, &program::small("0.2.0"), Sums::Sidecar);
        plain::flip(&asset);
        let server = Server::serve(bad.path());
        for source in [bad.url(), server.url()] {
            sandbox.loom(&["get", "--version", "0.2.0", "--source", &source]).code(6);
            assert!(sandbox.trees().is_empty());
            sandbox.loom(&["which", "--version", "0.2.0"]).code(3);
            assert_absent(&sandbox, &std::fs::read(&asset).unwrap());
            assert!(sandbox.files("partial").is_empty(), "wrong bytes are not kept to resume");
        }
    }
}

#[test]
fn one_flipped_byte_in_the_store_layout() {
    let (sandbox, good, bad) = (Sandbox::new(), Depot::of(&["0.2.0"]), Depot::of(&["0.2.0"]));
    let archive = depot_archive(&bad);
    plain::flip(&archive);
    let both = ["get", "--version", "0.2.0", "--source", &bad.url(), "--source", &good.url()];
    sandbox.loom(&both).ok().says(&[&bad.url()]);
    assert_absent(&sandbox, &std::fs::read(&archive).unwrap());
    let alone = Sandbox::new();
    alone.loom(&["get", "--version", "0.2.0", "--source", &bad.url()]).code(6);
    assert!(alone.trees().is_empty());
    alone.verify();
}

/// The path of the depot's only archive, found by gzip's magic number.
fn depot_archive(depot: &Depot) -> std::path::PathBuf {
    let objects = depot.path().join("objects/sha256");
    let files = support::sandbox::names(&objects).into_iter().flat_map(|prefix| {
        let folder = objects.join(prefix);
        support::sandbox::names(&folder).into_iter().map(move |name| folder.join(name))
    });
    let mut archives = files.filter(|f| std::fs::read(f).unwrap().starts_with(&[0x1f, 0x8b]));
    archives.next().unwrap()
}

#[test]
fn quarantine_reorders_the_sources_of_the_next_run_and_removes_none() {
    let (mut sandbox, good, bad) = (Sandbox::new(), Plain::of(&["0.2.0"]), Plain::of(&["0.2.0"]));
    let asset = bad.asset("0.2.0", Packing::TarGz);
    let original = std::fs::read(&asset).unwrap();
    plain::flip(&asset);
    let (first, second) = (Server::serve(bad.path()), Server::serve(good.path()));
    sandbox.set("LOOM_SOURCES", sources(&[&first.url(), &second.url()]));
    sandbox.loom(&["get", "--version", "0.2.0"]).ok().says(&[&first.url()]);
    assert_eq!((first.gets(".tar.gz"), second.gets(".tar.gz")), (1, 1));

    sandbox.loom(&["remove", "0.2.0"]).ok();
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert_eq!(
        (first.gets(".tar.gz"), second.gets(".tar.gz")),
        (1, 2),
        "the good source is used first"
    );

    sandbox.loom(&["remove", "0.2.0"]).ok();
    std::fs::write(asset, original).unwrap();
    drop(second);
    sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert_eq!(first.gets(".tar.gz"), 2, "the only source is used again");
}

#[test]
fn after_any_failure_of_a_source_the_next_one_serves() {
    let good = Plain::of(&["0.2.0"]);
    let refusing = Unreachable::new();
    let faults = [
        ("status 500", Fault::Status(500, vec![])),
        ("status 403", Fault::Status(403, vec![])),
        ("a page instead of the file", Fault::Html),
        ("no answer", Fault::Hangup),
        ("a content encoding", Fault::Encoding("br".into())),
        ("a redirect to nowhere", Fault::Redirect(format!("{}/x", refusing.url()))),
        ("a cut", Fault::Cut(10)),
        ("a flipped bit", Fault::Flip(100)),
    ];
    for (what, fault) in faults {
        let sandbox = Sandbox::new();
        let server = Server::serve(good.path());
        server.fault(".tar.gz", fault);
        let run = sandbox.loom(&[
            "get",
            "--version",
            "0.2.0",
            "--source",
            &server.url(),
            "--source",
            &good.url(),
        ]);
        assert_eq!(run.exit(), 0, "{what}: {}", run.stderr());
        assert!(run.stderr().contains(&server.url()), "{what} is reported: {:?}", run.stderr());
        sandbox.verify();
    }
}

#[test]
fn a_source_without_the_release_is_skipped_silently() {
    let (sandbox, empty, good) = (Sandbox::new(), Plain::of(&["0.1.0"]), Plain::of(&["0.2.0"]));
    let server = Server::serve(empty.path());
    sandbox
        .loom(&["get", "--version", "0.2.0", "--source", &server.url(), "--source", &good.url()])
        .ok()
        .never_says(&["warning"]);
}

#[test]
fn a_refused_connection_fails_over_and_alone_is_exit_5() {
    let (sandbox, good, unreachable) = (Sandbox::new(), Plain::of(&["0.2.0"]), Unreachable::new());
    sandbox.loom(&["get", "--version", "0.2.0", "--source", &unreachable.url()]).code(5);
    sandbox
        .loom(&[
            "get",
            "--version",
            "0.2.0",
            "--source",
            &unreachable.url(),
            "--source",
            &good.url(),
        ])
        .ok()
        .says(&[&unreachable.url()]);
}

#[test]
fn a_silent_source_costs_only_its_own_time_limit() {
    let (sandbox, good) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let silent = Server::serve(good.path());
    silent.fault("", Fault::Silent(Gate::new()));
    let config = format!(
        "[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\ntimeout = \"200ms\"\n\n\
         [[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n",
        silent.url(),
        good.url()
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    sandbox.loom(&["get", "--version", "0.2.0"]).ok().says(&[&silent.url()]);
}

#[test]
fn a_mount_that_hangs_costs_only_its_own_time_limit() {
    let (sandbox, hung, good) = (Sandbox::new(), Plain::of(&["0.2.0"]), Plain::of(&["0.2.0"]));
    // Opening this file takes long, as on a mount whose server is gone.
    let format = hung.path().join("format");
    sandbox.sources(&[(&hung.url(), "timeout = \"300ms\""), (&good.url(), "")]);
    for get in [&["get", "--version", "0.2.0"][..], &["get", "--force-download"]] {
        let mut command = sandbox.command("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=%file:delay_enter=20000000"]);
        command.arg("-P").arg(&format).arg("--").arg(Sandbox::program()).args(get);
        let run = sandbox.start(get, command).wait().ok();
        run.says(&[&hung.path().display().to_string(), "within 300ms"]);
    }
}

#[test]
fn on_error_stop_prevents_failover() {
    let (sandbox, good, unreachable) = (Sandbox::new(), Plain::of(&["0.2.0"]), Unreachable::new());
    let config = format!(
        "[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\non_error = \"stop\"\n\n\
         [[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n",
        unreachable.url(),
        good.url()
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    sandbox.loom(&["get", "--version", "0.2.0"]).code(5);
}

#[test]
fn the_most_severe_failure_is_the_exit_code() {
    let (empty, bad) = (Plain::of(&["0.1.0"]), Plain::of(&["0.2.0"]));
    plain::flip(&bad.asset("0.2.0", Packing::TarGz));
    let unreachable = Unreachable::new();
    let refusing = Server::serve(bad.path());
    refusing.fault("", Fault::Status(401, vec![]));
    for (urls, code) in [
        (vec![empty.url()], 3),
        (vec![empty.url(), unreachable.url()], 5),
        (vec![refusing.url(), unreachable.url()], 4),
        (vec![unreachable.url(), bad.url(), empty.url()], 6),
        (vec![refusing.url(), bad.url()], 6),
    ] {
        let sandbox = Sandbox::new();
        let mut args = vec!["get", "--version", "0.2.0"];
        args.extend(urls.iter().flat_map(|url| ["--source", url]));
        sandbox.loom(&args).code(code);
        assert!(sandbox.trees().is_empty());
    }
}

#[test]
fn a_busy_server_is_retried_after_its_retry_after() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let busy = Fault::Status(503, vec![("Retry-After".into(), "0".into())]);
    server.fault_times(".tar.gz", busy, 1);
    sandbox.loom(&["get", "--version", "0.2.0", "--source", &server.url()]).ok();
    assert_eq!(server.gets(".tar.gz"), 2);
}

#[test]
fn a_redirect_to_the_files_is_followed() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let (front, depot) = (Server::serve(mirror.path()), Server::serve(mirror.path()));
    let path = plain::asset_path("0.2.0", Packing::TarGz);
    front.fault(".tar.gz", Fault::Redirect(format!("{}/{path}", depot.url())));
    sandbox.loom(&["get", "--version", "0.2.0", "--source", &front.url()]).ok();
    assert_eq!(depot.gets(".tar.gz"), 1);
}

#[test]
fn an_unreadable_checksum_is_not_a_missing_checksum() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    server.fault(".sha256", Fault::Status(500, vec![]));
    let get = ["get", "--version", "0.2.0", "--source", &server.url()];
    sandbox.loom(&get).code(5).never_says(&["--allow-unverified"]);
    assert!(sandbox.trees().is_empty());
}
