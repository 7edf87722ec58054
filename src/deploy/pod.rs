//! The pod that runs the runtime in Kubernetes.

use serde_json::{Map, Value, json};

use super::{Deployment, deployment::TLS_FOLDER};

/// The program of the server in its image.
pub(super) const PROGRAM: &str = "/loom-bridge-server";
/// User and group in the image: no user of the host.
pub(super) const USER: u32 = 65532;
/// How long the runtime may take to stop, in seconds: MCP servers have five seconds, then are asked, then killed.
pub(super) const STOP_SECONDS: u32 = 30;
/// The host of a listener in a container: its address is not known before.
pub(super) const ANY_HOST: &str = "0.0.0.0";

/// The specification of the pod.
pub(super) fn spec(deployment: &Deployment) -> Value {
    let mut spec = json!({
        "automountServiceAccountToken": false,
        "containers": [container(deployment)],
        "enableServiceLinks": false,
        "securityContext": {
            "fsGroup": USER, "runAsGroup": USER, "runAsNonRoot": true, "runAsUser": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": STOP_SECONDS,
    });
    let volumes = volumes(deployment);
    if !volumes.is_empty() {
        spec["volumes"] = volumes.into();
    }
    spec
}

fn container(deployment: &Deployment) -> Value {
    let mut container = json!({
        "env": environment(deployment),
        "envFrom": [{"configMapRef": {"name": deployment.config_name()}}],
        "image": deployment.image(),
        "name": "loom",
        "ports": ports(deployment),
        "resources": {
            "limits": {"memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
    });
    for (name, probe) in probes(deployment) {
        container[name] = probe;
    }
    let mounts = mounts(deployment);
    if !mounts.is_empty() {
        container["volumeMounts"] = mounts.into();
    }
    container
}

/// The secret variables, from the Secret that the user creates.
fn environment(deployment: &Deployment) -> Value {
    let variable = |secret: &super::SecretVariable| {
        let mut reference = json!({"key": secret.name, "name": deployment.secret_name()});
        if !secret.is_required {
            reference["optional"] = true.into();
        }
        json!({"name": secret.name, "valueFrom": {"secretKeyRef": reference}})
    };
    let mut variables: Vec<Value> = deployment.secrets.iter().map(variable).collect();
    if deployment.has_mcp {
        variables.push(json!({"name": "HOME", "value": "/tmp"}));
    }
    variables.into()
}

/// The ports of the container.
fn ports(deployment: &Deployment) -> Value {
    let port = |(name, port): (&str, u16)| json!({"containerPort": port, "name": name});
    deployment.ports().map(port).collect()
}

/// The kubelet asks over gRPC, or where the runtime serves TLS, the program in the container does: the kubelet speaks no
/// TLS with gRPC.
fn probes(deployment: &Deployment) -> [(&'static str, Value); 3] {
    let probe = |timing: Value| {
        let mut probe = if deployment.tls {
            json!({"exec": {"command": [PROGRAM, "--health"]}})
        } else {
            json!({"grpc": {"port": deployment.bridge.port}})
        };
        if let (Value::Object(probe), Value::Object(mut timing)) = (&mut probe, timing) {
            probe.append(&mut timing);
        }
        probe
    };
    [
        (
            "livenessProbe",
            probe(json!({"failureThreshold": 3, "periodSeconds": 10, "timeoutSeconds": 6})),
        ),
        (
            "readinessProbe",
            probe(json!({"failureThreshold": 1, "periodSeconds": 5, "timeoutSeconds": 6})),
        ),
        (
            "startupProbe",
            probe(json!({"failureThreshold": 30, "periodSeconds": 1, "timeoutSeconds": 6})),
        ),
    ]
}

fn volumes(deployment: &Deployment) -> Vec<Value> {
    let mut volumes = Vec::new();
    if deployment.tls {
        let secret =
            json!({"defaultMode": 0o440, "optional": false, "secretName": deployment.tls_name()});
        volumes.push(json!({"name": "tls", "secret": secret}));
    }
    if deployment.has_mcp {
        volumes.push(json!({"emptyDir": Map::new(), "name": "tmp"}));
    }
    volumes
}

fn mounts(deployment: &Deployment) -> Vec<Value> {
    let mut mounts = Vec::new();
    if deployment.tls {
        mounts.push(json!({"mountPath": TLS_FOLDER, "name": "tls", "readOnly": true}));
    }
    if deployment.has_mcp {
        mounts.push(json!({"mountPath": "/tmp", "name": "tmp"}));
    }
    mounts
}

impl Deployment {
    /// The name of the ConfigMap.
    pub(super) fn config_name(&self) -> String {
        format!("{}-config", self.name)
    }

    /// The name of the Secret with the secret variables, which the user creates.
    pub fn secret_name(&self) -> String {
        format!("{}-secrets", self.name)
    }

    /// The name of the Secret with certificate and key, which the user creates.
    pub fn tls_name(&self) -> String {
        format!("{}-tls", self.name)
    }

    /// The names and numbers of the ports that are served.
    pub(super) fn ports(&self) -> impl Iterator<Item = (&'static str, u16)> {
        let dashboard = self.dashboard.as_ref().map(|address| ("dashboard", address.port));
        std::iter::once(("grpc", self.bridge.port)).chain(dashboard)
    }
}
