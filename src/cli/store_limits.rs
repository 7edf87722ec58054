//! `store.keep` and `store.max_size`: what the configuration says, and enforcing it after an acquisition.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant, SystemTime},
};

use super::context::Context;
use indicatif::HumanBytes;
use loom_runtime::{
    acquire,
    config::{Resolved, SourceKind, SourceSpec},
    sources::{Reach, SourceClass},
    store::{DefaultVersion, FetchableSources, GcReport, GcRules, GcRun, Store},
};

/// How long a command may go on after its result is printed; the next run does the rest.
const TIME: Duration = Duration::from_secs(2);

/// The rules of the configuration. Only what a configured source can serve again may go.
pub(crate) fn rules(context: &Context, resolved: &Resolved) -> GcRules {
    GcRules {
        keep: resolved.store.keep.value.number(),
        older_than: None,
        max_size: resolved.store.max_size.value.map(|size| size.0),
        defaults: defaults(resolved),
        fetchable: FetchableSources::Named(serving(context, resolved)),
    }
}

/// The default versions of all programs.
fn defaults(resolved: &Resolved) -> Vec<DefaultVersion> {
    let chosen = acquire::chosen::all(&resolved.state_dir.value).unwrap_or_default();
    let default = |(authority, binary, slot)| DefaultVersion { authority, binary, slot };
    chosen.into_iter().map(default).collect()
}

/// The names of the sources that can serve a release again: no builds, no folder that is missing, and offline none beyond
/// this machine. A source that cannot be opened serves nothing.
fn serving(context: &Context, resolved: &Resolved) -> BTreeSet<String> {
    let Ok(mut opener) = context.opener(resolved) else { return BTreeSet::new() };
    // Nothing is requested, so no certificate is needed; there may be hundreds of files of them.
    opener.network.certificates = None;
    let name = |spec: &SourceSpec| {
        let candidate = opener.open(spec, Default::default()).ok()?;
        let is_asked = !(resolved.offline.value && candidate.reach == Reach::Network);
        let serves = candidate.class != SourceClass::Build && is_asked && !is_missing(spec);
        serves.then_some(candidate.name)
    };
    resolved.sources.value.iter().filter_map(name).collect()
}

/// Whether a source is a folder or a file on this machine that is not there.
fn is_missing(spec: &SourceSpec) -> bool {
    let SourceKind::Mirror(mirror) = &spec.kind else { return false };
    mirror.url.scheme() == "file" && mirror.url.to_file_path().is_ok_and(|path| !path.exists())
}

/// Enforces the limits of the store if this command has acquired a release, once its result is printed. What fails or
/// takes too long is left for the next run.
pub(crate) fn enforce(context: &Context) {
    let Some((resolved, store)) = context.take_acquired() else { return };
    let rules = rules(context, &resolved);
    if rules.keep.is_none() && rules.max_size.is_none() {
        return;
    }
    let until = Some(Instant::now() + TIME);
    let run = GcRun { rules: &rules, now: SystemTime::now(), dry_run: false, sizes: false, until };
    match store.collect(&run) {
        Ok(report) => report_removed(context, &store, &rules, &report),
        Err(error) => context.printer.detail(format!("the store was not collected: {error}")),
    }
}

fn report_removed(context: &Context, store: &Store, rules: &GcRules, report: &GcReport) {
    context.notices(store);
    if report.removed.is_empty() {
        return;
    }
    let removed = report.removed.iter();
    let versions: Vec<String> =
        removed.map(|it| format!("{} ({})", it.release, HumanBytes(it.bytes))).collect();
    let versions = versions.join(", ");
    let freed = HumanBytes(report.freed);
    let limits = limits(rules);
    context.printer.message(format!("removed {versions} to keep to {limits}; {freed} freed"));
}

/// The limits that are set, by their keys.
fn limits(rules: &GcRules) -> &'static str {
    match (rules.keep, rules.max_size) {
        (Some(_), Some(_)) => "store.keep and store.max_size",
        (Some(_), None) => "store.keep",
        _ => "store.max_size",
    }
}
