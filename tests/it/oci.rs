//! Releases from OCI registries and image layouts.

use std::{fs, path::Path};

use loom_source::{Digest, Record, contract::PublishedRelease, record::object_path};
use loom_test_support::{
    docker_registry::{DockerRegistry, PASSWORD, RegistryAccess, USER},
    release_images::ReleaseImages,
};

use crate::{
    locked_registries::kinds,
    support::{BINARY, Packing, Plain, Run, Sandbox},
};

/// `ada:s3cret-w0rd` in base64.
const AUTH: &str = "YWRhOnMzY3JldC13MHJk";

/// The repositories of the tests in a registry.
pub(crate) const PREFIX: &str = "team/loom";

/// The releases of a mirror, as they are published to a registry.
pub(crate) fn published(versions: &[&str]) -> Vec<PublishedRelease> {
    let plain = Plain::of(versions);
    let published = |version: &&str| {
        let bytes = fs::read(plain.asset(version, Packing::TarGz)).unwrap();
        PublishedRelease::archive(version, bytes)
    };
    versions.iter().map(published).collect()
}

/// A registry with these images, and the address of the source.
pub(crate) fn registry(
    access: &RegistryAccess,
    images: &ReleaseImages,
) -> (DockerRegistry, String) {
    let registry = DockerRegistry::start(access);
    images.write_registry(&registry.data(), PREFIX).unwrap();
    let source = format!("oci://{}/{PREFIX}", registry.address);
    (registry, source)
}

/// Asserts that standard output contains each of these.
#[track_caller]
pub(crate) fn prints(run: &Run, parts: &[&str]) {
    let text = run.stdout();
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

/// Images without statements, as other programs push release assets.
pub(crate) fn assets(versions: &[&str]) -> ReleaseImages {
    ReleaseImages::with(&published(versions), |_| None)
}

#[test]
fn a_release_comes_from_a_registry() {
    let (registry, source) = registry(&RegistryAccess::Open, &assets(&["0.1.0", "0.2.0"]));
    let sandbox = Sandbox::new();
    let run = sandbox.loom(&["get", "--source", &source, "--version", "0.1.0"]).ok();
    assert_eq!(run.path(), sandbox.link("0.1.0"));
    assert_eq!(registry.requests().len(), 3, "{:?}", registry.requests());
    let run = sandbox.loom(&["get", "--source", &source]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"), "the newest version is found among the tags");
    let list = sandbox.loom(&["list", "--remote", "--source", &source]).ok();
    prints(&list, &["0.1.0", "0.2.0"]);
    let why = sandbox.loom(&["why", "0.2.0"]).ok();
    prints(&why, &["archive, by image manifest at oci://127.0.0.1:", "(registry)"]);
    sandbox.loom(&["get", "--source", &source, "--version", "0.3.0"]).code(3);
    sandbox.verify();
}

#[test]
fn a_statement_travels_with_the_image() {
    let plain = Plain::of(&["0.2.0"]);
    let first = Sandbox::new();
    first.loom(&["get", "0.2.0", "--source", &plain.url()]).ok();
    let released = published(&["0.2.0"]).remove(0);
    let record = fs::read(first.cache().join(Record::path(&released.release))).unwrap();
    let statement = Record::parse(&record).unwrap().statement;
    let statement = fs::read_to_string(first.cache().join(object_path(&statement))).unwrap();
    let images = ReleaseImages::with(&[released], |_| Some(statement.clone()));
    let (_registry, source) = registry(&RegistryAccess::Open, &images);
    let sandbox = Sandbox::new();
    sandbox.loom(&["get", "0.2.0", "--source", &source]).ok();
    let why = sandbox.loom(&["why", "0.2.0"]).ok();
    prints(&why, &["by statement at oci://127.0.0.1:"]);
}

#[test]
fn a_layout_needs_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("images");
    fs::create_dir(&layout).unwrap();
    assets(&["0.2.0"]).write_layout(&layout).unwrap();
    let archive = folder.path().join("images.tar");
    let mut writer = tar::Builder::new(fs::File::create(&archive).unwrap());
    writer.append_dir_all(".", &layout).unwrap();
    writer.into_inner().unwrap();
    for path in [&layout, &archive] {
        let sandbox = Sandbox::new();
        let source = format!("oci-layout:{}", path.display());
        let run = sandbox.loom(&["get", "--offline", "--source", &source]).ok();
        assert_eq!(run.path(), sandbox.link("0.2.0"));
    }
    let sandbox = Sandbox::new();
    let source = format!("oci-layout:{}", folder.path().display());
    let run = sandbox.loom(&["get", "0.2.0", "--source", &source]).code(5);
    run.says(&["it is no OCI image layout: it has no oci-layout"]);
}

#[test]
fn a_tag_that_moved_changes_no_lock() {
    let layout = tempfile::tempdir().unwrap();
    assets(&["0.2.0"]).write_layout(layout.path()).unwrap();
    let source = format!("oci-layout:{}", layout.path().display());
    let sandbox = Sandbox::new();
    sandbox.write(sandbox.project().join("loom.toml"), "[bridge]\nversion = \"0.2.0\"\n");
    let lock = ["lock", "--source", &source];
    sandbox.loom(&lock).ok();
    sandbox.loom(&lock).ok();
    let locked = fs::read(sandbox.project().join("loom.lock")).unwrap();
    let before = Digest::of(&published(&["0.2.0"]).remove(0).bytes);
    let bytes = published(&["0.1.0"]).remove(0).bytes.to_vec();
    let after = Digest::of(&bytes);
    let moved = ReleaseImages::with(&[PublishedRelease::archive("0.2.0", bytes)], |_| None);
    moved.write_layout(layout.path()).unwrap();
    sandbox.loom(&lock).code(6);
    sandbox.loom(&["trust"]).ok();
    let get = sandbox.loom(&["get", "--locked", "--source", &source]).code(6);
    get.says(&[&before.to_string(), &after.to_string(), "loom.lock"]);
    assert_eq!(fs::read(sandbox.project().join("loom.lock")).unwrap(), locked);
}

#[test]
fn questions_about_newer_versions_are_counted() {
    let versions = ["0.1.0", "0.2.0"];
    let (registry, source) = registry(&RegistryAccess::Open, &assets(&versions));
    let sandbox = Sandbox::new();
    sandbox.loom(&["get", "--source", &source]).ok();
    // The tags, and what the newest one has for this platform; then the release by the same tag.
    let first = ["GET tags 200", "GET manifests 200"];
    let release = ["GET manifests 200", "GET manifests/sha256: 200", "GET blobs 200"];
    assert_eq!(kinds(&registry, 0), [&first[..], &release].concat());
    let before = registry.requests().len();
    // The list is fresh for a day.
    sandbox.loom(&["get", "--source", &source]).ok();
    assert_eq!(kinds(&registry, before), [""; 0]);
    // An explicit question reads the tags anew, and what each of the newest 64 has.
    sandbox.loom(&["update", "--check", "--source", &source]).ok();
    let asked = ["GET tags 200", "GET manifests 200", "GET manifests 200"];
    assert_eq!(kinds(&registry, before), asked);
}

#[test]
fn a_manifest_without_an_index_is_for_no_platform_that_it_does_not_state() {
    let mut images = assets(&["0.2.0"]);
    let is_manifest =
        |digest: &&Digest| images.blobs[*digest].windows(8).any(|part| part == b"\"layers\"");
    let manifest = *images.documents.iter().find(is_manifest).unwrap();
    images.tags.values_mut().for_each(|digest| *digest = manifest);
    let (_registry, source) = registry(&RegistryAccess::Open, &images);
    let sandbox = Sandbox::new();
    for platform in ["linux-x86_64", "macos-aarch64"] {
        let get = ["get", "0.2.0", "--source", &source, "--platform", platform];
        sandbox.loom(&get).code(3);
    }
}

#[test]
fn other_bytes_under_a_digest_are_refused() {
    let released = published(&["0.2.0"]).remove(0);
    let digest = Digest::of(&released.bytes);
    let mut images = ReleaseImages::with(&[released], |_| None);
    let bytes = images.blobs.get_mut(&digest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let (_registry, source) = registry(&RegistryAccess::Open, &images);
    let sandbox = Sandbox::new();
    sandbox.loom(&["get", "0.2.0", "--source", &source]).code(6);
    assert!(!sandbox.link("0.2.0").exists());
}

#[test]
fn a_private_registry_gets_the_login_of_docker_or_of_the_source() {
    let (registry, source) = registry(&RegistryAccess::Password, &assets(&["0.2.0"]));
    let get = ["get", "0.2.0", "--source", &source];
    let sandbox = Sandbox::new();
    sandbox.loom(&get).code(4).says(&["HTTP 401, UNAUTHORIZED"]);
    // A project does not choose whose logins are used.
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"{AUTH}"}}}}}}"#, registry.address);
    sandbox.write(sandbox.home().join("elsewhere/config.json"), &config);
    let named = format!("DOCKER_CONFIG={}\n", sandbox.home().join("elsewhere").display());
    sandbox.write(sandbox.project().join(".env"), &named);
    sandbox.loom(&get).code(4);
    sandbox.write(sandbox.home().join(".docker/config.json"), &config);
    let run = sandbox.loom(&[&get[..], &["-vv"]].concat()).ok();
    assert!(!run.stderr().contains(PASSWORD) && !run.stderr().contains(AUTH), "{}", run.stderr());
    let other = Sandbox::new();
    named_login(other, &source);
    holds_no_secret(&sandbox.cache());
    holds_no_secret(&sandbox.state());
}

/// The login is in variables that the source names.
fn named_login(mut sandbox: Sandbox, source: &str) {
    let table = format!(
        "[[sources]]\ntype = \"oci\"\nurl = \"{source}\"\nusername_env = \"REG_USER\"\n\
         password_env = \"REG_PASSWORD\"\n"
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
    sandbox.loom(&["get", "0.2.0"]).code(4);
    sandbox.set("REG_USER", USER).set("REG_PASSWORD", " ");
    sandbox.loom(&["get", "0.2.0"]).code(2).says(&["the secret in REG_PASSWORD is empty"]);
    sandbox.set("REG_PASSWORD", PASSWORD);
    sandbox.loom(&["get", "0.2.0"]).ok();
    holds_no_secret(&sandbox.cache());
    holds_no_secret(&sandbox.state());
}

/// Asserts that no file below `folder` contains the password.
fn holds_no_secret(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            holds_no_secret(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(PASSWORD) && !text.contains(AUTH), "{}", path.display());
        }
    }
}

#[test]
fn a_helper_that_is_missing_is_only_said() {
    let (_registry, source) = registry(&RegistryAccess::Password, &assets(&["0.2.0"]));
    let sandbox = Sandbox::new();
    sandbox.write(sandbox.home().join(".docker/config.json"), r#"{"credsStore":"desktop"}"#);
    let run = sandbox.loom(&["get", "0.2.0", "-v", "--source", &source]).code(4);
    run.says(&["docker-credential-desktop", "the program was not found"]);
}

#[test]
fn refused_credentials_have_one_exit_code_whatever_is_asked() {
    let (_registry, source) = registry(&RegistryAccess::Password, &assets(&["0.2.0"]));
    let sandbox = Sandbox::new();
    let table = format!("[[sources]]\ntype = \"oci\"\nurl = \"{source}\"\n");
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
    for command in [&["list", "--remote"][..], &["update", "--check"], &["get"], &["get", "0.2.0"]]
    {
        let run = sandbox.loom(command).code(4);
        run.says(&["HTTP 401, UNAUTHORIZED", "check the"]);
    }
}

#[test]
fn a_tag_with_a_prefix_is_named_and_is_no_version() {
    let mut images = assets(&["0.2.0"]);
    let key = (BINARY.to_owned(), "0.2.0".to_owned());
    let index = images.tags.remove(&key).unwrap();
    images.tags.insert((BINARY.to_owned(), "v0.2.0".to_owned()), index);
    let (_registry, source) = registry(&RegistryAccess::Open, &images);
    let sandbox = Sandbox::new();
    for args in [&["0.2.0"][..], &[], &["-v"]] {
        let run = sandbox.loom(&[&["get", "--source", &source], args].concat()).code(3);
        run.says(&["has v0.2.0", "a tag is the version itself"]).never_says(&["tag_prefix"]);
    }
}

#[test]
fn the_configuration_of_a_registry_is_checked_before_it_is_asked() {
    let sandbox = Sandbox::new();
    let config = sandbox.home().join(".config/loom/config.toml");
    for (keys, problem) in [
        ("url = \"oci://registry.example/Loom\"", "does not name a repository of a registry"),
        ("url = \"oci://registry.example/loom\"\nusername_env = \"USER\"", "password_env"),
        ("url = \"oci://registry.example/loom\"\npassword_env = \"PASS\"", "username_env"),
    ] {
        sandbox.write(&config, &format!("[[sources]]\ntype = \"oci\"\n{keys}\n"));
        for command in [&["config", "check"][..], &["get"]] {
            let run = sandbox.loom(command).code(2);
            let said = format!("{}{}", run.stdout(), run.stderr());
            assert!(said.contains(problem), "{command:?} {keys}: {said}");
        }
    }
    // The case of a scheme has no meaning.
    let (registry, source) = registry(&RegistryAccess::Open, &assets(&["0.2.0"]));
    let url = source.replacen("oci", "OCI", 1);
    sandbox.write(&config, &format!("[[sources]]\ntype = \"oci\"\nurl = \"{url}\"\n"));
    sandbox.loom(&["config", "check"]).ok();
    sandbox.loom(&["get"]).ok();
    assert!(!registry.requests().is_empty());
}

#[test]
fn what_is_asked_instead_of_a_registry_is_named() {
    let registry = DockerRegistry::start(&RegistryAccess::Open);
    let through = format!("{}/ghcr", registry.address);
    let sandbox = Sandbox::new();
    let table = format!(
        "[[sources]]\ntype = \"oci\"\nurl = \"oci://registry.example/loom\"\nmirror = \"{through}\"\n"
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &table);
    let run = sandbox.loom(&["get", "0.2.0"]).code(3);
    run.says(&["oci://registry.example/loom", &format!("asked through {through}")]);
}
