//! A compose file, for Docker and podman.

use loom_base::HostPort;
use serde_json::{Map, Value, json};

use super::{
    Deployment, RenderedFile,
    deployment::TLS_FOLDER,
    pod::{ANY_HOST, PROGRAM, STOP_SECONDS, USER},
    yaml,
};

/// The head of the file.
const HEAD: &str = "\
# Rendered by `loom deploy render`: change loom.toml and render again.
# Variables without a value here are taken from the environment, or from the file .env beside this one.
";

/// All files.
pub(super) fn files(deployment: &Deployment) -> Vec<RenderedFile> {
    let mut service = json!({
        "cap_drop": ["ALL"],
        "environment": environment(deployment),
        "healthcheck": {
            "interval": "10s", "retries": 3, "start_period": "10s",
            "test": ["CMD", PROGRAM, "--health"], "timeout": "6s",
        },
        "image": deployment.image(),
        "ports": ports(deployment),
        "read_only": true,
        "restart": "unless-stopped",
        "security_opt": ["no-new-privileges:true"],
        "stop_grace_period": format!("{STOP_SECONDS}s"),
        "user": format!("{USER}:{USER}"),
    });
    if deployment.tls {
        service["volumes"] = json!([format!("./tls:{TLS_FOLDER}:ro")]);
    }
    if deployment.has_mcp {
        service["tmpfs"] = json!(["/tmp"]);
    }
    let mut services = Map::new();
    services.insert(deployment.name.clone(), service);
    let file = json!({"name": deployment.name, "services": services});
    vec![RenderedFile::new("compose.yaml", HEAD.to_owned() + &yaml::document(&file))]
}

/// The variables. Compose puts variables of its own environment into `${…}`, and stops where one is missing that the
/// runtime needs.
fn environment(deployment: &Deployment) -> Value {
    let variables = deployment.variables(Some(ANY_HOST)).into_iter();
    let mut all: Map<String, Value> =
        variables.map(|(name, value)| (name, value.replace('$', "$$").into())).collect();
    for secret in &deployment.secrets {
        let name = &secret.name;
        let value = if secret.is_required {
            format!("${{{name}:?set {name}}}")
        } else {
            format!("${{{name}:-}}")
        };
        all.insert(name.clone(), value.into());
    }
    if deployment.has_mcp {
        all.insert("HOME".to_owned(), "/tmp".into());
    }
    all.into()
}

/// The ports, on the hosts that the project names: those that are loopback stay so.
fn ports(deployment: &Deployment) -> Value {
    let published = |address: &HostPort| {
        let host = if address.host == "localhost" { "127.0.0.1" } else { &address.host };
        let published = HostPort::new(host, address.port);
        Value::from(format!("{published}:{}", address.port))
    };
    [Some(&deployment.bridge), deployment.dashboard.as_ref()]
        .into_iter()
        .flatten()
        .map(published)
        .collect()
}
