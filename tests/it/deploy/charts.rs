//! A chart travels: `helm` packs it, pushes it to a registry, and makes the same manifests of what it reads from there.

use loom_test_support::docker_registry::{DockerRegistry, RegistryAccess};

use super::{IMAGE, demand};
use crate::support::{Sandbox, node};

#[test]
fn a_chart_is_pushed_to_a_registry_and_read_from_there() {
    let (sandbox, registry) = (Sandbox::new(), DockerRegistry::start(&RegistryAccess::Open));
    sandbox.write("loom.toml", "name = \"demo\"\nversion = \"1.2.3\"\n");
    let render = ["deploy", "render", "--target", "helm", "--to", "helm", "--image", IMAGE];
    sandbox.loom(&render).ok();
    let helm = |args: &[&str]| {
        let mut helm = sandbox.command(node::python("helm"));
        helm.args(args);
        demand(helm)
    };
    helm(&["package", "helm"]);
    let charts = format!("oci://{}/charts", registry.address);
    helm(&["push", "demo-1.2.3.tgz", &charts, "--plain-http"]);
    let chart = format!("{charts}/demo");
    let read = helm(&["template", "release", &chart, "--version", "1.2.3", "--plain-http"]);
    // It also prints where it has read the chart.
    let manifests = helm(&["template", "release", "helm"]);
    assert!(manifests.contains(IMAGE) && read.contains(&manifests), "{read}");
}
