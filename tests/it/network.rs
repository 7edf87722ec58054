//! Network faults between loom and its sources: interrupted transfers, certificates, credentials and retries.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{
    self, Fault, Nginx, Packing, Plain, Run, Sandbox, Server, Sums, plain, program,
    proxies::without_certificates,
};

const SIZE: usize = 4 << 20;

fn large() -> Plain {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::large("0.2.0", SIZE), Sums::Sidecar);
    mirror
}

fn get(sandbox: &Sandbox, source: &str) -> Run {
    sandbox.loom(&["get", "--version", "0.2.0", "--source", source])
}

/// Ten pseudo-random offsets in `1..total`, sorted. The seed is printed.
#[allow(clippy::print_stderr)]
fn offsets(seed: &str, total: usize) -> Vec<usize> {
    eprintln!("the seed is {seed:?}");
    let noise = program::noise(80, seed);
    let offset = |bytes: &[u8]| {
        1 + usize::try_from(u64::from_le_bytes(bytes.try_into().unwrap()) % (total as u64 - 1))
            .unwrap()
    };
    let mut offsets: Vec<usize> = noise.chunks_exact(8).map(offset).collect();
    offsets.sort_unstable();
    offsets.dedup();
    assert_eq!(offsets.len(), 10, "another seed");
    offsets
}

/// Bytes of the archive that the server sent. Each response begins at the offset in its request and ends at the offset
/// in `ends`.
fn sent(server: &Server, ends: &[usize], total: usize) -> usize {
    let requests = server.requests_for(".tar.gz");
    let transfers: Vec<usize> = requests
        .iter()
        .filter(|request| request.method == "GET")
        .map(|request| match request.range() {
            None => 0,
            Some(range) => {
                range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
            }
        })
        .collect();
    assert_eq!(transfers.len(), ends.len() + 1, "{requests:#?}");
    transfers.iter().zip(ends.iter().chain([&total])).map(|(start, end)| end - start).sum()
}

#[test]
fn a_transfer_cut_at_ten_random_offsets_completes_with_few_repeated_bytes() {
    for seed in ["one", "two", "three"] {
        let (sandbox, mirror) = (Sandbox::new(), large());
        let asset = mirror.asset("0.2.0", Packing::TarGz);
        let total = usize::try_from(asset.metadata().unwrap().len()).unwrap();
        let server = Server::serve(mirror.path());
        let ends = offsets(seed, total);
        let mut begin = 0;
        for end in &ends {
            server.fault_times(".tar.gz", Fault::Cut(end - begin), 1);
            begin = *end;
        }
        let run = get(&sandbox, &server.url()).ok();
        assert_eq!(fs::read(run.path()).unwrap(), program::large("0.2.0", SIZE));
        let sent = sent(&server, &ends, total);
        assert!(sent * 10 < total * 11, "{seed}: {sent} bytes for {total}");
        sandbox.verify();
    }
}

#[test]
fn a_download_killed_at_ten_random_offsets_completes_with_few_repeated_bytes() {
    let (sandbox, mirror) = (Sandbox::new(), large());
    let asset = mirror.asset("0.2.0", Packing::TarGz);
    let total = usize::try_from(asset.metadata().unwrap().len()).unwrap();
    let server = Server::serve(mirror.path());
    let ends = offsets("kill", total);
    let on_disk = || {
        let folder = sandbox.cache().join("partial");
        let files = sandbox.files("partial").into_iter().map(|name| folder.join(name));
        let sizes = files
            .filter(|path| path.extension().is_none())
            .map(|path| path.metadata().map_or(0, |m| m.len()));
        usize::try_from(sizes.sum::<u64>()).unwrap()
    };
    for end in &ends {
        let begin = on_disk();
        let gate = server.hold(".tar.gz", end - begin);
        let args = ["get", "--version", "0.2.0", "--source", &server.url()];
        let running = sandbox.spawn(&args);
        gate.reached();
        support::until("the sent bytes are on disk", || on_disk() >= *end);
        assert_eq!(running.kill().exit(), 128 + 9);
        gate.open();
    }
    let run = get(&sandbox, &server.url()).ok();
    assert_eq!(fs::read(run.path()).unwrap(), program::large("0.2.0", SIZE));
    let sent = sent(&server, &ends, total);
    assert!(sent * 10 < total * 11, "{sent} bytes for {total}");
    sandbox.verify();
}

#[test]
fn only_one_layer_retries() {
    let faults = [
        ("500", Fault::Status(500, vec![]), 3),
        ("a hang-up before the answer", Fault::Hangup, 3),
        ("a cut before the first byte", Fault::Cut(0), 3),
        ("403", Fault::Status(403, vec![]), 1),
        ("an HTML page", Fault::Html, 1),
        ("404", Fault::Status(404, vec![]), 1),
        (
            "a Retry-After beyond the limit",
            Fault::Status(503, vec![("Retry-After".into(), "3600".into())]),
            1,
        ),
    ];
    for (what, fault, requests) in faults {
        let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
        let server = Server::serve(mirror.path());
        server.fault(".tar.gz", fault);
        let run = get(&sandbox, &server.url());
        assert_ne!(run.exit(), 0, "{what}");
        assert_eq!(server.gets(".tar.gz"), requests, "{what}: {}", run.stderr());
    }
}

#[test]
fn a_retry_after_within_the_time_limit_is_honored() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let busy = Fault::Status(429, vec![("Retry-After".into(), "1".into())]);
    server.fault_times(".tar.gz", busy, 1);
    let begun = Instant::now();
    get(&sandbox, &server.url()).ok();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.gets(".tar.gz"), 2);
}

#[test]
fn a_login_page_is_reported_as_such() {
    for ending in [".sha256", ".tar.gz"] {
        let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
        let server = Server::serve(mirror.path());
        server.fault(ending, Fault::Html);
        get(&sandbox, &server.url()).code(5).says(&["a proxy or login page?", "in a browser"]);
    }
}

/// A mirror over TLS with a certificate that no system trusts.
fn tls() -> (Plain, Nginx) {
    let mirror = Plain::of(&["0.2.0"]);
    let nginx = Nginx::serve_tls(mirror.path(), &["localhost"], "");
    (mirror, nginx)
}

fn https(nginx: &Nginx) -> String {
    format!("https://localhost:{}", nginx.port())
}

#[test]
fn a_private_certificate_authority_is_trusted_only_if_configured() {
    let (_mirror, nginx) = tls();
    let (_other_mirror, other) = tls();
    let sandbox = Sandbox::new();
    get(&sandbox, &https(&nginx)).code(5).says(&["SSL_CERT_FILE", "ca = "]);
    let folder = sandbox.folder("certs");
    fs::copy(nginx.certificate(), folder.join("mine.pem")).unwrap();
    let both = format!("{}:{}", sandbox.root().join("none").display(), folder.display());
    let file = |nginx: &Nginx| nginx.certificate().display().to_string();
    for (variables, code) in [
        (vec![("SSL_CERT_FILE", file(&nginx))], 0),
        (vec![("SSL_CERT_DIR", both.clone())], 0),
        (vec![("SSL_CERT_FILE", file(&other)), ("SSL_CERT_DIR", both)], 0),
        (vec![("SSL_CERT_FILE", file(&other))], 5),
        (vec![("SSL_CERT_FILE", "/none/ca.pem".to_owned())], 2),
        (vec![("SSL_CERT_DIR", "/none".to_owned())], 2),
    ] {
        let mut sandbox = Sandbox::new();
        for (name, value) in &variables {
            sandbox.set(name, value);
        }
        let run = get(&sandbox, &https(&nginx));
        assert_eq!(run.exit(), code, "{variables:?}: {}", run.stderr());
    }
}

#[test]
fn the_ca_of_one_source_is_not_trusted_for_another() {
    let ((_a, one), (_b, two)) = (tls(), tls());
    let sandbox = Sandbox::new();
    let source = |nginx: &Nginx, ca: &Nginx| {
        let (url, ca) = (https(nginx), ca.certificate());
        format!("[[sources]]\ntype = \"mirror\"\nurl = \"{url}\"\nca = \"{}\"\n", ca.display())
    };
    let config = sandbox.home().join(".config/loom/config.toml");
    sandbox.write(&config, &source(&one, &two));
    sandbox.loom(&["get", "--version", "0.2.0"]).code(5);
    sandbox.write(&config, &(source(&two, &one) + &source(&one, &one)));
    sandbox.loom(&["get", "--version", "0.2.0"]).ok().says(&[&https(&two)]);
}

#[test]
fn without_system_certificates_mozillas_roots_are_used() {
    let (_mirror, nginx) = tls();
    let sandbox = Sandbox::new();
    let args = ["get", "--version", "0.2.0", "--source", &https(&nginx)];
    let mut command = without_certificates(sandbox.command("unshare"), Sandbox::program());
    command.args(args);
    // The error is not "No CA": Mozilla's certificates are loaded, and none of them issued this server's.
    sandbox.start(&args, command).wait().code(5).says(&["UnknownIssuer"]).never_says(&["No CA"]);
}

/// The `Authorization` header of each request, in order.
fn authorization_headers(server: &Server) -> Vec<Option<String>> {
    server.requests().iter().map(|r| r.headers.get("authorization").cloned()).collect()
}

// "user:s3cret" and "me:mine" in base64.
const NETRC: &str = "Basic dXNlcjpzM2NyZXQ=";
const OWN: &str = "Basic bWU6bWluZQ==";

#[test]
fn netrc_credentials_are_not_sent_to_a_redirect_target() {
    let mirror = Plain::of(&["0.2.0"]);
    let (front, depot) = (Server::serve(mirror.path()), Server::serve(mirror.path()));
    let path = plain::asset_path("0.2.0", Packing::TarGz);
    front.fault(".tar.gz", Fault::Redirect(format!("{}/{path}", depot.url())));
    let sandbox = Sandbox::new();
    let text = "machine 127.0.0.1 login user password s3cret\n";
    sandbox.write(sandbox.home().join(".netrc"), text);
    get(&sandbox, &front.url()).ok();
    assert!(
        authorization_headers(&front).iter().all(|login| login.as_deref() == Some(NETRC)),
        "{:?}",
        authorization_headers(&front)
    );
    assert!(!authorization_headers(&depot).is_empty());
    assert!(
        authorization_headers(&depot).iter().all(Option::is_none),
        "{:?}",
        authorization_headers(&depot)
    );
}

#[test]
fn netrc_has_the_lowest_precedence_and_applies_to_its_host_only() {
    let mirror = Plain::of(&["0.2.0"]);
    for (netrc, user, login) in [
        ("machine 127.0.0.1 login user password s3cret", "", Some(NETRC)),
        ("machine 127.0.0.1 login user password s3cret", "me:mine@", Some(OWN)),
        ("machine 127.0.0.1 login user password s3cret", "user@", Some(NETRC)),
        ("machine 127.0.0.2 login user password s3cret", "", None),
        ("machine localhost login user password s3cret", "", None),
        ("default login user password s3cret", "", None),
        ("machine 127.0.0.1 login user s3cret oops", "", None),
    ] {
        let server = Server::serve(mirror.path());
        let mut sandbox = Sandbox::new();
        let file = sandbox.write("logins", netrc);
        sandbox.set("NETRC", file);
        let url = server.url().replace("://", &format!("://{user}"));
        let run = get(&sandbox, &url).ok().never_says(&["s3cret", "mine"]);
        assert_eq!(
            run.stderr().contains("is not used: line 1"),
            netrc.ends_with("oops"),
            "{}",
            run.stderr()
        );
        let seen = authorization_headers(&server);
        assert!(seen.iter().all(|seen| seen.as_deref() == login), "{netrc} {user}: {seen:?}");
    }
}

#[test]
fn a_silent_name_server_costs_only_the_time_limit_of_its_source() {
    let (sandbox, good) = (Sandbox::direct(), Plain::of(&["0.2.0"]));
    let config = format!(
        "[[sources]]\ntype = \"mirror\"\nurl = \"https://mirror.test\"\ntimeout = \"500ms\"\n\
         [[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n",
        good.url()
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    sandbox.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n");
    sandbox.write("silent.py", SILENT);
    let line = "mount --bind resolv.conf /etc/resolv.conf && exec python3 silent.py \"$@\"";
    let args = ["get", "--version", "0.2.0"];
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--net", "--mount", "--", "sh", "-c", line, "sh"]);
    command.arg(Sandbox::program()).args(args);
    let begun = Instant::now();
    sandbox.start(&args, command).wait().ok().says(&["no connection to https://mirror.test"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// A script that brings loopback up and runs a command beside a name server that never responds.
const SILENT: &str = r#"
import fcntl, socket, struct, subprocess, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
flags = struct.pack("16sH14s", b"lo", 1, b"\0" * 14)
fcntl.ioctl(s, 0x8914, flags)
s.bind(("127.0.0.1", 53))
sys.exit(subprocess.call(sys.argv[1:]))
"#;
