//! What is rendered is accepted by the programs that judge such files.

use std::{fs, path::PathBuf, process::Command};

use super::{IMAGE, demand, finished};
use crate::support::{Sandbox, node};

/// The minor versions of Kubernetes that are supported.
const KUBERNETES: [&str; 5] = ["1.33", "1.34", "1.35", "1.36", "1.37"];

/// The highest exposure that `systemd-analyze security` may find, in tenths.
const EXPOSURE: &str = "--threshold=15";

/// Kinds of objects that are rendered: ConfigMap, Deployment, NetworkPolicy, Service.
const OBJECTS: usize = 4;

/// A project that uses everything that changes the files, and the variables that it needs.
const FULL: &str = r#"name = "Demo_Project"
version = "1.2.3"
description = "Agents: \"demo\" at 50%"

[bridge]
allow_users = [33]

[dashboard]
port = 3131
allowed_hosts = ["loom.example"]

[llm.open-ai]
type = "openai"
api_key = "${OPEN_AI_API_KEY}"

[llm.local]
api_base = "http://127.0.0.1:11434/v1"

[mcp.files]
command = "npx"
args = ["-y", "files", "$HOME/100%"]
env = { OTHER = "${FILES_KEY}" }

[agents.planner]
topics = ["plans"]

[deploy]
image = "registry.example/loom"
tls = true
"#;

/// Every project with the name of its deployment.
const PROJECTS: [(&str, &str); 3] = [
    ("loom", ""),
    ("demo", "name = \"demo\"\n[dashboard]\nenabled = false\n"),
    ("demo-project", FULL),
];

/// A project with what is rendered for a target in a folder of the target's name.
fn rendered(text: &str, target: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("loom.toml", text);
    let what = match target {
        "systemd" => ["--program", "/bin/true"],
        _ => ["--image", IMAGE],
    };
    let render = ["deploy", "render", "--target", target, "--to", target];
    sandbox.loom(&[&render[..], &what].concat()).ok();
    sandbox
}

/// A program of the Python environment: by the interpreter, because its first line may name a folder that this user may
/// not read.
fn python(sandbox: &Sandbox, program: &str) -> Command {
    let mut python = sandbox.command(node::python("python"));
    python.arg(node::python(program));
    python
}

/// `kubernetes-validate` for one version, which also refuses properties that it does not know.
fn validate(sandbox: &Sandbox, version: &str, file: &str) -> Command {
    let mut validate = python(sandbox, "kubernetes-validate");
    validate.args(["--strict", "-k", version, file]);
    validate
}

/// Every version accepts all objects of these manifests.
fn all_versions_accept(manifests: &[String]) {
    let sandbox = Sandbox::new();
    sandbox.write("manifests.yaml", &manifests.join("\n---\n"));
    for version in KUBERNETES {
        let printed = demand(validate(&sandbox, version, "manifests.yaml"));
        let passed = printed.matches("passed for resource").count();
        assert_eq!(passed, OBJECTS * manifests.len(), "{version}: {printed}");
    }
}

fn kustomize(sandbox: &Sandbox) -> Command {
    let mut kubectl = sandbox.command(node::python("kubectl"));
    kubectl.args(["kustomize", "kubernetes"]);
    kubectl
}

fn helm(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut helm = sandbox.command(node::python("helm"));
    helm.args(args);
    helm
}

/// `podman-compose config` where each of these variables is `hush`.
fn compose(sandbox: &Sandbox, secrets: &[&str]) -> Command {
    let mut compose = python(sandbox, "podman-compose");
    compose.args(["-f", "compose/compose.yaml", "config"]);
    compose.envs(secrets.iter().map(|name| (name, "hush")));
    compose
}

fn analyze(sandbox: &Sandbox, args: &[&str], unit: &str) -> Command {
    let mut analyze = sandbox.command("systemd-analyze");
    analyze.args(args).arg(format!("systemd/{unit}.service"));
    analyze
}

#[test]
fn kubernetes_accepts_the_manifests() {
    let mut all = Vec::new();
    for (name, text) in PROJECTS {
        let sandbox = rendered(text, "kubernetes");
        let manifests = demand(kustomize(&sandbox));
        assert!(manifests.contains(&format!("name: {name}-config")), "{manifests}");
        all.push(manifests);
    }
    all_versions_accept(&all);
}

#[test]
fn helm_accepts_the_chart_and_kubernetes_what_it_makes_of_it() {
    // What a user may change of the values.
    let changes = "imagePullSecrets[0].name=pull,nodeSelector.disk=ssd,tolerations[0].key=gpu,\
                   tolerations[0].operator=Exists,resources.limits.cpu=2";
    let mut all = Vec::new();
    for (_, text) in PROJECTS {
        let sandbox = rendered(text, "helm");
        demand(helm(&sandbox, &["lint", "--strict", "helm"]));
        for changes in [&[][..], &["--set", changes]] {
            let template = ["template", "release", "helm"];
            let manifests = demand(helm(&sandbox, &[&template[..], changes].concat()));
            assert!(manifests.contains("name: release-config"), "{manifests}");
            all.push(manifests);
        }
    }
    all_versions_accept(&all);
    let sandbox = rendered("", "helm");
    let without = ["template", "release", "helm", "--set", "networkPolicy.enabled=false"];
    assert!(!demand(helm(&sandbox, &without)).contains("kind: NetworkPolicy"));
}

/// Fails where two texts in YAML have different objects. Labels and annotations name the program that manages an object.
const COMPARE: &str = "\
import sys, yaml

def plain(value):
    if isinstance(value, dict):
        own = ('annotations', 'labels', 'optional')
        return {key: plain(item) for key, item in value.items() if key not in own}
    return [plain(item) for item in value] if isinstance(value, list) else value

def objects(text):
    return {item['kind']: plain(item) for item in yaml.safe_load_all(text)}

one, other = map(objects, sys.argv[1:])
for kind in sorted(one.keys() | other.keys()):
    assert one.get(kind) == other.get(kind), f'{one.get(kind)}\\n{other.get(kind)}'
";

#[test]
fn the_chart_has_the_objects_of_the_manifests() {
    for (name, text) in PROJECTS {
        let manifests = demand(kustomize(&rendered(text, "kubernetes")));
        let chart = demand(helm(&rendered(text, "helm"), &["template", name, "helm"]));
        let mut compare = Command::new(node::python("python"));
        compare.args(["-c", COMPARE, &manifests, &chart]);
        demand(compare);
    }
}

#[test]
fn compose_reads_the_values_that_the_project_has() {
    let sandbox = rendered("", "compose");
    let (succeeded, printed) = finished(&mut compose(&sandbox, &[]));
    assert!(!succeeded && printed.contains("set LOOM_BRIDGE_TOKEN"), "{printed}");
    let printed = demand(compose(&sandbox, &["LOOM_BRIDGE_TOKEN"]));
    assert!(printed.contains("LOOM_BRIDGE_TOKEN: hush"), "{printed}");

    let sandbox = rendered(FULL, "compose");
    let secrets = ["FILES_KEY", "LOOM_BRIDGE_TOKEN", "OPEN_AI_API_KEY"];
    let printed = demand(compose(&sandbox, &secrets));
    // `$` is a character of the value, and no variable of compose.
    for value in ["$HOME/100%", "${FILES_KEY}", "OPEN_AI_API_KEY: hush", "LOCAL_API_KEY: ''"] {
        assert!(printed.contains(value), "no {value} in {printed}");
    }
    assert!(!printed.contains("$$"), "{printed}");
}

#[test]
fn systemd_accepts_the_unit_and_finds_it_hardened() {
    for (name, text) in PROJECTS {
        let sandbox = rendered(text, "systemd");
        demand(analyze(&sandbox, &["verify", "--recursive-errors=no"], name));
        demand(analyze(&sandbox, &["security", "--offline=true", EXPOSURE], name));
    }
}

/// A judge that accepts everything would prove nothing.
#[test]
fn every_judge_finds_a_mistake() {
    let replace = |path: PathBuf, from: &str, to: &str| {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        fs::write(path, text.replace(from, to)).unwrap();
    };
    let refuses = |mut judge: Command, reason: &str| {
        let (succeeded, printed) = finished(&mut judge);
        assert!(!succeeded && printed.contains(reason), "{judge:?}: {printed}");
    };
    let sandbox = rendered("", "kubernetes");
    let file = |path: &str| sandbox.project().join(path);
    replace(file("kubernetes/deployment.yaml"), "replicas: 1", "replica: 1");
    for version in KUBERNETES {
        refuses(validate(&sandbox, version, "kubernetes/deployment.yaml"), "replica");
    }
    fs::remove_file(file("kubernetes/service.yaml")).unwrap();
    refuses(kustomize(&sandbox), "service.yaml");

    let sandbox = rendered("", "helm");
    let file = |path: &str| sandbox.project().join(path);
    replace(file("helm/templates/service.yaml"), "loom.labels", "loom.label");
    refuses(helm(&sandbox, &["lint", "--strict", "helm"]), "loom.label");

    let sandbox = rendered("", "compose");
    replace(sandbox.project().join("compose/compose.yaml"), "${", "${:");
    refuses(compose(&sandbox, &["LOOM_BRIDGE_TOKEN"]), "");

    let sandbox = rendered("", "systemd");
    let unit = sandbox.project().join("systemd/loom.service");
    replace(unit.clone(), "DynamicUser=yes", "");
    refuses(analyze(&sandbox, &["security", "--offline=true", EXPOSURE], "loom"), "");
    replace(unit, "ProtectSystem=", "ProtectsSystem=");
    refuses(analyze(&sandbox, &["verify", "--recursive-errors=no"], "loom"), "ProtectsSystem");
}
