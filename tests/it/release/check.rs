//! `loom release check`

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{PLATFORMS, asset, packed, tool};
use crate::support::{
    Packing, Run, Sandbox,
    plain::flip,
    signer::{Signer, beside, required},
    sigstore_instance::{BundleForm, ISSUER, SigstoreInstance, WORKFLOW},
};

/// A release that is signed with the key `minisign.pub`, in the folder `mirror/v0.2.0`.
fn published() -> (Sandbox, PathBuf) {
    let (sandbox, _) = packed("0.2.0");
    let project = sandbox.project();
    tool(&sandbox, &project, &["minisign", "-G", "-W", "-s", "minisign.key", "-p", "minisign.pub"]);
    sandbox.loom(&["release", "sign", "dist", "--minisign", "minisign.key"]).ok();
    fs::create_dir(project.join("mirror")).unwrap();
    tool(&sandbox, &project, &["mv", "dist", "mirror/v0.2.0"]);
    (sandbox, project.join("mirror/v0.2.0"))
}

const CHECK: [&str; 6] = ["release", "check", "./mirror", "0.2.0", "--key", "minisign.pub"];

/// The files that are wrong, with the exit codes.
fn problems(document: &Value) -> Vec<(String, u64)> {
    let platforms = document["platforms"].as_array().unwrap();
    let all = platforms.iter().flat_map(|platform| platform["problems"].as_array().unwrap());
    all.map(|found| (found["file"].as_str().unwrap().to_owned(), found["code"].as_u64().unwrap()))
        .collect()
}

#[test]
fn a_published_release_is_verified_on_all_platforms() {
    let (sandbox, _) = published();
    let document = sandbox.loom(&[&CHECK[..], &["--json"]].concat()).ok().json();
    assert_eq!(document["sound"], true);
    let platforms = document["platforms"].as_array().unwrap();
    assert_eq!(platforms.len(), 5);
    for platform in platforms {
        let checked: Vec<(&str, bool)> = platform["checked"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| (file["what"].as_str().unwrap(), file["verified"].as_bool().unwrap()))
            .collect();
        let expected = [
            ("asset", true),
            ("checksum", true),
            ("checksum", true),
            ("minisign", true),
            ("minisign", true),
        ];
        assert_eq!(checked, expected, "{platform}");
        assert!(platform["tree"].is_string());
    }
    // Without the key, the signatures are listed only.
    let text = sandbox.loom(&CHECK[..4]).ok().stdout();
    assert!(text.contains("minisign (not verified: by no known key)"), "{text}");
    // Nothing is left, and nothing was installed.
    assert!(
        sandbox.trees().is_empty()
            && fs::read_dir(sandbox.root().join("tmp")).unwrap().next().is_none()
    );
}

#[test]
fn keys_of_every_scheme_verify_a_release() {
    let (sandbox, dist) = published();
    let project = sandbox.project();
    let key = [
        "openssl",
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        "cosign.key",
    ];
    tool(&sandbox, &project, &key);
    tool(
        &sandbox,
        &project,
        &["openssl", "pkey", "-in", "cosign.key", "-pubout", "-out", "cosign.pub"],
    );
    sandbox.loom(&["release", "sign", "mirror/v0.2.0", "--cosign", "cosign.key"]).ok();
    let both =
        [&CHECK[..], &["--key", "cosign.pub", "--platform", "linux-x86_64", "--json"]].concat();
    let document = sandbox.loom(&both).ok().json();
    let checked = document["platforms"][0]["checked"].as_array().unwrap();
    let verified = |what: &str| {
        checked.iter().filter(|file| file["what"] == what && file["verified"] == true).count()
    };
    assert_eq!(
        (verified("minisign"), verified("cosign"), verified("Sigstore")),
        (2, 2, 2),
        "{document}"
    );
    // A changed bundle is found, although the other signatures are right.
    flip(&dist.join("SHA256SUMS.sigstore.json"));
    let found = problems(&sandbox.loom(&both).code(6).json());
    assert_eq!(found, [("SHA256SUMS.sigstore.json".to_owned(), 6)]);
}

#[test]
fn the_file_that_is_wrong_is_named() {
    let linux = asset("0.2.0", "linux-x86_64");
    let other = asset("0.2.0", "linux-aarch64");
    type Change = fn(&std::path::Path, &str, &str);
    let changes: [(&str, Change, &str); 8] = [
        ("a changed byte", |dist, linux, _| flip(&dist.join(linux)), ""),
        (
            "a changed checksum file",
            |dist, linux, other| {
                let digest = fs::read_to_string(dist.join(format!("{other}.sha256"))).unwrap();
                fs::write(dist.join(format!("{linux}.sha256")), digest.replace(other, linux))
                    .unwrap();
            },
            "",
        ),
        (
            "no checksum file",
            |dist, linux, _| fs::remove_file(dist.join(format!("{linux}.sha256"))).unwrap(),
            ".sha256",
        ),
        (
            "no line in SHA256SUMS",
            |dist, linux, _| {
                let sums = fs::read_to_string(dist.join("SHA256SUMS")).unwrap();
                let others: String = sums
                    .lines()
                    .filter(|line| !line.ends_with(linux))
                    .map(|line| format!("{line}\n"))
                    .collect();
                fs::write(dist.join("SHA256SUMS"), others).unwrap();
            },
            "SHA256SUMS",
        ),
        (
            "a signature of another file",
            |dist, linux, other| {
                let signature = fs::read(dist.join(format!("{other}.minisig"))).unwrap();
                fs::write(dist.join(format!("{linux}.minisig")), signature).unwrap();
            },
            ".minisig",
        ),
        (
            "no signature",
            |dist, linux, _| {
                fs::remove_file(dist.join(format!("{linux}.minisig"))).unwrap();
                fs::remove_file(dist.join("SHA256SUMS.minisig")).unwrap();
            },
            "",
        ),
        (
            "a changed signature",
            |dist, linux, _| flip(&dist.join(format!("{linux}.minisig"))),
            ".minisig",
        ),
        (
            "no asset",
            |dist, linux, _| {
                fs::remove_file(dist.join(linux)).unwrap();
                fs::remove_file(dist.join(format!("{linux}.sha256"))).unwrap();
            },
            "",
        ),
    ];
    for (what, change, ending) in changes {
        let (sandbox, dist) = published();
        change(&dist, &linux, &other);
        let run = sandbox.loom(&[&CHECK[..], &["--platform", "linux-x86_64", "--json"]].concat());
        let code = if what == "no asset" { 3 } else { 6 };
        let found = problems(&run.code(code).json());
        let named = |file: &str| {
            file.ends_with(ending) && (file.contains("linux-x86_64") || file == "SHA256SUMS")
        };
        assert!(
            found.iter().any(|(file, exit)| named(file) && *exit == code as u64),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn a_program_of_another_platform_is_found() {
    let (sandbox, dist) = published();
    // Right by its checksums, and packed by hand from the wrong program.
    let program = super::program("macos-x86_64", "0.2.0");
    let entry =
        crate::support::Entry { path: crate::support::BINARY.into(), exec: true, bytes: program };
    let bytes = Packing::TarGz.pack(&[entry]);
    let name = asset("0.2.0", "linux-x86_64");
    fs::write(dist.join(&name), &bytes).unwrap();
    tool(
        &sandbox,
        &dist,
        &[
            "sh",
            "-c",
            &format!("sha256sum {name} > {name}.sha256; sha256sum *.tar.gz *.zip > SHA256SUMS"),
        ],
    );
    let run = sandbox.loom(&["release", "check", "./mirror", "0.2.0", "--json"]).code(6);
    let document = run.json();
    assert_eq!(problems(&document), [(name, 6)]);
    assert!(document.to_string().contains("macos-x86_64"));
}

#[test]
fn a_release_that_is_not_there_is_absent_on_all_platforms() {
    let (sandbox, _) = published();
    let document =
        sandbox.loom(&["release", "check", "./mirror", "0.3.0", "--json"]).code(3).json();
    assert_eq!(problems(&document).len(), PLATFORMS.len());
    sandbox.loom(&["release", "check", "./mirror", "0.2.0", "--key", "absent.pub"]).code(2);
}

/// Writes a bundle of an identity beside each file of a release that has no bundle.
fn attest(dist: &Path, instance: &SigstoreInstance, identity: &str) {
    let files = fs::read_dir(dist).unwrap().map(|entry| entry.unwrap().path());
    let is_signed = |file: &PathBuf| {
        file.extension().is_some_and(|ending| ending == "gz" || ending == "zip")
            || file.ends_with("SHA256SUMS")
    };
    for file in files.filter(is_signed).collect::<Vec<_>>() {
        let bundle = instance.bundle(BundleForm::Message, identity, &fs::read(&file).unwrap());
        fs::write(beside(&file, ".sigstore.json"), bundle.to_string()).unwrap();
    }
}

#[test]
fn an_identity_verifies_a_release() {
    let (sandbox, dist) = published();
    let instance = SigstoreInstance::new();
    attest(&dist, &instance, &WORKFLOW.replace("{version}", "0.2.0"));
    instance.write_trust_root(&sandbox.project().join("root.json"));
    let check = |identity: &str, root: &str| {
        let identity = ["--identity", identity, "--issuer", ISSUER, "--trust-root", root];
        let check = ["release", "check", "./mirror", "0.2.0", "--platform", "linux-x86_64"];
        sandbox.loom(&[&check[..], &identity, &["--json"]].concat())
    };
    let document = check(WORKFLOW, "root.json").ok().json();
    let checked = document["platforms"][0]["checked"].as_array().unwrap();
    let signed = format!("{} (issuer {ISSUER})", WORKFLOW);
    let by_identity = checked.iter().filter(|file| file["key"] == signed.as_str());
    assert_eq!(by_identity.count(), 2, "{document}");
    // Another workflow has not signed it, another authority certifies nothing.
    let other = WORKFLOW.replace("release.yml", "test.yml");
    let unsigned = check(&other, "root.json").code(6).json().to_string();
    assert!(unsigned.contains("Sigstore signature by"), "{unsigned}");
    SigstoreInstance::new().write_trust_root(&sandbox.project().join("other.json"));
    check(WORKFLOW, "other.json").code(6);
    sandbox.loom(&["release", "check", "./mirror", "0.2.0", "--identity", WORKFLOW]).code(2);
    // A bundle of another version.
    attest(&dist, &instance, &WORKFLOW.replace("{version}", "0.1.0"));
    assert!(!problems(&check(WORKFLOW, "root.json").code(6).json()).is_empty());
}

#[test]
fn the_keys_and_identities_of_the_configuration_are_the_default() {
    let (sandbox, dist) = published();
    let public = fs::read_to_string(sandbox.project().join("minisign.pub")).unwrap();
    let minisign = format!("minisign:{}", public.lines().nth(1).unwrap());
    let instance = SigstoreInstance::new();
    let root = instance.write_trust_root(&sandbox.project().join("root.json"));
    let identity = format!(
        "{{ identity = \"{WORKFLOW}\", issuer = \"{ISSUER}\", trust_root = \"{}\" }}",
        root.display()
    );
    let check = |lines: &str| {
        let config = sandbox.home().join(".config/loom/config.toml");
        sandbox.write(config, &format!("[trust]\n{lines}\n"));
        let check = ["release", "check", "./mirror", "0.2.0", "--platform", "linux-x86_64"];
        sandbox.loom(&[&check[..], &["--json"]].concat())
    };
    let verified = |run: Run| {
        let document = run.json();
        let checked = document["platforms"][0]["checked"].as_array().unwrap();
        checked.iter().filter(|file| file["key"].is_string()).count()
    };
    assert_eq!(verified(check(&format!("keys = [\"{minisign}\"]")).ok()), 2);
    // A key that does not sign any more does not have to, and one of another source does not count.
    let other = Signer::new().public;
    let both = [minisign.as_str(), other.as_str()];
    assert_eq!(verified(check(&required(&both)).ok()), 2);
    let elsewhere = format!("keys = [{{ key = \"{minisign}\", source = \"elsewhere\" }}]");
    assert_eq!(verified(check(&elsewhere).ok()), 0);
    assert_eq!(verified(check(&required(&[&Signer::new().public])).code(6)), 0);
    // minisign prints an id as a number, without the zeros in front.
    let id = format!("{:0>16}", public.lines().next().unwrap().rsplit(' ').next().unwrap());
    let revoked = format!("{}\nrevoked = [\"{id}\"]", required(&[&minisign]));
    check(&revoked).code(6);
    // An identity that is required has signed, or not.
    let identity = format!("signature = \"required\"\nkeys = [{identity}]");
    let unsigned = check(&identity).code(6).json().to_string();
    assert!(unsigned.contains("trust.keys"), "{unsigned}");
    attest(&dist, &instance, &WORKFLOW.replace("{version}", "0.2.0"));
    assert_eq!(verified(check(&identity).ok()), 2);
}

#[test]
fn a_mirror_without_the_signatures_is_found() {
    let (sandbox, published) = published();
    let sync = ["mirror", "sync", "--from", "./mirror", "--to"];
    sandbox.loom(&[&sync[..], &["./signed"]].concat()).ok();
    for file in fs::read_dir(&published).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "minisig") {
            fs::remove_file(path).unwrap();
        }
    }
    sandbox.loom(&[&sync[..], &["./unsigned"]].concat()).ok();
    let check = |mirror, code| {
        let args = ["release", "check", mirror, "0.2.0", "--key", "minisign.pub", "--json"];
        sandbox.loom(&args).code(code).json()
    };
    assert_eq!(problems(&check("./signed", 0)), []);
    assert_eq!(problems(&check("./unsigned", 6)).len(), 5);
    // A signature that is changed in the mirror is named by its digest.
    let mirror = sandbox.project().join("signed");
    let record = mirror.join("releases/loom-os/loom-bridge-server/0.2.0/linux-x86_64.json");
    let record = loom_source::Record::parse(&fs::read(record).unwrap()).unwrap();
    let minisign = loom_source::record::RecordEvidenceKind::Minisign;
    for evidence in record.evidence.iter().filter(|evidence| evidence.kind == minisign) {
        let path = mirror.join(loom_source::record::object_path(&evidence.digest));
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.len() - 10;
        bytes[last] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let wrong = problems(&check("./signed", 6));
    assert!(wrong.iter().any(|(file, _)| file.len() == 64), "{wrong:?}");
}
