//! Manifests for Kubernetes, and a kustomization.

use loom_source::Digest;
use serde_json::{Value, json};

use super::{
    Deployment, RenderedFile,
    pod::{self, ANY_HOST},
    yaml,
};

/// The head of each manifest.
pub(super) const HEAD: &str =
    "# Rendered by `loom deploy render`: change loom.toml and render again.\n";
/// The annotation of the pod that changes with the configuration, so that a change of it starts a new pod.
pub(super) const CONFIG_DIGEST: &str = "loom.dev/config-sha256";
/// The name of the program in labels.
const APPLICATION: &str = "loom-bridge-server";

/// All files.
pub(super) fn files(deployment: &Deployment) -> Vec<RenderedFile> {
    let manifests = [
        ("configmap.yaml", config_map(deployment)),
        ("deployment.yaml", workload(deployment)),
        ("networkpolicy.yaml", network_policy(deployment)),
        ("service.yaml", service(deployment)),
    ];
    let kustomization = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": manifests.each_ref().map(|(file, _)| *file),
    });
    let all = manifests.into_iter().chain([("kustomization.yaml", kustomization)]);
    let file =
        |(path, manifest)| RenderedFile::new(path, HEAD.to_owned() + &yaml::document(&manifest));
    all.map(file).collect()
}

/// The labels that select the pods.
fn selector(deployment: &Deployment) -> Value {
    json!({"app.kubernetes.io/instance": deployment.name, "app.kubernetes.io/name": APPLICATION})
}

fn metadata(deployment: &Deployment, name: &str) -> Value {
    let mut labels = selector(deployment);
    labels["app.kubernetes.io/managed-by"] = "loom".into();
    if let Some(version) = &deployment.version {
        labels["app.kubernetes.io/version"] = version.to_string().into();
    }
    json!({"labels": labels, "name": name})
}

fn config_map(deployment: &Deployment) -> Value {
    json!({
        "apiVersion": "v1",
        "data": deployment.variables(Some(ANY_HOST)),
        "kind": "ConfigMap",
        "metadata": metadata(deployment, &deployment.config_name()),
    })
}

/// One pod, which ends before its successor starts: a runtime keeps its state in memory, and two would share no agents.
fn workload(deployment: &Deployment) -> Value {
    let digest = Digest::of(json!(deployment.variables(Some(ANY_HOST))).to_string().as_bytes());
    let mut pod = metadata(deployment, &deployment.name);
    if let Value::Object(pod) = &mut pod {
        pod.remove("name");
    }
    pod["annotations"] = json!({CONFIG_DIGEST: digest.to_string()});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(deployment, &deployment.name),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": selector(deployment)},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": pod, "spec": pod::spec(deployment)},
        },
    })
}

fn service(deployment: &Deployment) -> Value {
    let port = |(name, port): (&str, u16)| {
        let mut port = json!({"name": name, "port": port, "targetPort": name});
        // What proxies need to know. TLS is passed through, so that its content does not matter to them.
        if name == "grpc" && !deployment.tls {
            port["appProtocol"] = "kubernetes.io/h2c".into();
        }
        port
    };
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(deployment, &deployment.name),
        "spec": {
            "ports": deployment.ports().map(port).collect::<Value>(),
            "selector": selector(deployment),
            "type": "ClusterIP",
        },
    })
}

/// Lets pods of the same namespace in. Outgoing connections stay free: those to language models go anywhere.
fn network_policy(deployment: &Deployment) -> Value {
    let port = |(_, port): (&str, u16)| json!({"port": port, "protocol": "TCP"});
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(deployment, &deployment.name),
        "spec": {
            "ingress": [{
                "from": [{"podSelector": {}}],
                "ports": deployment.ports().map(port).collect::<Value>(),
            }],
            "podSelector": {"matchLabels": selector(deployment)},
            "policyTypes": ["Ingress"],
        },
    })
}
