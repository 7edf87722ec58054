//! Lists of components and the commit of a release, as others find them at the images in a registry.

use std::fs;

use serde_json::{Value, json};

use super::{PLATFORMS, sandbox, tool};
use crate::support::{BINARY, Sandbox, TestedRegistry};

const COMMIT: &str = "c30274eb0123456789abcdef0123456789abcdef";
const CYCLONEDX: &str = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}"#;
const SPDX: &str = r#"{"spdxVersion": "SPDX-2.3", "name": "loom-bridge-server"}"#;

/// A release with the lists of components in these files.
fn packed(sboms: &[(&str, &str)]) -> Sandbox {
    let sandbox = sandbox("0.2.0");
    for (name, text) in sboms {
        sandbox.write(format!("sboms/{name}"), text);
    }
    let pack = ["release", "pack", "--program", "builds", "--version", "0.2.0", "--to", "dist"];
    let files: Vec<String> = sboms.iter().map(|(name, _)| format!("sboms/{name}")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let attach = if files.is_empty() { vec![] } else { [&["--attach"][..], &files].concat() };
    sandbox.loom(&[&pack[..], &attach, &["--platform"], &PLATFORMS].concat()).ok();
    sandbox
}

/// The repository in a registry.
fn repository(registry: &TestedRegistry) -> String {
    format!("http://{}/v2/team/loom/{BINARY}", registry.address())
}

/// A document of a registry, as any HTTP client gets it.
fn document(sandbox: &Sandbox, url: &str) -> Value {
    let accept = "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
    let get = ["curl", "--silent", "--show-error", "--fail", "--header", accept, url];
    serde_json::from_str(&tool(sandbox, &sandbox.project(), &get)).unwrap()
}

/// The lists of components that refer to a document: their type, file name and text, as the specification says to find them.
fn sboms(sandbox: &Sandbox, registry: &TestedRegistry, of: &str) -> Vec<[String; 3]> {
    let repository = repository(registry);
    let list = match registry {
        TestedRegistry::Docker(_) => format!("manifests/{}", of.replace(':', "-")),
        TestedRegistry::Ferro(_) => format!("referrers/{of}"),
    };
    let listed = document(sandbox, &format!("{repository}/{list}"));
    let mut found = Vec::new();
    for one in listed["manifests"].as_array().unwrap() {
        let digest = one["digest"].as_str().unwrap();
        let manifest = document(sandbox, &format!("{repository}/manifests/{digest}"));
        let layer = &manifest["layers"][0];
        assert_eq!(manifest["subject"]["digest"], of);
        assert_eq!(one["artifactType"], manifest["artifactType"]);
        assert_eq!(layer["mediaType"], manifest["artifactType"]);
        let blob = format!("{repository}/blobs/{}", layer["digest"].as_str().unwrap());
        let text = tool(sandbox, &sandbox.project(), &["curl", "--silent", "--fail", &blob]);
        let name = &layer["annotations"]["org.opencontainers.image.title"];
        let [kind, name] =
            [&manifest["artifactType"], name].map(|it| it.as_str().unwrap().to_owned());
        found.push([kind, name, text]);
    }
    found.sort();
    found
}

/// The labels of the image for Linux on x86_64, and the manifest for macOS.
fn revisions(sandbox: &Sandbox, registry: &TestedRegistry) -> [Value; 2] {
    let image = format!("docker://{}/team/loom/{BINARY}:0.2.0", registry.address());
    let inspect = ["skopeo", "inspect", "--config", "--tls-verify=false", "--override-arch=amd64"];
    let config = tool(sandbox, &sandbox.project(), &[&inspect[..], &[&image]].concat());
    let config: Value = serde_json::from_str(&config).unwrap();
    let macos = manifest(sandbox, registry, "macos-aarch64");
    let macos = document(sandbox, &format!("{}/manifests/{macos}", repository(registry)));
    let name = "org.opencontainers.image.revision";
    [config["config"]["Labels"][name].clone(), macos["annotations"][name].clone()]
}

/// The digest of the manifest of a platform.
fn manifest(sandbox: &Sandbox, registry: &TestedRegistry, platform: &str) -> String {
    let index = document(sandbox, &format!("{}/manifests/0.2.0", repository(registry)));
    let all = index["manifests"].as_array().unwrap();
    let of = |one: &&Value| one["annotations"]["dev.loom.platform"] == platform;
    all.iter().find(of).unwrap()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn images_have_lists_of_components_and_the_commit_wherever_they_are_copied() {
    let of_linux = format!("{BINARY}-0.2.0-linux-x86_64.cdx.json");
    let of_all = format!("{BINARY}-0.2.0.spdx.json");
    let owner = packed(&[(&of_linux, CYCLONEDX), (&of_all, SPDX)]);
    let cyclonedx = ["application/vnd.cyclonedx+json", &of_linux, CYCLONEDX].map(str::to_owned);
    let spdx = ["application/spdx+json", &of_all, SPDX].map(str::to_owned);
    for (registry, other) in [
        (TestedRegistry::docker(), TestedRegistry::ferro()),
        (TestedRegistry::ferro(), TestedRegistry::docker()),
    ] {
        let url = registry.url();
        let publish = ["release", "publish", "dist", "--json", "--commit", COMMIT, "--to", &url];
        let published = owner.loom(&publish).ok().json();
        // Into another registry: directly, and in a file.
        let from = match &registry {
            TestedRegistry::Docker(_) => url.clone(),
            TestedRegistry::Ferro(_) => {
                let bundle = ["mirror", "bundle", "--format", "oci-layout", "--from", &url];
                let all = PLATFORMS.iter().flat_map(|platform| ["--platform", platform]);
                let all = ["--version", "0.2.0", "--to", "images.tar"].into_iter().chain(all);
                owner.loom(&[&bundle[..], &all.collect::<Vec<_>>()].concat()).ok();
                "oci-layout:images.tar".to_owned()
            }
        };
        owner.loom(&["mirror", "sync", "--from", &from, "--to", &other.url()]).ok();
        for registry in [&registry, &other] {
            let index = published["digest"].as_str().unwrap();
            assert_eq!(sboms(&owner, registry, index), [spdx.clone(), cyclonedx.clone()]);
            let linux = manifest(&owner, registry, "linux-x86_64");
            assert_eq!(sboms(&owner, registry, &linux), [spdx.clone(), cyclonedx.clone()]);
            let macos = manifest(&owner, registry, "macos-aarch64");
            assert_eq!(sboms(&owner, registry, &macos), std::slice::from_ref(&spdx));
            assert_eq!(revisions(&owner, registry), [json!(COMMIT), json!(COMMIT)]);
            let verified = owner.loom(&["mirror", "verify", &registry.url(), "--json"]).ok().json();
            assert_eq!(verified["sound"], true, "{verified}");
            Sandbox::new().loom(&["get", "0.2.0", "--source", &registry.url()]).ok();
        }
        // Again, with another commit or none, the image is what it was.
        for commit in [&["--commit", &"0".repeat(40)][..], &[]] {
            let again = ["release", "publish", "dist", "--json", "--to", &url];
            let again = owner.loom(&[&again[..], commit].concat()).ok().json();
            assert_eq!(
                (&again["digest"], &again["published"]),
                (&published["digest"], &json!(false))
            );
        }
    }
}

#[test]
fn what_is_no_list_of_components_or_no_commit_is_refused() {
    let name = format!("{BINARY}-0.2.0-linux-x86_64.cdx.json");
    let owner = packed(&[(&name, SPDX)]);
    let publish = ["release", "publish", "dist", "--to", "oci-layout:images"];
    owner.loom(&publish).code(2).says(&[&name, ".cdx.json stands for", "SPDX in JSON .spdx.json"]);
    let owner = packed(&[]);
    for commit in ["main", "c30274eb"] {
        let run = owner.loom(&[&publish[..], &["--commit", commit]].concat()).code(2);
        run.says(&["is not a commit", "git rev-parse"]);
    }
    assert!(!fs::exists(owner.project().join("images")).unwrap());
}
