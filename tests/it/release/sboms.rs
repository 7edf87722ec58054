//! Lists of components and the commit of a release, as others find them at the images in a registry.

use std::fs;

use loom_source::Digest;
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

/// The manifests that refer to a document, with their digests, as the specification says to find them.
fn referrers(sandbox: &Sandbox, registry: &TestedRegistry, of: &str) -> Vec<(String, Value)> {
    let repository = repository(registry);
    let list = match registry {
        TestedRegistry::Docker(_) => format!("manifests/{}", of.replace(':', "-")),
        TestedRegistry::Ferro(_) => format!("referrers/{of}"),
    };
    let listed = document(sandbox, &format!("{repository}/{list}"));
    let mut found = Vec::new();
    for one in listed["manifests"].as_array().unwrap() {
        let digest = one["digest"].as_str().unwrap().to_owned();
        let manifest = document(sandbox, &format!("{repository}/manifests/{digest}"));
        assert_eq!(manifest["subject"]["digest"], of);
        assert_eq!(one["artifactType"], manifest["artifactType"]);
        found.push((digest, manifest));
    }
    found
}

/// The text of a layer.
fn text(sandbox: &Sandbox, registry: &TestedRegistry, layer: &Value) -> String {
    let blob = format!("{}/blobs/{}", repository(registry), layer["digest"].as_str().unwrap());
    tool(sandbox, &sandbox.project(), &["curl", "--silent", "--fail", &blob])
}

/// The lists of components that refer to a document: their type, file name and text.
fn sboms(sandbox: &Sandbox, registry: &TestedRegistry, of: &str) -> Vec<[String; 3]> {
    let mut found = Vec::new();
    for (_, manifest) in referrers(sandbox, registry, of) {
        let layer = &manifest["layers"][0];
        assert_eq!(layer["mediaType"], manifest["artifactType"]);
        let text = text(sandbox, registry, layer);
        let name = &layer["annotations"]["org.opencontainers.image.title"];
        let [kind, name] =
            [&manifest["artifactType"], name].map(|it| it.as_str().unwrap().to_owned());
        found.push([kind, name, text]);
    }
    found.sort();
    found
}

/// The signatures that refer to the list of components of a document: their kinds and texts.
pub(super) fn list_signatures(
    sandbox: &Sandbox,
    registry: &TestedRegistry,
    of: &str,
) -> Vec<[String; 2]> {
    let all = referrers(sandbox, registry, of).into_iter();
    let lists = all.filter(|(_, one)| one["artifactType"] == "application/vnd.cyclonedx+json");
    let [(digest, list)] = lists.collect::<Vec<_>>().try_into().unwrap();
    let mut found = Vec::new();
    for (_, manifest) in referrers(sandbox, registry, &digest) {
        let annotations = &manifest["annotations"];
        assert_eq!(annotations["dev.loom.evidence.of"], list["layers"][0]["digest"]);
        let kind = annotations["dev.loom.evidence"].as_str().unwrap().to_owned();
        found.push([kind, text(sandbox, registry, &manifest["layers"][0])]);
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
    manifest_of("0.2.0", sandbox, registry, platform)
}

/// The digest of the manifest of a version and platform.
pub(super) fn manifest_of(
    version: &str,
    sandbox: &Sandbox,
    registry: &TestedRegistry,
    platform: &str,
) -> String {
    let index = document(sandbox, &format!("{}/manifests/{version}", repository(registry)));
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
fn a_signed_list_of_components_has_its_signatures_wherever_it_is_copied() {
    let name = format!("{BINARY}-0.2.0-linux-x86_64.cdx.json");
    let owner = packed(&[(&name, CYCLONEDX)]);
    let (project, dist) = (owner.project(), owner.project().join("dist"));
    let new = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    tool(&owner, &project, &[&new[..], &["-out", "cosign.key"]].concat());
    let publish = ["release", "publish", "dist", "--json", "--to"];
    let (first, second) = (TestedRegistry::docker(), TestedRegistry::ferro());
    // The list comes first, its signatures later.
    let published = owner.loom(&[&publish[..], &[&first.url()]].concat()).ok().json();
    owner.loom(&["release", "sign", "dist", "--cosign", "cosign.key"]).ok();
    let expected = [("cosign", "sig"), ("sigstore", "sigstore.json")].map(|(kind, ending)| {
        let text = fs::read_to_string(dist.join(format!("{name}.{ending}"))).unwrap();
        [kind.to_owned(), text]
    });
    owner.loom(&[&publish[..], &[&first.url()]].concat()).ok();
    owner.loom(&["mirror", "sync", "--from", &first.url(), "--to", "oci-layout:images"]).ok();
    owner.loom(&["mirror", "sync", "--from", "oci-layout:images", "--to", &second.url()]).ok();
    for registry in [&first, &second] {
        let linux = manifest(&owner, registry, "linux-x86_64");
        for of in [published["digest"].as_str().unwrap(), &linux] {
            assert_eq!(list_signatures(&owner, registry, of), expected);
        }
        let verified = owner.loom(&["mirror", "verify", &registry.url(), "--json"]).ok().json();
        assert_eq!(verified["sound"], true, "{verified}");
        let again = owner.loom(&[&publish[..], &[&registry.url()]].concat()).ok().json();
        assert_eq!(again["published"], false, "{again}");
    }
    // Verification reads what signs the list, too.
    let TestedRegistry::Docker(docker) = &first else { panic!("it is docker-registry") };
    let signature = Digest::of(expected[0][1].as_bytes()).to_string();
    let blobs = docker.data().join("docker/registry/v2/blobs/sha256");
    fs::write(blobs.join(&signature[..2]).join(&signature).join("data"), "x").unwrap();
    let verified = owner.loom(&["mirror", "verify", &first.url()]).code(6).stdout();
    assert!(verified.contains(&signature), "{verified}");
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
