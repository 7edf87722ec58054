//! Plugins that hang, lie, babble or die: errors like any other source's, and nothing of them is left.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use loom_plugin::{Plugin, PluginOptions, Program};
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
        program: Program::At(program),
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

/// The error with its causes.
fn told(error: &SourceError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

async fn drained(plugin: &Plugin, from: &RangeRequest) -> Result<Vec<u8>, SourceError> {
    let mut opened = plugin.open(&AssetRef::new("x"), from).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = opened.body.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

#[tokio::test]
async fn whatever_a_plugin_says_wrongly_names_it() {
    let folder = TempDir::new().unwrap();
    for (script, why) in [
        ("exec sleep 1000", "no response from plugin:bad within 700ms"),
        ("while :; do printf x; sleep 0.1; done", "no response from plugin:bad"),
        ("echo nonsense", "no line of the protocol"),
        ("printf '\\377\\000\\n'", "no line of the protocol"),
        ("head -c 2000000 /dev/zero", "a line of more than"),
        ("exit 0", "it ended without an answer (exit status: 0)"),
        ("echo 'cannot: s3cret-t0ken' >&2; exit 3", "(exit status: 3: cannot: ***)"),
        ("kill -9 $$", "signal: 9"),
        (r#"echo '{"offer": null}'"#, r#"it says "offer" where "hello" belongs"#),
        (r#"echo '{"hello": {"protocol": 2}}'"#, "it speaks protocol 2, and this loom speaks 1"),
        (r#"echo '{"hello": {"protocol": 1, "protocol": 1}}'"#, "duplicate key"),
        ("HELLO", "it ended without an answer"),
        ("HELLO; sleep 1000", "no response from"),
        (r#"HELLO; echo '{"versions": []}'"#, r#"it says "versions" where "offer" belongs"#),
        (r#"HELLO; echo '{"offer": {"carriers": [{"at": ""}]}}'"#, "an `at` is"),
        (r#"HELLO; echo '{"offer": {"carriers": [{"at": "a", "sha256": "x"}]}}'"#, "no line"),
        (
            r#"HELLO; echo '{"error": {"message": "no: s3cret-t0ken"}}'"#,
            "plugin:bad failed: no: ***",
        ),
    ] {
        let plugin = plugin(folder.path(), &script.replace("HELLO", HELLO));
        let begun = Instant::now();
        let error = plugin.find(&release()).await.unwrap_err();
        let text = told(&error);
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
async fn bytes_are_as_many_as_promised_or_an_error() {
    let folder = TempDir::new().unwrap();
    for (script, why) in [
        (
            r#"echo '{"opened": {"start": 0, "total": 9}}'; printf 12345"#,
            "interrupted after 5 bytes",
        ),
        (r#"echo '{"opened": {"start": 0, "total": 9}}'; printf 123; exit 4"#, "exit status: 4"),
        (r#"echo '{"opened": {"start": 0, "total": 9}}'; printf 1; sleep 99"#, "no data from"),
        (r#"echo '{"opened": {"start": 0, "total": 2}}'; printf 123"#, "more than the 2 bytes"),
        (
            r#"echo '{"opened": {"start": 0, "total": 2}}'; printf 12; exit 1"#,
            "after its last byte",
        ),
        (r#"echo '{"opened": {"start": 0, "total": 2}}'; printf 12; sleep 99"#, "no data from"),
        (r#"echo '{"opened": {"start": 3, "total": 9}}'"#, "got those from 3 of 9"),
        (r#"echo '{"opened": {"start": 5, "total": 4}}'"#, "got those from 5 of 4"),
        (r#"echo '{"opened": {"start": 5, "total": 9, "validator": "b"}}'"#, "of something else"),
        (r#"echo '{"opened": {"start": 5}}'"#, "no line of the protocol"),
        (
            r#"echo '{"error": {"kind": "gone", "message": "away"}}'"#,
            "does not exist any more: away",
        ),
    ] {
        let plugin = plugin(folder.path(), &format!("{HELLO}; {script}"));
        let from = RangeRequest { from: 5, validator: Some(Validator::Strong("a".to_owned())) };
        let error = drained(&plugin, &from).await.unwrap_err();
        let text = told(&error);
        assert!(text.contains(why) && text.contains("plugin:bad"), "{script}: {text}");
    }
    let good = r#"echo '{"opened": {"start": 0, "total": 5}}'; printf 12345"#;
    let plugin = plugin(folder.path(), &format!("{HELLO}; {good}"));
    assert_eq!(drained(&plugin, &RangeRequest::whole()).await.unwrap(), b"12345");
}

#[tokio::test]
async fn credentials_and_lists_are_told_apart() {
    let folder = TempDir::new().unwrap();
    let refused = r#"echo '{"error": {"kind": "credentials", "message": "log in"}}'"#;
    let refused = plugin(folder.path(), &format!("{HELLO}; {refused}"));
    assert!(refused.capabilities().list, "until it has said otherwise");
    let error = refused.find(&release()).await.unwrap_err();
    assert_eq!(error.kind.class(), ErrorClass::Credentials);
    let unlistable = plugin(folder.path(), &format!("{HELLO}; echo '{{\"versions\": null}}'"));
    let listing = unlistable.list(&product(), ListingScope::All).await.unwrap();
    assert!(matches!(listing, VersionListing::Unlistable(_)), "{listing:?}");
}

#[tokio::test]
async fn the_whole_may_have_a_budget() {
    let folder = TempDir::new().unwrap();
    let slow =
        r#"echo '{"opened": {"start": 0, "total": 900}}'; while :; do printf 1; sleep 0.1; done"#;
    let total_timeout = Some(Duration::from_millis(900));
    let options = options(folder.path(), &format!("{HELLO}; {slow}"));
    let plugin = Plugin::open(PluginOptions { total_timeout, ..options });
    let error = drained(&plugin, &RangeRequest::whole()).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::TotalTimeout { .. }), "{error:?}");
}

#[tokio::test]
async fn offline_nothing_is_started_and_a_missing_program_is_said() {
    let folder = TempDir::new().unwrap();
    let touched = folder.path().join("touched");
    let options = options(folder.path(), &format!("touch {}", touched.display()));
    let offline = Plugin::open(PluginOptions { offline: true, ..options.clone() });
    let error = offline.find(&release()).await.unwrap_err();
    assert_eq!(error.kind.class(), ErrorClass::Offline);
    assert!(!touched.exists());
    let why = "there is no loom-source-bad".to_owned();
    let missing = Plugin::open(PluginOptions { program: Program::Missing(why), ..options.clone() });
    let error = missing.find(&release()).await.unwrap_err();
    assert_eq!(told(&error), "plugin:bad failed: there is no loom-source-bad");
    let nowhere = Program::At(PathBuf::from("/nowhere/loom-source-bad"));
    let error = Plugin::open(PluginOptions { program: nowhere, ..options }).find(&release()).await;
    assert!(told(&error.unwrap_err()).contains("/nowhere/loom-source-bad"));
}

#[tokio::test]
async fn its_environment_is_what_it_is_given_and_its_options_are_in_no_argument() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("seen");
    let script = format!("{{ env; echo \"args $#\"; cat /proc/$$/cmdline; }} > {}", out.display());
    plugin(folder.path(), &script).find(&release()).await.unwrap_err();
    let seen = fs::read_to_string(out).unwrap();
    assert!(seen.contains("PATH=/usr/bin:/bin") && seen.contains("args 0"), "{seen}");
    assert!(!seen.contains("HOME=") && !seen.contains("CARGO") && !seen.contains(SECRET), "{seen}");
}

/// Whether a process runs; one that nobody has waited for does.
fn exists(pid: &str) -> bool {
    Path::new("/proc").join(pid.trim()).exists()
}

/// What another process does at its own pace.
async fn until(what: &str, happened: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn nothing_is_left_of_one_that_nobody_waits_for() {
    let folder = TempDir::new().unwrap();
    let pids = folder.path().join("pids");
    let name = pids.display().to_string();
    let script = format!(
        "{HELLO}; echo '{{\"opened\": {{\"start\": 0, \"total\": 9}}}}'; printf 1; sleep 1000 & \
         echo \"$$ $!\" > {name}.new; mv {name}.new {name}; wait"
    );
    let plugin = plugin(folder.path(), &script);
    let mut opened = plugin.open(&AssetRef::new("x"), &RangeRequest::whole()).await.unwrap();
    assert_eq!(&opened.body.next().await.unwrap().unwrap()[..], b"1");
    until("it tells its processes", || pids.exists()).await;
    let told = fs::read_to_string(&pids).unwrap();
    let (own, child) = told.trim().split_once(' ').unwrap();
    assert!(exists(own) && exists(child));
    drop(opened);
    assert!(!exists(own), "killed and waited for");
    // Its child is waited for by whoever adopts orphans.
    let gone = || {
        let state = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    };
    until("its child is killed", gone).await;
}
