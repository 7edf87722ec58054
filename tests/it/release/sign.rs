//! `loom release sign`, judged by minisign, openssl and gpg.

use std::{fs, path::Path};

use super::{asset, packed, tool};
use crate::support::{Sandbox, sandbox::names};

/// Makes an unencrypted minisign key: `minisign.key` and `minisign.pub`.
fn minisign_key(sandbox: &Sandbox) {
    tool(
        sandbox,
        &sandbox.project(),
        &["minisign", "-G", "-W", "-s", "minisign.key", "-p", "minisign.pub"],
    );
}

/// Makes a key on the curve P-256: `cosign.key` and `cosign.pub`.
fn cosign_key(sandbox: &Sandbox) {
    let folder = sandbox.project();
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
    tool(sandbox, &folder, &key);
    tool(
        sandbox,
        &folder,
        &["openssl", "pkey", "-in", "cosign.key", "-pubout", "-out", "cosign.pub"],
    );
}

/// The files of a release that are signed.
fn signed_files() -> Vec<String> {
    let assets = super::PLATFORMS.iter().map(|platform| asset("0.2.0", platform));
    assets.chain(["SHA256SUMS".to_owned()]).collect()
}

#[test]
fn the_tools_accept_each_signature() {
    let (sandbox, dist) = packed("0.2.0");
    minisign_key(&sandbox);
    cosign_key(&sandbox);
    let keys = ["--minisign", "minisign.key", "--cosign", "cosign.key"];
    sandbox.loom(&[&["release", "sign", "dist"][..], &keys].concat()).ok();
    for name in signed_files() {
        let verify = ["minisign", "-V", "-p", "../minisign.pub", "-m", &name];
        let said = tool(&sandbox, &dist, &verify);
        let digest = tool(&sandbox, &dist, &["sha256sum", &name]);
        let digest = digest.split(' ').next().unwrap();
        for part in [format!("file:{name}"), "version:0.2.0".to_owned(), format!("sha256:{digest}")]
        {
            assert!(said.contains(&part), "{said}");
        }
        let decode = format!("openssl base64 -d -A -in {name}.sig -out ../{name}.der");
        tool(&sandbox, &dist, &["sh", "-c", &decode]);
        let der = format!("../{name}.der");
        tool(
            &sandbox,
            &dist,
            &["openssl", "dgst", "-sha256", "-verify", "../cosign.pub", "-signature", &der, &name],
        );
    }
    // The bundle has the form of the Sigstore project; its interoperability is tested in the crate.
    let bundle = fs::read_to_string(dist.join("SHA256SUMS.sigstore.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
    // Signing again keeps every signature.
    let before = bytes(&dist);
    let again =
        sandbox.loom(&[&["release", "sign", "dist", "--json"][..], &keys].concat()).ok().json();
    assert!(again["signatures"].as_array().unwrap().iter().all(|file| file["created"] == false));
    assert_eq!(bytes(&dist), before);
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    names(folder).iter().map(|name| fs::read(folder.join(name)).unwrap()).collect()
}

#[test]
fn a_signature_by_another_key_is_not_replaced() {
    let (sandbox, dist) = packed("0.2.0");
    minisign_key(&sandbox);
    let sign = ["release", "sign", "dist", "--minisign", "minisign.key"];
    sandbox.loom(&sign).ok();
    let before = bytes(&dist);
    tool(&sandbox, &sandbox.project(), &["rm", "minisign.key", "minisign.pub"]);
    minisign_key(&sandbox);
    sandbox.loom(&sign).code(6).says(&[".minisig", "no signature of this key"]);
    assert_eq!(bytes(&dist), before);
    // An asset that was changed after it was packed is not signed.
    tool(&sandbox, &dist, &["sh", "-c", "rm *.minisig && echo x >> SHA256SUMS && rm *.zip"]);
    let linux = dist.join(asset("0.2.0", "linux-x86_64"));
    fs::write(linux, b"changed").unwrap();
    sandbox.loom(&sign).code(6).says(&["does not give the digest of"]);
    assert!(!names(&dist).iter().any(|name| name.ends_with(".minisig")));
}

#[test]
fn a_password_comes_from_a_file_and_never_from_the_command_line() {
    let (mut sandbox, dist) = packed("0.2.0");
    // minisign asks for the password twice on standard input.
    let make =
        "printf 'open sesame\\nopen sesame\\n' | minisign -G -s minisign.key -p minisign.pub";
    tool(&sandbox, &sandbox.project(), &["sh", "-c", make]);
    let sign = ["release", "sign", "dist", "--minisign", "minisign.key"];
    // There is no terminal to ask at.
    let mut ask = sandbox.command("setsid");
    let asked = ask.arg("--wait").arg(Sandbox::program()).args(sign).output().unwrap();
    assert_eq!(asked.status.code(), Some(2), "{}", String::from_utf8_lossy(&asked.stderr));
    assert!(String::from_utf8_lossy(&asked.stderr).contains("LOOM_SIGN_PASSWORD_FILE"));
    sandbox.write("wrong", "open barley\n");
    sandbox.set("LOOM_SIGN_PASSWORD_FILE", sandbox.project().join("wrong"));
    sandbox.loom(&sign).code(4).says(&["wrong password"]).never_says(&["barley"]);
    sandbox.write("password", "open sesame\n");
    sandbox.set("LOOM_SIGN_PASSWORD_FILE", "password");
    sandbox.loom(&sign).ok().never_says(&["sesame"]);
    tool(&sandbox, &dist, &["minisign", "-V", "-p", "../minisign.pub", "-m", "SHA256SUMS"]);
}

#[test]
fn gpg_signs_with_the_users_key() {
    let (mut sandbox, dist) = packed("0.2.0");
    let home = sandbox.folder("gnupg");
    tool(&sandbox, &home, &["chmod", "700", "."]);
    sandbox.set("GNUPGHOME", &home);
    let make = [
        "gpg",
        "--batch",
        "--quiet",
        "--passphrase",
        "",
        "--quick-generate-key",
        "Release <r@example.org>",
    ];
    tool(&sandbox, &home, &make);
    sandbox.loom(&["release", "sign", "dist", "--gpg"]).ok();
    let before = bytes(&dist);
    for name in signed_files() {
        tool(&sandbox, &dist, &["gpg", "--batch", "--verify", &format!("{name}.asc"), &name]);
    }
    sandbox.loom(&["release", "sign", "dist", "--gpg", "r@example.org"]).ok();
    assert_eq!(bytes(&dist), before);
    tool(&sandbox, &dist, &["sh", "-c", "rm *.asc"]);
    sandbox
        .loom(&["release", "sign", "dist", "--gpg", "nobody@example.org"])
        .code(1)
        .says(&["gpg failed"]);
    let _ = sandbox.command("gpgconf").args(["--kill", "all"]).status();
}

#[test]
fn a_key_is_needed() {
    let (sandbox, _) = packed("0.2.0");
    sandbox.loom(&["release", "sign", "dist"]).code(2).says(&["no key was given"]);
    sandbox.loom(&["release", "sign", "dist", "--minisign", "absent"]).code(2).says(&["absent"]);
    sandbox.write("broken", "not a key\n");
    for option in ["--minisign", "--cosign"] {
        sandbox.loom(&["release", "sign", "dist", option, "broken"]).code(2).says(&["broken"]);
    }
}
