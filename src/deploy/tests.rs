//! What is rendered for each target.

use std::{collections::BTreeMap, path::PathBuf};

use loom_source::{Authority, Digest, Name, Platform, Selector};

use super::{DeployError, DeployOptions, DeployTarget, RenderedFile, render};
use crate::{
    config::{Env, Inputs, Resolved, project_alone},
    lock::{LockedBinary, LockedPlatform},
};

/// A project with everything that matters to a deployment; every secret in it is `hush`.
const FULL: &str = r#"
name = "Demo_Project"
version = "1.2.3"
description = "Agents: \"demo\" at 50%"

[bridge]
version = "^0.2"
allow_users = [33]

[dashboard]
enabled = true
port = 3131
allowed_hosts = ["loom.example"]

[llm]
default = "open-ai"

[llm.open-ai]
type = "openai"
api_key = "${OPEN_AI_API_KEY:-hush}"
api_base = "https://api.example/v1"

[llm.local]
api_base = "http://127.0.0.1:11434/v1"
model = "m"

[mcp.files]
command = "npx"
args = ["-y", "files", "$HOME/100%"]
env = { TOKEN = "hush", OTHER = "${FILES_KEY:-hush}", PLAIN = "${NAME}" }

[agents.planner]
llm_provider = "local"
topics = ["plans"]

[deploy]
tls = true
"#;

/// The settings of a project whose file has this text, on a machine with variables that must not matter.
fn resolved(text: &str) -> Resolved {
    let files = BTreeMap::from([(PathBuf::from("/p/loom.toml"), text.to_owned())]);
    let env: Env = [
        ("LOOM_DASHBOARD_PORT", "4040"),
        ("LOOM_BRIDGE_TOKEN", "hush"),
        ("OPEN_AI_API_KEY", "hush"),
        ("FILES_KEY", "hush"),
        ("NAME", "hush"),
    ]
    .into_iter()
    .collect();
    let inputs =
        Inputs { cwd: "/p".into(), home: Some("/home/u".into()), env, ..Inputs::default() };
    project_alone(&inputs, &files).unwrap().unwrap()
}

/// A project with an image of its user's own.
fn with_image(text: &str) -> Resolved {
    resolved(&format!("{text}image = \"registry.example/my-loom@sha256:{}\"\n", "ab".repeat(32)))
}

fn locked() -> LockedBinary {
    let tree = Some(Digest::of(b"tree"));
    let platform =
        LockedPlatform { tree, statement: None, archives: Vec::new(), evidence: Vec::new() };
    LockedBinary {
        name: Name::default(),
        authority: Authority::default(),
        requested: Selector::Latest,
        version: "0.2.0".parse().unwrap(),
        oci: None,
        platforms: BTreeMap::from([(Platform::LinuxX86_64, platform)]),
    }
}

fn files(resolved: &Resolved, target: DeployTarget) -> Result<Vec<RenderedFile>, DeployError> {
    let rendered = render(resolved, Some(&locked()), target, &DeployOptions::default());
    rendered.map(|(_, files)| files)
}

#[test]
fn the_files_of_each_target() {
    for target in DeployTarget::ALL {
        for (name, resolved) in [("full", with_image(FULL)), ("smallest", with_image("[deploy]\n"))]
        {
            let files = files(&resolved, target).unwrap();
            // Templates are the same for every project.
            let own = files.iter().filter(|file| !file.path.starts_with("templates/"));
            let text = own.map(|RenderedFile { path, text }| format!("=== {path}\n{text}"));
            let text = text.collect::<String>();
            insta::assert_snapshot!(format!("{}_{name}", target.as_str()), text);
        }
    }
}

#[test]
fn no_file_has_a_secret_or_anything_of_this_machine() {
    for target in DeployTarget::ALL {
        for RenderedFile { path, text } in files(&with_image(FULL), target).unwrap() {
            let target = target.as_str();
            for word in ["hush", "4040", "/home/u", "/p/"] {
                assert!(!text.contains(word), "{target}/{path} has {word}:\n{text}");
            }
        }
    }
}

#[test]
fn paths_are_sorted_and_stay_in_the_folder() {
    for target in DeployTarget::ALL {
        let files = files(&with_image(FULL), target).unwrap();
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        assert!(paths.is_sorted(), "{paths:?}");
        assert!(paths.iter().all(|path| !path.starts_with('/') && !path.contains("..")));
    }
}

/// The error for a project; options as given.
#[track_caller]
fn refused(text: &str, target: DeployTarget, options: &DeployOptions) -> String {
    render(&resolved(text), Some(&locked()), target, options).unwrap_err().to_string()
}

#[test]
fn nothing_runs_that_no_digest_pins() {
    let none = DeployOptions::default();
    let compose = DeployTarget::Compose;
    assert_eq!(refused("", compose, &none), "no image to deploy: nothing names one by its digest");
    let error = refused("[deploy]\nimage = \"my-loom:1\"\n", compose, &none);
    assert_eq!(error, "deploy.image names no digest: my-loom:1");
    let other = DeployOptions { platform: Some(Platform::LinuxAarch64), ..none.clone() };
    let error = refused("", DeployTarget::Systemd, &other);
    assert_eq!(error, "no program to run: the lock file has no tree for linux-aarch64");
    let unlocked = render(&resolved(""), None, DeployTarget::Systemd, &none).unwrap_err();
    assert!(matches!(unlocked, DeployError::NotLocked), "{unlocked}");
    let spaces = DeployOptions { program: Some("/bin/a b".to_owned()), ..none };
    assert!(refused("", DeployTarget::Systemd, &spaces).starts_with("the path of the program"));
}

#[test]
fn programs_of_mcp_servers_need_an_image_of_ones_own() {
    let image = |name: &str| DeployOptions {
        image: Some(format!("{name}@sha256:{}", "0".repeat(64)).parse().unwrap()),
        ..DeployOptions::default()
    };
    let servers = "[mcp.files]\ncommand = \"npx\"\n[mcp.web]\ncommand = \"uvx\"\n";
    for target in [DeployTarget::Kubernetes, DeployTarget::Helm, DeployTarget::Compose] {
        let error = refused(servers, target, &image("host/loom"));
        assert_eq!(error, "the image has no programs for MCP servers: [mcp.files], [mcp.web]");
    }
    let own = format!("{servers}[deploy]\nimage = \"host/own\"\n");
    let error = refused(&own, DeployTarget::Compose, &image("host/loom"));
    assert!(error.contains("[mcp.files]"), "{error}");
    let rendered = render(&resolved(&own), None, DeployTarget::Compose, &image("host/own:2"));
    assert!(rendered.is_ok(), "{rendered:?}");
    // Those of a unit run on its machine.
    assert!(files(&resolved(servers), DeployTarget::Systemd).is_ok());
}

#[test]
fn servers_over_http_run_from_any_image_and_their_headers_come_from_variables() {
    let servers = "[mcp.files]\nurl = \"https://files.example/mcp\"\n\
                   headers = { Authorization = \"Bearer ${HUSH}\", X-Key = \"${FILES_KEY}\" }\n[deploy]\n";
    for target in DeployTarget::ALL {
        let files = files(&with_image(servers), target).unwrap();
        let text: String = files.iter().map(|file| file.text.as_str()).collect();
        assert!(text.contains("FILES_AUTHORIZATION") && text.contains("FILES_KEY"), "{text}");
        assert!(!text.contains("HUSH") && !text.contains("\"/tmp\""), "{text}");
    }
    let secret = "[mcp.a]\nurl = \"https://u:hush@host/\"\n[deploy]\n";
    let error = files(&with_image(secret), DeployTarget::Compose).unwrap_err().to_string();
    assert_eq!(error, "mcp.a.url may hold a secret, which would be readable in what is rendered");
}

#[test]
fn what_the_history_keeps_is_rendered_without_a_path_of_this_machine() {
    let table = "[history]\nfile = 'kept.db'\nmax_age = '90m'\n[dashboard]\ncontent = 'off'\n[llm.a.price]\n\
                 input = 2.5\n[deploy]\n";
    for target in DeployTarget::ALL {
        let rendered = |text: &str| -> String {
            let files = files(&with_image(text), target).unwrap();
            files.iter().map(|file| file.text.as_str()).collect()
        };
        let text = rendered(table);
        for part in ["LOOM_HISTORY_MAX_AGE", "1h 30m", "LOOM_DASHBOARD_CONTENT", "2.5"] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert!(!text.contains("kept.db"), "{text}");
        assert!(rendered("[history]\nfile = 'memory'\n[deploy]\n").contains("LOOM_HISTORY"));
    }
}

#[test]
fn values_that_may_be_secret_are_refused() {
    for (text, expected) in [
        ("[llm.a]\nmodel = \"${MODEL:-x}\"\n", "llm.a.model names a variable"),
        ("[llm.a]\napi_base = \"https://u:hush@host/\"\n", "llm.a.api_base may hold a secret"),
        ("[llm.a]\nextra = { token = \"hush\" }\n", "llm.a.extra.token may hold a secret"),
        (
            "[mcp.a]\ncommand = \"c\"\nargs = [\"--api-key\", \"hush\"]\n",
            "mcp.a.args[1] may hold a secret",
        ),
        (
            "[mcp.a]\ncommand = \"c\"\nargs = [\"--token=hush\"]\n",
            "mcp.a.args[0] may hold a secret",
        ),
        ("[agents.a]\npassword = \"hush\"\n", "agents.a.password may hold a secret"),
    ] {
        for target in DeployTarget::ALL {
            let error = files(&with_image(&format!("{text}[deploy]\n")), target).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with(expected) && !error.contains("hush"), "{error}");
        }
    }
}

#[test]
fn one_variable_has_one_value() {
    let servers = |second: &str| {
        format!(
            "[mcp.a]\ncommand = \"c\"\nenv = {{ KEY = \"one\" }}\n\
             [mcp.b]\ncommand = \"c\"\nenv = {{ KEY = \"{second}\" }}\n[deploy]\n"
        )
    };
    let render = |second: &str| files(&with_image(&servers(second)), DeployTarget::Compose);
    assert!(render("one").is_ok());
    assert!(render("${OTHER}").is_ok());
    let error = render("two").unwrap_err().to_string();
    assert_eq!(error, "the MCP servers a and b have different values for KEY");
}

#[test]
fn a_server_gets_no_variable_that_configures_the_runtime() {
    let render = |env: &str| {
        let text = format!("[mcp.a]\ncommand = \"c\"\nenv = {{ {env} }}\n[deploy]\n");
        files(&with_image(&text), DeployTarget::Compose).map_err(|error| error.to_string())
    };
    for (env, variable) in [
        ("LOOM_BRIDGE_ADDR = \"hush\"", "LOOM_BRIDGE_ADDR"),
        ("A = \"${LOOM_DASHBOARD}\"", "LOOM_DASHBOARD"),
        ("PATH = \"/bin\"", "PATH"),
    ] {
        let expected = format!("the MCP server a gets {variable}, which the runtime itself reads");
        assert_eq!(render(env).unwrap_err(), expected);
    }
    for env in ["LOOM_BRIDGE_ADDR = \"${BRIDGE}\"", "A = \"${LOOM_BRIDGE_TOKEN}\""] {
        assert!(render(env).is_ok(), "{env}");
    }
}
