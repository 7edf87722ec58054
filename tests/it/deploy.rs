//! `loom deploy`: what is rendered depends on the project alone, holds no secret, and is compared.

mod charts;
mod examples;
mod judges;
mod runs;
mod units;

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::json;

use crate::support::{Packing, Plain, Sandbox, Sums, platform, program, schema};

/// An image by its digest.
const IMAGE: &str =
    "registry.example/loom@sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A project with secrets, all of them `hush`.
const PROJECT: &str = r#"name = "demo"

[dashboard]
port = 3131

[llm.deepseek]
api_key = "${DEEPSEEK_API_KEY}"
"#;

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new();
    for name in ["DEEPSEEK_API_KEY", "LOOM_BRIDGE_TOKEN", "KEY"] {
        sandbox.set(name, "hush");
    }
    sandbox.set("LOOM_DASHBOARD_PORT", "4040");
    sandbox.write("loom.toml", PROJECT);
    sandbox
}

/// Runs the program of another; it must succeed. Returns both of its outputs.
#[track_caller]
fn demand(mut command: Command) -> String {
    let (succeeded, printed) = finished(&mut command);
    assert!(succeeded, "{command:?}: {printed}");
    printed
}

/// Whether a program succeeds, and what it prints.
fn finished(command: &mut Command) -> (bool, String) {
    let output = command.output();
    let output = output
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask test` installs it"));
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

/// The texts of the files below a folder, by their paths.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            texts.extend(self::texts(&path).into_iter().map(|(n, t)| (format!("{name}/{n}"), t)));
        } else {
            texts.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    texts
}

#[test]
fn every_target_is_rendered_alike_on_all_machines_and_without_secrets() {
    let (one, mut other) = (sandbox(), sandbox());
    other.set("DEEPSEEK_API_KEY", "other").unset("LOOM_DASHBOARD_PORT");
    other.write(other.home().join(".config/loom/config.toml"), "[dashboard]\nport = 5050\n");
    for target in ["kubernetes", "helm", "compose", "systemd"] {
        let mut args = vec!["deploy", "render", "--target", target, "--to", target];
        args.extend(match target {
            "systemd" => ["--program", "/usr/bin/loom-bridge-server"],
            _ => ["--image", IMAGE],
        });
        for sandbox in [&one, &other] {
            sandbox.loom(&args).ok().never_says(&["hush"]);
        }
        let rendered = texts(&one.project().join(target));
        assert_eq!(rendered, texts(&other.project().join(target)), "{target}");
        assert!(rendered.len() >= 2, "{rendered:?}");
        for (path, text) in &rendered {
            assert!(!text.contains("hush") && !text.contains("4040"), "{target}/{path}: {text}");
        }
        let again = one.loom(&args).ok();
        assert_eq!(again.stdout(), "", "nothing differs");
        one.loom(&["deploy", "diff", target]).ok();
    }
}

#[test]
fn a_difference_is_shown_and_is_exit_code_1() {
    let sandbox = sandbox();
    let render = ["deploy", "render", "--to", "out"];
    sandbox.loom(&render).code(2).says(&["no target", "--target kubernetes"]);
    sandbox.loom(&["deploy", "diff", "out"]).code(2).says(&["nothing was rendered into out"]);
    sandbox.loom(&[&render[..], &["--target", "compose", "--image", IMAGE]].concat()).ok();

    sandbox.write("loom.toml", &PROJECT.replace("3131", "3132"));
    let diff = sandbox.loom(&["deploy", "diff", "out"]).code(1).stdout();
    let lines: Vec<&str> = diff.lines().collect();
    assert_eq!(lines[0], "compose.yaml");
    assert!(lines.contains(&"  -      - \"127.0.0.1:3131:3131\""), "{diff}");
    assert!(lines.contains(&"  +      - \"127.0.0.1:3132:3132\""), "{diff}");
    let run = sandbox.loom(&["deploy", "diff", "out", "--json"]).code(1);
    schema::validate(&run);
    assert_eq!(run.json()["differences"][0]["change"], "changed");

    // The next render keeps target and image.
    let run = sandbox.loom(&[&render[..], &["--json"]].concat()).ok();
    schema::validate(&run);
    let document = run.json();
    assert_eq!(document["target"], "compose");
    assert_eq!(document["changed"], json!(["compose.yaml"]));
    let variables = json!([
        {"name": "DEEPSEEK_API_KEY", "required": true},
        {"name": "LOOM_BRIDGE_TOKEN", "required": true},
    ]);
    assert_eq!(document["variables"], variables);
    assert!(
        fs::read_to_string(sandbox.project().join("out/compose.yaml")).unwrap().contains(IMAGE)
    );
    sandbox.loom(&["deploy", "diff", "out"]).ok();
}

#[test]
fn what_others_wrote_stays_and_what_an_earlier_render_left_goes() {
    let sandbox = sandbox();
    let render = |target| ["deploy", "render", "--to", "out", "--target", target, "--image", IMAGE];
    let mine = sandbox.write("out/compose.yaml", "mine\n");
    let run = sandbox.loom(&render("compose")).code(2);
    run.says(&["compose.yaml exists, and was not rendered", "--replace"]);
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine\n");
    assert!(!sandbox.project().join("out/loom-deploy.toml").exists());
    sandbox.loom(&[&render("compose")[..], &["--replace"]].concat()).ok();

    let note = sandbox.write("out/note.txt", "mine\n");
    let printed = sandbox.loom(&render("kubernetes")).ok().stdout();
    assert!(printed.contains("- compose.yaml\n") && printed.contains("+ service.yaml\n"));
    assert!(!mine.exists() && note.exists());

    // A record does not lead out of its folder.
    let victim = sandbox.write("victim", "mine\n");
    let record = sandbox.project().join("out/loom-deploy.toml");
    let text = fs::read_to_string(&record).unwrap().replace("service.yaml", "../victim");
    fs::write(&record, text).unwrap();
    sandbox.loom(&render("kubernetes")).code(2).says(&["leaves the folder"]);
    assert!(victim.exists());
}

#[test]
fn servers_whose_programs_the_image_does_not_have_are_named() {
    let sandbox = sandbox();
    sandbox.write("loom.toml", "[mcp.files]\ncommand = \"npx\"\nenv = { KEY = \"${KEY}\" }\n");
    let args = ["deploy", "render", "--target", "compose", "--to", "out", "--image", IMAGE];
    let run = sandbox.loom(&args).code(2);
    run.says(&["no programs for MCP servers: [mcp.files]", "deploy.image"]);
    assert!(!sandbox.project().join("out").exists());
}

#[test]
fn a_unit_starts_the_locked_tree() {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Sidecar);
    let sandbox = sandbox();
    let args = ["deploy", "render", "--target", "systemd", "--to", "out"];
    let platform = platform();
    let args = [&args[..], &["--platform", &platform]].concat();
    sandbox.loom(&args).code(8).says(&["no lock file", "loom lock --full"]);
    sandbox.sources(&[(&mirror.url(), "")]);
    sandbox.loom(&["lock", "--full"]).ok();
    sandbox.loom(&args).ok();
    let unit = fs::read_to_string(sandbox.project().join("out/demo.service")).unwrap();
    let tree = sandbox.trees().remove(0);
    let start = format!("ExecStart=/opt/loom/store/{tree}/loom-bridge-server\n");
    assert!(unit.contains(&start), "{start}{unit}");

    sandbox.write("loom.toml", &format!("{PROJECT}[bridge]\nversion = \"^0.3\"\n"));
    sandbox.loom(&args).code(8).says(&["loom.lock does not agree"]);
}
