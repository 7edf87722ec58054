//! The schemas of `docs/schemas`: valid, complete, and true for a session with every command.

use std::{
    collections::BTreeSet,
    fs,
    net::{TcpListener, TcpStream},
};

use loom_test_support::github::{GithubServer, Repository};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    ArtifactKind, Entry, Hub, Packing, Plain, Run, Sandbox, SignedDepot, Sums, bridge_call,
    platform, program,
    schema::{self, WITHOUT_SCHEMA},
    until,
};

#[test]
fn the_examples_of_the_schemas_are_valid() {
    let names = schema::names();
    assert!(names.len() > 20, "only {} schemas were found", names.len());
    for name in names {
        let document = schema::load(&name).unwrap();
        let problems = jsonschema::draft202012::meta::validate(&document);
        assert!(problems.is_ok(), "docs/schemas/{name}.json: {problems:?}");
        let examples = document["examples"].as_array().cloned().unwrap_or_default();
        assert!(!examples.is_empty(), "docs/schemas/{name}.json has no example");
        for example in examples {
            let problems = schema::problems(&name, &example);
            assert!(problems.is_empty(), "{}", problems.join("\n"));
        }
    }
}

#[test]
fn every_command_has_a_schema() {
    let sandbox = Sandbox::new();
    let reference: Value =
        serde_json::from_slice(&sandbox.loom(&["reference", "--json"]).ok().output.stdout).unwrap();
    let paths: Vec<&str> = reference["commands"]
        .as_array()
        .unwrap()
        .iter()
        .map(|command| command["path"].as_str().unwrap())
        .collect();
    let is_group =
        |path: &str| path.is_empty() || paths.iter().any(|p| p.starts_with(&format!("{path} ")));
    let names = schema::names();
    let commands: BTreeSet<String> = paths
        .iter()
        .filter(|path| !is_group(path))
        .map(|path| path.replace(' ', "-"))
        .filter(|name| !WITHOUT_SCHEMA.contains(&&**name) && !name.starts_with('_'))
        .collect();
    let missing: Vec<&String> = commands.iter().filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "no schemas for {missing:?}");
    let variants = [
        "error",
        "list-generations",
        "list-remote",
        "runs",
        "trust",
        "trust-list",
        "trust-revoke",
        "update-check",
    ];
    let surplus = |name: &&String| !commands.contains(*name) && !variants.contains(&&***name);
    let surplus: Vec<&String> = names.iter().filter(surplus).collect();
    assert!(surplus.is_empty(), "no commands for {surplus:?}");
}

/// A session that prints every document.
struct Session {
    sandbox: Sandbox,
    /// The names of the schemas that were used.
    used: BTreeSet<String>,
}

impl Session {
    fn run(&mut self, args: &[&str]) -> Run {
        let mut args = args.to_vec();
        args.push("--json");
        let run = self.sandbox.loom(&args);
        self.used.extend(schema::validate(&run));
        run
    }
}

#[test]
fn every_schema_describes_a_document_of_a_session() {
    let mirror = Plain::empty();
    mirror.add("0.1.0", Packing::TarGz, &program::small("0.1.0"), Sums::Sidecar);
    mirror.add("0.2.0", Packing::Bare, &program::server(), Sums::Sidecar);
    let url = mirror.url();
    let mut session = Session { sandbox: Sandbox::new(), used: BTreeSet::new() };

    acquire(&mut session, &url);
    session.run(&["use", "0.1.0"]).ok();
    session.run(&["use", "0.2.0"]).ok();
    session.run(&["rollback"]).ok();
    session.run(&["list", "--generations"]).ok();
    session.run(&["store", "keep", "0.1.0"]).ok();
    session.run(&["store", "keep", "0.1.0", "--remove"]).ok();
    session.run(&["use", "--none"]).ok();
    session.run(&["source", "list"]).ok();
    session.run(&["source", "test", "--source", &url]).ok();
    session.run(&["doctor"]);
    configure(&mut session, &url);
    launch(&mut session, &url);
    keep_mirror(&mut session, &url);
    session.run(&["remove", "0.1.0", "--forget"]).ok();
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let accept = ["trust", "accept", "loom-bridge-server", "0.1.0", "--digest", digest];
    session.run(&accept).ok();
    develop(&mut session);
    trust_roots(&mut session);
    release(&mut session);

    replace_program(&mut session);

    let all: BTreeSet<String> = schema::names().into_iter().collect();
    let unused: Vec<&String> = all.difference(&session.used).collect();
    assert!(unused.is_empty(), "no document of {unused:?} was printed");
}

/// A copy of the program replaces itself, and goes back.
fn replace_program(session: &mut Session) {
    let program = session.sandbox.root().join("loom");
    fs::copy(Sandbox::program(), &program).unwrap();
    let mirror = SignedDepot::of(&[]);
    let bytes = b"#!/bin/sh\necho loom 9.0.0\n".to_vec();
    let entry = Entry { path: "loom".to_owned(), exec: true, bytes };
    mirror.depot.add_of("loom", "9.0.0", &[entry], &[ArtifactKind::Archive(Packing::TarGz)]);
    mirror.sign();
    let (file, sha256) = mirror.anchor();
    session.sandbox.sources(&[(&mirror.url(), "")]);
    session.run(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    for args in [&["self", "update", "--json"][..], &["self", "rollback", "--json"]] {
        let mut command = session.sandbox.command(&program);
        command.args(args);
        let run = session.sandbox.start(args, command).wait().ok();
        session.used.extend(schema::validate(&run));
        fs::remove_file(&program).unwrap();
        fs::copy(Sandbox::program(), &program).unwrap();
    }
}

fn trust_roots(session: &mut Session) {
    let mirror = SignedDepot::of(&["0.1.0"]);
    let (file, sha256) = mirror.anchor();
    session.sandbox.sources(&[(&mirror.url(), "")]);
    session.run(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
    session.run(&["trust", "roots"]).ok();
    session.run(&["trust", "remove-root", &mirror.url()]).ok();
}

fn acquire(session: &mut Session, url: &str) {
    session.run(&["why", "0.9.0"]).code(3);
    session.run(&["get", "0.9.0", "--source", url]).code(3);
    session.run(&["why", "0.9.0"]).ok();
    session.run(&["get", "0.1.0", "--source", url]).ok();
    session.run(&["get", "0.2.0", "--source", url]).ok();
    session.run(&["which", "0.1.0"]).ok();
    session.run(&["list"]).ok();
    session.run(&["list", "--remote", "--source", url]).ok();
    session.run(&["outdated", "--source", url]).ok();
    session.run(&["update", "--check", "--source", url]).ok();
    session.run(&["update", "--source", url]).ok();
    session.run(&["why", "0.1.0"]).ok();
    let program = session.sandbox.write("program", "#!/bin/sh\necho added\n");
    let program = program.to_str().unwrap();
    session.run(&["store", "add", program, "--version", "0.3.0"]).code(6);
    session.run(&["store", "add", program, "--version", "0.3.0", "--allow-unverified"]).ok();
    session.run(&["store", "du"]).ok();
    session.run(&["store", "gc"]).ok();
    session.run(&["store", "path"]).ok();
    session.run(&["store", "verify"]).ok();
    session.run(&["store", "repair", "--dry-run"]).ok();
    session.run(&["store", "repair"]).ok();
    session.run(&["store", "dedup"]).ok();
}

fn configure(session: &mut Session, url: &str) {
    session.run(&["init"]).ok();
    session.run(&["config", "set", "bridge.mode", "bridge-only", "--project"]).ok();
    session.run(&["config", "get", "bridge.mode"]).ok();
    session.run(&["config", "get", "bridge"]).ok();
    session.run(&["config", "show"]).ok();
    session.run(&["config", "path"]).ok();
    session.run(&["config", "check"]).ok();
    session.run(&["lock", "--source", url]).ok();
    session.run(&["update", "--source", url]).ok();
    session.run(&["get", "--source", url, "--platform", &platform()]).ok();
    let unit =
        ["deploy", "render", "--target", "systemd", "--program", "/bin/loom", "--to", "unit"];
    session.run(&unit).ok();
    session.run(&["deploy", "diff", "unit"]).ok();
    session.run(&["config", "show"]).ok();
    fs::remove_file(session.sandbox.project().join("loom.lock")).unwrap();
    let file = session.sandbox.project().join("loom.toml");
    let valid = fs::read_to_string(&file).unwrap();
    session.sandbox.write("loom.toml", "[bridge]\nmdoe = \"full\"\n\n[mcp.x]\ncommand = \"x\"\n");
    session.run(&["config", "check"]).code(2);
    session.sandbox.write("loom.toml", "[mcp.files]\ncommand = \"npx\"\n");
    session.run(&["config", "show"]).ok();
    session.run(&["trust"]).ok();
    session.run(&["trust", "--list"]).ok();
    session.run(&["trust", "--revoke"]).ok();
    fs::write(file, valid).unwrap();
    session.run(&["trust"]).ok();
}

fn launch(session: &mut Session, url: &str) {
    let ports = ["--bridge-port", "0", "--dashboard-port", "0", "--mode", "full"];
    let up = ["up", "--version", "0.2.0", "--source", url, "--detach"];
    session.run(&[&up[..], &ports].concat()).ok();
    session.run(&["status"]).ok();
    session.run(&["env"]).ok();
    session.run(&["logs", "-n", "1"]).ok();
    show_runs(session);
    session.run(&["restart"]).ok();
    session.run(&["down"]).ok();
}

fn show_runs(session: &mut Session) {
    let status = session.run(&["status"]).ok().json();
    bridge_call::publish(&status["instances"][0]["bridge"]["address"], "price", "{}");
    let mut id = String::new();
    until("the run is listed", || {
        let runs = session.run(&["runs", "--topic", "price"]).ok().json();
        id = runs["runs"][0]["id"].as_str().unwrap_or_default().to_owned();
        !id.is_empty()
    });
    session.run(&["runs", "show", &id]).ok();
    session.run(&["runs", "export", &id, "-o", "run.json"]).ok();
    session.run(&["runs", "replay", "run.json"]).ok();
    session.run(&["runs", "rm", &id]).ok();
    session.run(&["publish", "price", "1"]).ok();
    session.run(&["events"]).ok();
    session.run(&["call", "llm:generate"]).code(1);
}

fn develop(session: &mut Session) {
    let checkout = schema::repository();
    session.run(&["dev", "link", checkout.to_str().unwrap()]).ok();
    session.run(&["dev", "find"]).ok();
    session.run(&["dev", "unlink"]).ok();
}

fn keep_mirror(session: &mut Session, url: &str) {
    session.run(&["mirror", "init", "--to", "./m", "--keys", "keys", "--timestamp"]).ok();
    let keys = ["--key", "keys/index.pem", "--key", "keys/timestamp.pem"];
    let with_keys = |args: &[&'static str]| [args, &keys[..]].concat();
    session.run(&[&["mirror", "sync", "--from", url, "--to", "./m"][..], &keys].concat()).ok();
    session
        .run(&with_keys(&[
            "mirror",
            "push",
            "--to",
            "./m",
            "loom-bridge-server",
            "0.3.0",
            "--allow-unverified",
        ]))
        .ok();
    session.run(&["mirror", "push", "--to", "./other", "loom-bridge-server", "0.2.0"]).ok();
    session.run(&with_keys(&["mirror", "index", "./m"])).ok();
    session.run(&with_keys(&["mirror", "index", "./m", "--refresh"])).ok();
    session.run(&with_keys(&["mirror", "yank", "./m", "0.1.0"])).ok();
    session.run(&["mirror", "diff", "./m", "./other"]).code(1);
    session.run(&["mirror", "verify", "./m"]).ok();
    session.run(&["mirror", "gc", "./m", "--dry-run"]).ok();
    carry(session);
    session.run(&["mirror", "root", "new", "./m", "--to", "draft"]).ok();
    session.run(&["mirror", "root", "sign", "draft", "--key", "keys/root.pem"]).ok();
    session.run(&["mirror", "root", "publish", "draft", "--to", "./m"]).ok();
}

/// Bundles, and a server that is stopped.
fn carry(session: &mut Session) {
    let bundle =
        ["mirror", "bundle", "--to", "x.loombundle", "--from", "./m", "--version", "0.2.0"];
    session.run(&bundle).ok();
    session.run(&["mirror", "verify", "x.loombundle"]).ok();
    session.run(&["mirror", "import", "x.loombundle"]).ok();
    session.run(&["mirror", "import", "x.loombundle", "--to", "./copy"]).ok();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = address.to_string();
    let server = session.sandbox.spawn(&["mirror", "serve", "./m", "--listen", &listen, "--json"]);
    until("the server listens", || TcpStream::connect(address).is_ok());
    server.signal(Signal::INT);
    session.used.extend(schema::validate(&server.wait().ok()));
}

fn release(session: &mut Session) {
    let repository = Repository { git_tags: vec!["v0.2.0".into()], ..Repository::default() };
    let hub = Hub { server: GithubServer::start(repository) };
    hub.configure(&session.sandbox, "token_env = \"HUB_TOKEN\"");
    session.sandbox.set("HUB_TOKEN", "right-t0ken");
    let program = session.sandbox.write("server", "#!/bin/sh\necho released\n");
    let pack = ["release", "pack", "--program", program.to_str().unwrap()];
    session.run(&[&pack[..], &["--version", "0.2.0", "--to", "dist"]].concat()).ok();
    let key = ["-G", "-W", "-s", "minisign.key", "-p", "minisign.pub"];
    let made = session.sandbox.command("minisign").args(key).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    session.run(&["release", "sign", "dist", "--minisign", "minisign.key"]).ok();
    session.run(&["release", "publish", "dist", "--to", "hub"]).ok();
    session.run(&["release", "check", "hub", "0.2.0", "--key", "minisign.pub"]).code(3);
}
