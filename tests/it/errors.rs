//! Error output: exit code, message, causes and hint, as text and as JSON.

use crate::support::{
    self, Fault, Packing, Plain, Run, Sandbox, Server, Sums, Unreachable, plain, program,
};

/// Asserts the exit code and compares the error with its snapshots as text and as JSON; returns the run with text.
#[track_caller]
fn assert_error(
    sandbox: &Sandbox,
    name: &str,
    code: i32,
    args: &[&str],
    filters: &[(&str, &str)],
) -> Run {
    let text = sandbox.loom(args).code(code);
    assert_eq!(text.stdout(), "", "nothing on stdout but data");
    sandbox.snapshot_with(name, &text, filters);
    let json = sandbox.loom(&[args, &["--json"]].concat()).code(code);
    let document = json.json();
    assert_eq!(document["error"]["code"], code, "{document}");
    assert!(document["error"]["hint"].is_string(), "the error has a hint: {document}");
    sandbox.snapshot_with(&format!("{name}_json"), &json, filters);
    text
}

/// A regular expression that matches the folder of a mirror.
fn folder(mirror: &Plain) -> String {
    support::normal::escaped(&mirror.path().display().to_string())
}

#[test]
fn unknown_version() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let get = ["get", "--source", &mirror.url(), "--version", "9.9.9"];
    assert_error(&sandbox, "unknown_version", 3, &get, &[(&folder(&mirror), "[MIRROR]")]);
}

#[test]
fn unknown_version_over_http() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "--source", &server.url(), "--version", "9.9.9"];
    assert_error(&sandbox, "unknown_version_http", 3, &get, &[]);
}

#[test]
fn latest_where_no_source_can_list() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "--source", &server.url()];
    assert_error(&sandbox, "latest_without_index", 3, &get, &[]).says(&["--version"]);
}

#[test]
fn not_a_version() {
    let sandbox = Sandbox::new();
    assert_error(&sandbox, "not_a_version", 2, &["get", "--version", "0.2.0+build"], &[]);
}

#[test]
fn long_arguments_are_shortened() {
    let sandbox = Sandbox::new();
    let long = "a".repeat(100_000);
    let option = format!("--{long}");
    for args in [&["get", &long][..], &[&long], &["use", &long], &["get", "0.2.0", &option]] {
        for json in [false, true] {
            let args = if json { [args, &["--json"]].concat() } else { args.to_vec() };
            let run = sandbox.loom(&args).code(2);
            let shown = run.stdout() + &run.stderr();
            assert!(shown.len() < 25_000 && shown.contains(" characters …]"), "{}", shown.len());
        }
    }
}

#[test]
fn no_source_reachable() {
    let (sandbox, unreachable) = (Sandbox::new(), Unreachable::new());
    let get = ["get", "--source", &unreachable.url(), "--version", "0.2.0"];
    assert_error(&sandbox, "no_source_reachable", 5, &get, &[]);
}

#[test]
fn a_folder_that_does_not_exist() {
    let sandbox = Sandbox::new();
    let url = format!("file://{}/nowhere", sandbox.root().display());
    assert_error(
        &sandbox,
        "no_such_folder",
        5,
        &["get", "--source", &url, "--version", "0.2.0"],
        &[],
    );
}

#[test]
fn credentials_refused() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    server.fault("", Fault::Status(401, vec![]));
    let get = ["get", "--source", &server.url(), "--version", "0.2.0"];
    assert_error(&sandbox, "credentials_refused", 4, &get, &[]);
}

#[test]
fn checksum_missing() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    assert_error(&sandbox, "checksum_missing", 6, &get, &[(&folder(&mirror), "[MIRROR]")])
        .says(&["--allow-unverified"]);
}

#[test]
fn checksum_wrong() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Wrong);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    assert_error(&sandbox, "checksum_wrong", 6, &get, &[(&folder(&mirror), "[MIRROR]")])
        .never_says(&["--allow-unverified"]);
}

#[test]
fn flipped_byte() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    plain::flip(&mirror.asset("0.2.0", Packing::TarGz));
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    assert_error(&sandbox, "flipped_byte", 6, &get, &[(&folder(&mirror), "[MIRROR]")]);
}

#[test]
fn a_sidecar_that_is_no_checksum() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let asset = mirror.asset("0.2.0", Packing::TarGz);
    std::fs::write(plain::sidecar(&asset), "<html>please log in</html>").unwrap();
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    let run = sandbox.loom(&get);
    assert!([5, 6].contains(&run.exit()), "{} {}", run.exit(), run.stderr());
    assert!(sandbox.trees().is_empty());
}

#[test]
fn a_plugin_that_is_not_installed() {
    let sandbox = Sandbox::new();
    let get = ["get", "--source", "plugin:corp", "--version", "0.2.0"];
    assert_error(&sandbox, "plugin_absent", 5, &get, &[]);
}

#[test]
fn a_first_run_without_a_reachable_source() {
    // No build of this binary exists; the checkout that this test was built from may contain one of the server.
    let sandbox = Sandbox::new();
    let get = ["get", "--binary", "loom-nothing"];
    // That checkout may be absent.
    let filters = [("  because: target: .*\n", ""), ("\"target: [^\"]*\",", "")];
    assert_error(&sandbox, "nothing_to_offer", 5, &get, &filters).says(&["github.com", "--source"]);
}

#[test]
fn plain_http_beyond_loopback() {
    let sandbox = Sandbox::new();
    let get = ["get", "--source", "http://192.0.2.1/mirror", "--version", "0.2.0"];
    assert_error(&sandbox, "plain_http", 5, &get, &[]).says(&["https"]);
}

#[test]
fn not_a_source() {
    let sandbox = Sandbox::new();
    assert_error(&sandbox, "not_a_source", 2, &["get", "--source", "gopher://x"], &[]);
}

#[test]
fn a_broken_project_file() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[bridge]\nversion = \"0.2.0\nmode = \"full\"\n");
    assert_error(&sandbox, "broken_toml", 2, &["get"], &[]).says(&["loom.toml"]);
}

#[test]
fn a_misspelt_key() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[bridge]\nversoin = \"0.2.0\"\n");
    assert_error(&sandbox, "misspelt_key", 2, &["get"], &[]).says(&["versoin", "version"]);
}

#[test]
fn not_installed() {
    let sandbox = Sandbox::new();
    assert_error(&sandbox, "not_here", 3, &["which", "--version", "0.2.0"], &[]);
}

#[test]
fn offline() {
    let sandbox = Sandbox::new();
    let source = "https://mirror.invalid/x";
    let get = ["get", "--offline", "--source", source, "--version", "0.2.0"];
    assert_error(&sandbox, "offline", 7, &get, &[]);
}

#[test]
fn a_secret_in_a_url_is_never_printed() {
    let (sandbox, unreachable) = (Sandbox::new(), Unreachable::new());
    let url = unreachable.url().replace("http://", "http://user:hunter2@");
    for args in [
        vec!["get", "--source", &url, "--version", "0.2.0"],
        vec!["get", "--source", &url, "--version", "0.2.0", "--json", "-vv"],
    ] {
        let run = sandbox.loom(&args);
        assert_ne!(run.exit(), 0);
        assert!(!(run.stdout() + &run.stderr()).contains("hunter2"));
    }
}
