//! Errors as users see them: exit code, message, causes and hint.

use crate::support::{
    self, Fault, Packing, Plain, Run, Sandbox, Server, Sums, Unreachable, plain, program,
};

/// The same error as text and as JSON.
#[track_caller]
fn both(sandbox: &Sandbox, name: &str, code: i32, args: &[&str], filters: &[(&str, &str)]) -> Run {
    let text = sandbox.loom(args).code(code);
    assert_eq!(text.stdout(), "", "nothing on stdout but data");
    sandbox.snapshot_with(name, &text, filters);
    let json = sandbox.loom(&[args, &["--json"]].concat()).code(code);
    let document = json.json();
    assert_eq!(document["error"]["code"], code, "{document}");
    assert!(document["error"]["hint"].is_string(), "something to do: {document}");
    sandbox.snapshot_with(&format!("{name}_json"), &json, filters);
    text
}

/// A pattern for the folder of a mirror.
fn folder(mirror: &Plain) -> String {
    support::normal::escaped(&mirror.path().display().to_string())
}

#[test]
fn unknown_version() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let get = ["get", "--source", &mirror.url(), "--version", "9.9.9"];
    both(&sandbox, "unknown_version", 3, &get, &[(&folder(&mirror), "[MIRROR]")]);
}

#[test]
fn unknown_version_over_http() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "--source", &server.url(), "--version", "9.9.9"];
    both(&sandbox, "unknown_version_http", 3, &get, &[]);
}

#[test]
fn latest_where_no_source_can_list() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "--source", &server.url()];
    both(&sandbox, "latest_without_index", 3, &get, &[]).says(&["--version"]);
}

#[test]
fn not_a_version() {
    let sandbox = Sandbox::new();
    both(&sandbox, "not_a_version", 2, &["get", "--version", "0.2.0+build"], &[]);
}

#[test]
fn no_source_reachable() {
    let (sandbox, nobody) = (Sandbox::new(), Unreachable::new());
    let get = ["get", "--source", &nobody.url(), "--version", "0.2.0"];
    both(&sandbox, "no_source_reachable", 5, &get, &[]);
}

#[test]
fn a_folder_that_does_not_exist() {
    let sandbox = Sandbox::new();
    let url = format!("file://{}/nowhere", sandbox.root().display());
    both(&sandbox, "no_such_folder", 5, &["get", "--source", &url, "--version", "0.2.0"], &[]);
}

#[test]
fn credentials_refused() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    server.fault("", Fault::Status(401, vec![]));
    let get = ["get", "--source", &server.url(), "--version", "0.2.0"];
    both(&sandbox, "credentials_refused", 4, &get, &[]);
}

#[test]
fn checksum_missing() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::None);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    both(&sandbox, "checksum_missing", 6, &get, &[(&folder(&mirror), "[MIRROR]")])
        .says(&["--allow-unverified"]);
}

#[test]
fn checksum_wrong() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Wrong);
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    both(&sandbox, "checksum_wrong", 6, &get, &[(&folder(&mirror), "[MIRROR]")])
        .never_says(&["--allow-unverified"]);
}

#[test]
fn flipped_byte() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    plain::flip(&mirror.asset("0.2.0", Packing::TarGz));
    let get = ["get", "--source", &mirror.url(), "--version", "0.2.0"];
    both(&sandbox, "flipped_byte", 6, &get, &[(&folder(&mirror), "[MIRROR]")]);
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
    both(&sandbox, "plugin_absent", 5, &get, &[]);
}

#[test]
fn nothing_to_offer_on_a_first_run() {
    // Another name than the server's, which the checkout that this program was built from may have built.
    let sandbox = Sandbox::new();
    let get = ["get", "--binary", "loom-nothing"];
    // Whether that checkout exists differs.
    let filters = [("  because: target: .*\n", ""), ("\"target: [^\"]*\",", "")];
    both(&sandbox, "nothing_to_offer", 5, &get, &filters).says(&["github.com", "--source"]);
}

#[test]
fn plain_http_beyond_loopback() {
    let sandbox = Sandbox::new();
    let get = ["get", "--source", "http://192.0.2.1/mirror", "--version", "0.2.0"];
    both(&sandbox, "plain_http", 5, &get, &[]).says(&["https"]);
}

#[test]
fn not_a_source() {
    let sandbox = Sandbox::new();
    both(&sandbox, "not_a_source", 2, &["get", "--source", "gopher://x"], &[]);
}

#[test]
fn a_broken_project_file() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[bridge]\nversion = \"0.2.0\nmode = \"full\"\n");
    both(&sandbox, "broken_toml", 2, &["get"], &[]).says(&["loom.toml"]);
}

#[test]
fn a_misspelt_key() {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", "[bridge]\nversoin = \"0.2.0\"\n");
    both(&sandbox, "misspelt_key", 2, &["get"], &[]).says(&["versoin", "version"]);
}

#[test]
fn not_here() {
    let sandbox = Sandbox::new();
    both(&sandbox, "not_here", 3, &["which", "--version", "0.2.0"], &[]);
}

#[test]
fn offline() {
    let sandbox = Sandbox::new();
    let source = "https://mirror.invalid/x";
    let get = ["get", "--offline", "--source", source, "--version", "0.2.0"];
    both(&sandbox, "offline", 7, &get, &[]);
}

#[test]
fn a_secret_in_a_url_is_never_printed() {
    let (sandbox, nobody) = (Sandbox::new(), Unreachable::new());
    let url = nobody.url().replace("http://", "http://user:hunter2@");
    for args in [
        vec!["get", "--source", &url, "--version", "0.2.0"],
        vec!["get", "--source", &url, "--version", "0.2.0", "--json", "-vv"],
    ] {
        let run = sandbox.loom(&args);
        assert_ne!(run.exit(), 0);
        assert!(!(run.stdout() + &run.stderr()).contains("hunter2"));
    }
}
