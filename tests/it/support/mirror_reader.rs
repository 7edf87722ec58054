//! A reader of a signed mirror: `loom`, and beside it the verifier in `tests/verifier`, which has to decide the same.

use std::path::PathBuf;

use super::{Sandbox, SignedDepot, node, platform};

/// A reader that was given the first root of a mirror, with `loom` and with the verifier.
pub struct MirrorReader {
    pub sandbox: Sandbox,
    root: PathBuf,
    sha256: String,
}

impl MirrorReader {
    pub fn of(mirror: &SignedDepot) -> Self {
        let sandbox = Sandbox::new();
        sandbox.sources(&[(&mirror.url(), "")]);
        let (file, sha256) = mirror.anchor();
        sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
        // The verifier must not read the file of a mirror that is changed later.
        let root = sandbox.root().join("first-root.json");
        std::fs::copy(file, &root).unwrap();
        Self { sandbox, root, sha256 }
    }

    /// What the verifier says of the mirror; `release` is a version whose files it verifies, too.
    pub fn verifier(&self, mirror: &SignedDepot, release: Option<&str>) -> serde_json::Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verifier/verify_mirror.py");
        let mut python = self.sandbox.command(node::python("python"));
        python.arg(script).arg(mirror.depot.path());
        python.arg("--state").arg(self.sandbox.root().join("verifier.json"));
        python.arg("--root").arg(&self.root).args(["--sha256", &self.sha256]);
        python.args(["--platform", &platform()]);
        python.args(release.iter().flat_map(|version| ["--release", version]));
        let output = python.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
    }

    /// Both read the list of the mirror and take these versions.
    #[track_caller]
    pub fn takes(&self, mirror: &SignedDepot, versions: &[&str]) {
        let run = self.sandbox.loom(&["list", "--remote", "--json"]).ok();
        let document: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
        let text = document.to_string();
        let answer = self.verifier(mirror, None);
        assert_eq!(answer["accepted"], true, "{answer}");
        assert_eq!(answer["expired"], "", "{answer}");
        assert_eq!(answer["versions"], serde_json::json!(versions), "{answer}");
        for version in versions {
            assert!(text.contains(&format!("\"{version}\"")), "{version}: {text}");
        }
    }

    /// Both refuse the mirror: `loom` with this exit code and this text.
    #[track_caller]
    pub fn refuses(&self, mirror: &SignedDepot, code: i32, text: &str) {
        let run = self.sandbox.loom(&["list", "--remote"]).code(code);
        let said = format!("{}{}", run.stdout(), run.stderr());
        assert!(said.contains(text), "expected {text:?}: {said}");
        let answer = self.verifier(mirror, None);
        let refused = answer["accepted"] == false || answer["expired"] != "";
        assert!(refused, "the verifier accepts it: {answer}");
    }

    /// Both install a version, or refuse it with this exit code.
    #[track_caller]
    pub fn installs(&self, mirror: &SignedDepot, version: &str, code: i32) {
        self.sandbox.loom(&["get", "--version", version]).code(code);
        let answer = self.verifier(mirror, Some(version));
        assert_eq!(answer["accepted"], code == 0, "{version}: {answer}");
    }
}
