//! A chart for Helm. Its templates are the same for every project; the values are those of the project.

use serde_json::{Map, Value, json};

use super::{Deployment, RenderedFile, kubernetes::HEAD, pod::ANY_HOST, yaml};

/// The templates, as they are.
const TEMPLATES: [(&str, &str); 6] = [
    ("_helpers.tpl", include_str!("helm/templates/_helpers.tpl")),
    ("configmap.yaml", include_str!("helm/templates/configmap.yaml")),
    ("deployment.yaml", include_str!("helm/templates/deployment.yaml")),
    ("networkpolicy.yaml", include_str!("helm/templates/networkpolicy.yaml")),
    ("service.yaml", include_str!("helm/templates/service.yaml")),
    ("NOTES.txt", include_str!("helm/templates/NOTES.txt")),
];

/// The version of the chart where the project has none.
const CHART_VERSION: &str = "0.1.0";

/// All files.
pub(super) fn files(deployment: &Deployment) -> Vec<RenderedFile> {
    let template = |(name, text)| RenderedFile::new(format!("templates/{name}"), text);
    let mut files: Vec<RenderedFile> = TEMPLATES.into_iter().map(template).collect();
    for (path, value) in [("Chart.yaml", chart(deployment)), ("values.yaml", values(deployment))] {
        files.push(RenderedFile::new(path, HEAD.to_owned() + &yaml::document(&value)));
    }
    files
}

fn chart(deployment: &Deployment) -> Value {
    let version = deployment.project_version.as_ref();
    let named = || format!("The Loom runtime of {}", deployment.name);
    let mut chart = json!({
        "apiVersion": "v2",
        "description": deployment.description.clone().unwrap_or_else(named),
        "name": deployment.name,
        "type": "application",
        "version": version.map_or_else(|| CHART_VERSION.to_owned(), ToString::to_string),
    });
    if let Some(version) = &deployment.version {
        chart["appVersion"] = version.to_string().into();
    }
    chart
}

fn values(deployment: &Deployment) -> Value {
    let variable = |secret: &super::SecretVariable| json!({"name": secret.name, "required": secret.is_required});
    let ports: Map<String, Value> =
        deployment.ports().map(|(name, port)| (name.to_owned(), port.into())).collect();
    json!({
        "config": deployment.variables(Some(ANY_HOST)),
        "image": deployment.image(),
        "imagePullSecrets": [],
        "networkPolicy": {"enabled": true, "from": [{"podSelector": {}}]},
        "nodeSelector": {},
        "ports": ports,
        "resources": {
            "limits": {"memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "secrets": {
            "existingSecret": deployment.secret_name(),
            "variables": deployment.secrets.iter().map(variable).collect::<Value>(),
        },
        "temporaryFolder": deployment.has_mcp,
        "tls": {"enabled": deployment.tls, "existingSecret": deployment.tls_name()},
        "tolerations": [],
    })
}
