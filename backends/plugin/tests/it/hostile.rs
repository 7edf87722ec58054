//! Plugins that hang, break the protocol or crash: the requests fail as those of other sources do, and no process is left.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use loom_plugin::{Plugin, PluginOptions, PluginProgram};
use loom_source::{
    Advice, AssetRef, ErrorClass, ListingScope, RangeRequest, Release, Source as _, SourceError,
    SourceErrorKind, Validator, VersionListing, contract::product,
};
use serde_json::json;
use tempfile::TempDir;

const SECRET: &str = "s3cret-t0ken";
const HELLO: &str =
    r#"read hello; read question; echo '{"hello": {"protocol": 1, "list": true, "resume": true}}'"#;

/// A plugin that is this shell script.
fn plugin(folder: &Path, script: &str) -> Plugin {
    Plugin::open(options(folder, script))
}

fn options(folder: &Path, script: &str) -> PluginOptions {
    let program = folder.join("loom-source-bad");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    PluginOptions {
        name: "bad".to_owned(),
        program: PluginProgram::Found(program),
        options: json!({"token": SECRET}),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        timeout: Duration::from_millis(700),
        total_timeout: None,
        offline: false,
    }
}

fn release() -> Release {
    product().at_version("0.2.0".parse().unwrap())
}

/// The error with its cause.
fn message(error: &SourceError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

async fn download(plugin: &Plugin, from: &RangeRequest) -> Result<Vec<u8>, SourceError> {
    let mut download = plugin.open(&AssetRef::new("x"), from).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = download.body.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

#[tokio::test]
async fn a_broken_response_is_an_error_that_names_the_plugin() {
    let folder = TempDir::new().unwrap();
    for (script, why) in [
        ("exec sleep 1000", "no response from plugin:bad within 700ms"),
        ("while :; do printf x; sleep 0.1; done", "no response from plugin:bad"),
        ("echo nonsense", "not a message of the protocol"),
        ("printf '\\377\\000\\n'", "not a message of the protocol"),
        ("head -c 2000000 /dev/zero", "a line of more than"),
        ("exit 0", "the process ended without a response (exit status: 0)"),
        ("echo 'cannot: s3cret-t0ken' >&2; exit 3", "(exit status: 3: cannot: ***)"),
        ("kill -9 $$", "signal: 9"),
        (r#"echo '{"offer": null}'"#, r#"expected "hello", got "offer""#),
        (r#"echo '{"hello": {"protocol": 2}}'"#, "unsupported protocol: expected 1, got 2"),
        (r#"echo '{"hello": {"protocol": 1, "protocol": 1}}'"#, "duplicate key"),
        ("HELLO", "the process ended without a response"),
        ("HELLO; sleep 1000", "no response from"),
        (r#"HELLO; echo '{"versions": []}'"#, r#"expected "offer", got "versions""#),
        (r#"HELLO; echo '{"offer": {"carriers": [{"at": ""}]}}'"#, "`at` is empty"),
        (r#"HELLO; echo '{"offer": {"carriers": [{"at": "a", "sha256": "x"}]}}'"#, "not a message"),
        (
            r#"HELLO; echo '{"error": {"message": "no: s3cret-t0ken"}}'"#,
            "plugin:bad failed: no: ***",
        ),
    ] {
        let plugin = plugin(folder.path(), &script.replace("HELLO", HELLO));
        let begun = Instant::now();
        let error = plugin.find(&release()).await.unwrap_err();
        let text = message(&error);
        assert!(text.contains(why) && text.contains("plugin:bad"), "{script}: {text}");
        assert!(!format!("{text} {error:?}").contains(SECRET), "{text}");
        assert_eq!(
            (error.kind.advice(), error.kind.class()),
            (Advice::Next, ErrorClass::Unreachable),
            "{text}"
        );
        assert!(begun.elapsed() < Duration::from_secs(5), "{script} took {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_body_has_the_announced_length_or_is_an_error() {
    let folder = TempDir::new().unwrap();
    for (script, why) in [
        (
            r#"echo '{"opened": {"start": 0, "total": 9}}'; printf 12345"#,
            "interrupted after 5 bytes",
        ),
        (r#"echo '{"opened": {"start": 0, "total": 9}}'; printf 123; exit 4"#, "exit status: 4"),
        (r#"echo '{"opened": {"start": 0, "total": 9}}'; printf 1; sleep 99"#, "no data from"),
        (
            r#"echo '{"opened": {"start": 0, "total": 2}}'; printf 123"#,
            "more than the announced 2 bytes",
        ),
        (
            r#"echo '{"opened": {"start": 0, "total": 2}}'; printf 12; exit 1"#,
            "after its last byte",
        ),
        (r#"echo '{"opened": {"start": 0, "total": 2}}'; printf 12; sleep 99"#, "no data from"),
        (r#"echo '{"opened": {"start": 3, "total": 9}}'"#, "got bytes from 3 of 9"),
        (r#"echo '{"opened": {"start": 5, "total": 4}}'"#, "got bytes from 5 of 4"),
        (r#"echo '{"opened": {"start": 5, "total": 9, "validator": "b"}}'"#, "of a changed asset"),
        (r#"echo '{"opened": {"start": 5}}'"#, "not a message of the protocol"),
        (
            r#"echo '{"error": {"kind": "gone", "message": "away"}}'"#,
            "does not exist any more: away",
        ),
    ] {
        let plugin = plugin(folder.path(), &format!("{HELLO}; {script}"));
        let from = RangeRequest { from: 5, validator: Some(Validator::Strong("a".to_owned())) };
        let error = download(&plugin, &from).await.unwrap_err();
        let text = message(&error);
        assert!(text.contains(why) && text.contains("plugin:bad"), "{script}: {text}");
    }
    let good = r#"echo '{"opened": {"start": 0, "total": 5}}'; printf 12345"#;
    let plugin = plugin(folder.path(), &format!("{HELLO}; {good}"));
    assert_eq!(download(&plugin, &RangeRequest::whole()).await.unwrap(), b"12345");
}

#[tokio::test]
async fn refused_credentials_and_missing_lists_are_reported() {
    let folder = TempDir::new().unwrap();
    let refused = r#"echo '{"error": {"kind": "credentials", "message": "log in"}}'"#;
    let refused = plugin(folder.path(), &format!("{HELLO}; {refused}"));
    assert!(refused.capabilities().list, "assumed before the first hello");
    let error = refused.find(&release()).await.unwrap_err();
    assert_eq!(error.kind.class(), ErrorClass::Credentials);
    let unlistable = plugin(folder.path(), &format!("{HELLO}; echo '{{\"versions\": null}}'"));
    let listing = unlistable.list(&product(), ListingScope::All).await.unwrap();
    assert!(matches!(listing, VersionListing::Unlistable(_)), "{listing:?}");
}

#[tokio::test]
async fn a_request_can_have_a_total_timeout() {
    let folder = TempDir::new().unwrap();
    let slow =
        r#"echo '{"opened": {"start": 0, "total": 900}}'; while :; do printf 1; sleep 0.1; done"#;
    let total_timeout = Some(Duration::from_millis(900));
    let options = options(folder.path(), &format!("{HELLO}; {slow}"));
    let plugin = Plugin::open(PluginOptions { total_timeout, ..options });
    let error = download(&plugin, &RangeRequest::whole()).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::TotalTimeout { .. }), "{error:?}");
}

#[tokio::test]
async fn a_plugin_is_not_started_offline_or_without_a_program() {
    let folder = TempDir::new().unwrap();
    let touched = folder.path().join("touched");
    let options = options(folder.path(), &format!("touch {}", touched.display()));
    let offline = Plugin::open(PluginOptions { offline: true, ..options.clone() });
    let error = offline.find(&release()).await.unwrap_err();
    assert_eq!(error.kind.class(), ErrorClass::Offline);
    assert!(!touched.exists());
    let why = "there is no loom-source-bad".to_owned();
    let missing =
        Plugin::open(PluginOptions { program: PluginProgram::Missing(why), ..options.clone() });
    let error = missing.find(&release()).await.unwrap_err();
    assert_eq!(message(&error), "plugin:bad failed: there is no loom-source-bad");
    let nowhere = PluginProgram::Found(PathBuf::from("/nowhere/loom-source-bad"));
    let error = Plugin::open(PluginOptions { program: nowhere, ..options }).find(&release()).await;
    assert!(message(&error.unwrap_err()).contains("/nowhere/loom-source-bad"));
}

#[tokio::test]
async fn a_plugin_gets_the_given_environment_and_no_arguments() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("seen");
    let script = format!("{{ env; echo \"args $#\"; cat /proc/$$/cmdline; }} > {}", out.display());
    plugin(folder.path(), &script).find(&release()).await.unwrap_err();
    let seen = fs::read_to_string(out).unwrap();
    assert!(seen.contains("PATH=/usr/bin:/bin") && seen.contains("args 0"), "{seen}");
    assert!(!seen.contains("HOME=") && !seen.contains("CARGO") && !seen.contains(SECRET), "{seen}");
}

/// Whether a process exists, which includes one that has ended and has not been waited for.
fn exists(pid: &str) -> bool {
    Path::new("/proc").join(pid.trim()).exists()
}

/// Waits until another process has done what `condition` checks.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn dropping_a_download_kills_all_processes_of_the_plugin() {
    let folder = TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    let name = pids.display().to_string();
    let script = format!(
        "{HELLO}; echo '{{\"opened\": {{\"start\": 0, \"total\": 9}}}}'; printf 1; sleep 1000 & \
         echo \"$$ $!\" > {name}.new; mv {name}.new {name}; wait"
    );
    let plugin = plugin(folder.path(), &script);
    let mut download = plugin.open(&AssetRef::new("x"), &RangeRequest::whole()).await.unwrap();
    assert_eq!(&download.body.next().await.unwrap().unwrap()[..], b"1");
    until("the plugin writes its process ids", || pids.exists()).await;
    let text = fs::read_to_string(&pids).unwrap();
    let (own, child) = text.trim().split_once(' ').unwrap();
    assert!(exists(own) && exists(child));
    drop(download);
    assert!(!exists(own), "killed and waited for");
    // The child process has been adopted by init, which waits for it.
    let gone = || {
        let state = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    };
    until("the child is killed", gone).await;
}
