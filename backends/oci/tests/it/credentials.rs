//! Logins from the files and programs of docker and podman, at a registry that asks for a password.
#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use loom_http::NetworkSettings;
use loom_oci::{CredentialFiles, OciOptions};
use loom_source::Source as _;
use loom_test_support::docker_registry::{DockerRegistry, PASSWORD, RegistryAccess, USER};
use tempfile::TempDir;

use crate::support::{fetch, published, registry, source, with_files};

/// `ada:s3cret-w0rd` in base64.
const AUTH: &str = "YWRhOnMzY3JldC13MHJk";

/// Files of logins and helper programs in a folder.
struct Logins {
    folder: TempDir,
    registry: DockerRegistry,
}

impl Logins {
    fn new() -> Self {
        let registry = registry(&RegistryAccess::Password, &[published()]);
        Self { folder: TempDir::new().unwrap(), registry }
    }

    /// A file of logins, where `HOST` stands for the registry.
    fn file(&self, name: &str, text: &str) -> &Self {
        let text = text.replace("HOST", &self.registry.address);
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// A helper program.
    fn helper(&self, name: &str, script: &str) -> &Self {
        let path = self.folder.path().join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn options(&self, names: &[&str]) -> OciOptions {
        let folder: &Path = self.folder.path();
        with_files(CredentialFiles {
            paths: names.iter().map(|name| folder.join(name)).collect(),
            program_folders: vec![folder.to_owned()],
            environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        })
    }

    /// Whether the release is fetched, and what is said.
    async fn outcome(&self, names: &[&str]) -> (bool, String) {
        let source = source(&self.registry.address, self.options(names));
        let fetched = fetch(&source).await;
        let said = source.skipped().unwrap_or_default();
        let shown = format!("{said} {fetched:?} {source:?}");
        assert!(!shown.contains(PASSWORD) && !shown.contains(AUTH), "{shown}");
        (fetched.is_ok(), said)
    }
}

/// A helper that prints the login of the tests for the registry that it is asked for.
fn right() -> String {
    format!(
        r#"read host; echo "{{\"ServerURL\":\"$host\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}""#
    )
}

#[tokio::test]
async fn logins_are_read_from_files_in_their_order() {
    let logins = Logins::new();
    logins.file("config.json", &format!(r#"{{"auths":{{"HOST":{{"auth":"{AUTH}"}}}}}}"#));
    logins.file("other.json", r#"{"auths":{"HOST":{"auth":"YWRhOndyb25n"}}}"#);
    logins.file("garbage.json", r#"{"auths": s3cret-w0rd"#);
    assert_eq!(logins.outcome(&["config.json"]).await, (true, String::new()));
    assert!(logins.outcome(&["absent.json", "config.json", "other.json"]).await.0);
    let (fetched, said) = logins.outcome(&["other.json", "config.json"]).await;
    assert!(!fetched && said.contains("it refused the login (HTTP 401)"), "{said}");
    logins.file("odd.json", r#"{"auths":{"HOST":{"auth":"!!!"}}}"#);
    let (fetched, said) = logins.outcome(&["odd.json"]).await;
    assert!(!fetched && said.contains("its login in the file of logins cannot be read"), "{said}");
    logins.file("odd.json", r#"{"auths":{"HOST":{}},"credsStore":""}"#);
    assert_eq!(logins.outcome(&["odd.json"]).await, (false, String::new()));
    let (fetched, said) = logins.outcome(&["garbage.json", "config.json"]).await;
    assert!(fetched && said.contains("not a file of logins"), "{said}");
}

#[tokio::test]
async fn the_helper_of_the_registry_comes_before_the_helper_for_all() {
    let logins = Logins::new();
    logins.helper("own", &right()).helper("all", "exit 7");
    logins.file("config.json", r#"{"credHelpers":{"HOST":"own"},"credsStore":"all"}"#);
    assert_eq!(logins.outcome(&["config.json"]).await, (true, String::new()));
    logins.helper("own", "echo credentials not found in native keychain; exit 1");
    logins.helper("all", &right());
    assert_eq!(logins.outcome(&["config.json"]).await, (true, String::new()));
}

#[tokio::test]
async fn a_helper_that_cannot_be_used_is_said_and_left_out() {
    let logins = Logins::new();
    logins.file(
        "kept.json",
        &format!(r#"{{"auths":{{"HOST":{{"auth":"{AUTH}"}}}},"credsStore":"x"}}"#),
    );
    for (script, why) in [
        (None, "the program was not found"),
        (Some("echo s3cret-w0rd"), "it printed no login"),
        (Some("exit 3"), "it failed"),
        (Some("yes s3cret-w0rd"), "it failed"),
    ] {
        if let Some(script) = script {
            logins.helper("x", script);
        }
        let (fetched, said) = logins.outcome(&["kept.json"]).await;
        assert!(fetched && said.contains(why), "{script:?}: {said}");
    }
}

#[tokio::test]
async fn a_helper_that_hangs_is_ended() {
    let logins = Logins::new();
    let marker = logins.folder.path().join("pid");
    logins.helper("x", &format!("sleep 600 & echo $! > {}; wait", marker.display()));
    logins.file("config.json", r#"{"credsStore":"x"}"#);
    let network = NetworkSettings { timeout: Duration::from_secs(1), ..NetworkSettings::default() };
    let options = OciOptions { network, ..logins.options(&["config.json"]) };
    let source = source(&logins.registry.address, options);
    let error = fetch(&source).await.unwrap_err();
    assert!(error.to_string().contains("HTTP 401"), "{error}");
    assert!(source.skipped().unwrap().contains("did not answer within 0.5 s"));
    let pid = fs::read_to_string(marker).unwrap();
    let gone = || !Path::new(&format!("/proc/{}/stat", pid.trim())).exists();
    for _ in 0..100 {
        if gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(stat.contains(") Z "), "what the helper started still runs: {stat}");
}
