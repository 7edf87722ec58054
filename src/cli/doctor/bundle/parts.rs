//! The documents and logs of the archive.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use loom_base::{bounded_file, clean};
use loom_runtime::{
    config::{Flags, Resolved},
    launch::LogRange,
    store::{Damage, QuickReport, Receipt, Store},
};
use serde_json::{Value, json};

use super::redaction::Redaction;
use crate::cli::{CommandError, context::Context, path_text::shown};

/// The size limit of a part in bytes.
const LARGEST: usize = 1 << 20;

/// The number of lines that are taken of each log.
const LOG_LINES: usize = 200;

/// The size limit of a line of a log in bytes.
const LONGEST_LINE: usize = 4096;

/// The number of instances whose records and logs are taken.
const MAX_INSTANCES: usize = 20;

/// The commands whose documents are taken: the name of the part, and the arguments.
const COMMANDS: [(&str, &[&str]); 5] = [
    ("config.json", &["config", "show"]),
    ("config-check.json", &["config", "check"]),
    ("list.json", &["list"]),
    ("du.json", &["store", "du"]),
    ("sources.json", &["source", "list"]),
];

/// A file of the archive.
#[derive(Debug)]
pub(super) struct BundlePart {
    pub(super) name: String,
    pub(super) text: String,
    /// Whether the limit cut it.
    pub(super) is_cut: bool,
}

/// All parts, redacted and within their limits.
pub(super) fn all(context: &Context, doctor: &Value, redaction: &Redaction) -> Vec<BundlePart> {
    let mut found: Vec<(String, String)> = vec![
        ("about.json".to_owned(), pretty(&about())),
        ("doctor.json".to_owned(), pretty(doctor)),
        ("environment.json".to_owned(), pretty(&environment(context))),
    ];
    for (name, args) in COMMANDS {
        found.push((name.to_owned(), document(context, args)));
    }
    match of_store(context, redaction) {
        Ok(parts) => found.extend(parts),
        Err(error) => found.push(("store-error.txt".to_owned(), error.message)),
    }
    let part = |(name, text): (String, String)| {
        let text = redaction.text(&clean::text(&text));
        let is_cut = text.len() > LARGEST;
        BundlePart { name, text: cut(text, LARGEST), is_cut }
    };
    found.into_iter().map(part).collect()
}

/// At most so many bytes of a text.
fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
    }
    text
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

fn about() -> Value {
    let read = |path: &str| {
        let text = bounded_file::read_text(Path::new(path), 4096).ok()?;
        text.lines().next().map(str::to_owned)
    };
    json!({
        "schema": 1, "loom": env!("CARGO_PKG_VERSION"), "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "platform": loom_source::Platform::current(),
        "kernel": read("/proc/sys/kernel/osrelease"),
        "system": read("/etc/os-release"),
        "time": loom_base::time::format_rfc3339(std::time::SystemTime::now()),
    })
}

/// The names and values of the variables of Loom that hold no secrets. Of all others not even the names are taken.
fn environment(context: &Context) -> Value {
    let names = context.env().names().filter(|name| name.starts_with("LOOM_"));
    let values = names.map(|name| {
        let value = context.env().get(name).filter(|value| !value.starts_with(['{', '[']));
        let value = value.filter(|_| !super::secrets::is_secret_name(name));
        (name.to_owned(), value.map_or_else(|| "***".into(), Value::from))
    });
    json!({"schema": 1, "variables": values.collect::<serde_json::Map<_, _>>()})
}

/// The document that a command of this program prints, or its error.
fn document(context: &Context, args: &[&str]) -> String {
    let global = &context.global;
    let run = || {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(args).arg("--json").stdin(Stdio::null());
        let options = [("--cache-dir", &global.cache_dir), ("--config", &global.config)];
        for (option, path) in options {
            path.iter().for_each(|path| _ = command.arg(option).arg(path));
        }
        if global.offline {
            command.arg("--offline");
        }
        command.output()
    };
    match run() {
        Ok(output) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            text(&output.stdout) + &text(&output.stderr)
        }
        Err(error) => format!("could not run loom {}: {error}\n", args.join(" ")),
    }
}

/// What is read from the store and the state folder.
fn of_store(
    context: &Context,
    redaction: &Redaction,
) -> Result<Vec<(String, String)>, CommandError> {
    let resolved = context.resolve(Flags::default())?;
    let store = context.store(&resolved)?;
    let mut parts = vec![("verify.json".to_owned(), pretty(&verify(&store)?))];
    parts.push(("attempts.json".to_owned(), pretty(&attempts(&store)?)));
    parts.push(("failures.json".to_owned(), pretty(&failures(context, &resolved, &store)?)));
    parts.extend(instances(&resolved, redaction));
    Ok(parts)
}

/// The damage that can be seen without hashing what was not touched.
fn verify(store: &Store) -> Result<Value, CommandError> {
    let QuickReport { report, hashed, compared } = store.verify_quickly()?;
    let finding = |damage: &Damage| json!({"path": shown(&damage.path), "what": damage.what});
    Ok(json!({
        "schema": 1, "trees_hashed": hashed, "trees_compared": compared, "releases": report.releases, "trees": report.trees,
        "objects": report.objects, "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    }))
}

/// The attempts at sources that led to each installed release.
fn attempts(store: &Store) -> Result<Value, CommandError> {
    let mut all = Vec::new();
    for listed in store.list()? {
        let Ok(Some(receipt)) = store.receipt(&listed.release) else { continue };
        let Receipt { slot, source, origin, at, attempts, ms, .. } = receipt;
        all.push(json!({
            "binary": listed.release.binary, "version": slot, "platform": listed.release.platform,
            "source": source, "origin": origin, "at": at, "ms": ms, "attempts": attempts,
        }));
    }
    Ok(json!({"schema": 1, "releases": all}))
}

/// The last acquisitions that failed.
fn failures(context: &Context, resolved: &Resolved, store: &Store) -> Result<Value, CommandError> {
    let failures = store.failures(&context.line(resolved)?)?;
    Ok(json!({"schema": 1, "failures": failures}))
}

/// The records and the ends of the logs of the instances.
fn instances(resolved: &Resolved, redaction: &Redaction) -> Vec<(String, String)> {
    let folder = resolved.state_dir.value.path().join("instances");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    let mut parts = Vec::new();
    for folder in folders.iter().take(MAX_INSTANCES) {
        let id = folder.file_name().unwrap_or_default().to_string_lossy();
        for name in ["instance.json", "end.json"] {
            if let Ok(text) = bounded_file::read_text(&folder.join(name), LARGEST as u64) {
                parts.push((format!("instances/{id}/{name}"), text));
            }
        }
        let range = LogRange { last: Some(LOG_LINES), ..LogRange::default() };
        if let Ok(lines) = range.lines(&folder.join("log")) {
            // A line that is cut first may end inside of a secret, which is then not recognised.
            let lines =
                lines.into_iter().map(|line| cut(redaction.text(&line), LONGEST_LINE) + "\n");
            parts.push((format!("instances/{id}/log"), lines.collect()));
        }
    }
    parts
}
