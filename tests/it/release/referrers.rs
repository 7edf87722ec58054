//! The signatures that a release takes into a registry, judged by the library of the Sigstore project.

use std::fs;

use serde_json::{Value, json};

use super::{packed, tool};
use crate::support::{
    Sandbox, TestedRegistry, node,
    signer::{required, trust},
};

/// A release that is signed by a key on the curve P-256, and the key's PEM block.
fn signed() -> (Sandbox, String) {
    let (sandbox, _) = packed("0.2.0");
    let folder = sandbox.project();
    let new = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    tool(&sandbox, &folder, &[&new[..], &["-out", "cosign.key"]].concat());
    let public = ["openssl", "pkey", "-in", "cosign.key", "-pubout"];
    let public = tool(&sandbox, &folder, &public);
    sandbox.loom(&["release", "sign", "dist", "--cosign", "cosign.key"]).ok();
    (sandbox, public)
}

/// What the library says of the bundles that refer to the image of a platform.
fn judged(registry: &TestedRegistry, key: &str) -> Vec<Value> {
    let input = json!({
        "registry": registry.address(), "repository": "team/loom/loom-bridge-server", "tag": "0.2.0",
        "platform": "linux-x86_64", "key": key,
    });
    let output = node::script("referrers.mjs", &input.to_string());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn signatures_in_a_registry_are_what_sigstore_verifies() {
    let (sandbox, key) = signed();
    let (_, other) = signed();
    for (registry, by) in [(TestedRegistry::docker(), "tag"), (TestedRegistry::ferro(), "api")] {
        let to = registry.url();
        sandbox.loom(&["release", "publish", "dist", "--to", &to]).ok();
        let bundles = judged(&registry, &key);
        // One about the archive, one about SHA256SUMS.
        assert_eq!(bundles.len(), 2, "{bundles:?}");
        for bundle in &bundles {
            assert_eq!(
                (&bundle["by"], &bundle["kind"], &bundle["subject"], &bundle["verified"]),
                (&json!(by), &json!("sigstore"), &json!(true), &json!(true)),
                "{bundle}"
            );
            let tried = bundle["changes"]["tried"].as_u64().unwrap();
            assert!(tried > 100 && bundle["changes"]["accepted"] == 0, "{bundle}");
        }
        assert!(judged(&registry, &other).iter().all(|bundle| bundle["verified"] == false));
        // So it is for a user who requires a signature by that key, and for one who requires another one.
        for (key, code) in [(&key, 0), (&other, 6)] {
            let user = Sandbox::new();
            trust(&user, &to, &required(&[key]));
            user.loom(&["get", "0.2.0"]).code(code);
        }
    }
}

#[test]
fn a_signature_that_is_not_there_and_one_that_is_wrong_are_different_errors() {
    let (sandbox, key) = signed();
    for entry in fs::read_dir(sandbox.project().join("dist")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "sig") {
            fs::remove_file(path).unwrap();
        }
    }
    let rules = required(&[&key]);
    let layout = sandbox.project().join("images");
    let to = format!("oci-layout:{}", layout.display());
    sandbox.loom(&["release", "publish", "dist", "--to", &to]).ok();
    let get = |source: &str| {
        let user = Sandbox::new();
        trust(&user, source, &rules);
        user.loom(&["get", "0.2.0"])
    };
    get(&to).ok();
    // Copied without what refers to it, as programs do that know nothing of referrers.
    let copy = format!("oci:{}:0.2.0", sandbox.project().join("copied").display());
    let from = format!("oci:{}:0.2.0", layout.display());
    tool(&sandbox, &sandbox.project(), &["skopeo", "copy", "--all", &from, &copy]);
    let copied = format!("oci-layout:{}", sandbox.project().join("copied").display());
    let missing = get(&copied).code(6);
    // One character of every signature is another one, which base64 allows too.
    const SIGNATURE: &[u8] = b"\"signature\": \"";
    let mut flipped = 0;
    for entry in fs::read_dir(layout.join("blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let signature = bytes.windows(SIGNATURE.len()).position(|part| part == SIGNATURE);
        if let (true, Some(start)) = (bytes.starts_with(b"{"), signature) {
            let character = &mut bytes[start + SIGNATURE.len() + 40];
            *character = if *character == b'A' { b'B' } else { b'A' };
            fs::write(&path, bytes).unwrap();
            flipped += 1;
        }
    }
    assert!(flipped > 1);
    let wrong = get(&to).code(6);
    assert_ne!(missing.stderr(), wrong.stderr());
    missing.says(&["no signature of loom-bridge-server 0.2.0 linux-x86_64 is offered"]);
    wrong.says(&["got one that does not verify"]).never_says(&["no signature of"]);
}
