//! `loom store gc`

use std::time::{Duration, SystemTime};

use indicatif::HumanBytes;
use loom_base::time::{age_in_words, format_rfc3339};
use loom_source::Release;
use serde_json::{Value, json};

use super::gc_reasons::{keep_word, keep_words, remove_word, remove_words};
use crate::cli::{
    Exit, Outcome,
    context::Context,
    path_text::shown,
    store_limits,
    table::table,
    writer_args::{counted, duration},
};
use loom_runtime::{
    config::{ByteSize, Resolved, VersionCount},
    store::{Damage, FetchableSources, GcReport, GcRules, GcRun, Store},
};

/// Arguments of `loom store gc`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Keep the N newest versions of each program and platform, or all; older ones may go [default: store.keep]
    #[arg(long, value_name = "N")]
    keep: Option<VersionCount>,
    /// Remove only versions that were not used for this time (30days, 12h)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    older_than: Option<Duration>,
    /// Remove versions, those that were not used for the longest time first, until trees and objects have at most this size
    /// (20GiB, 500MB) [default: store.max_size]
    #[arg(long, value_name = "SIZE")]
    max_size: Option<ByteSize>,
    /// Also remove versions that no configured source is known to have
    #[arg(long)]
    all: bool,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Print for each version why it stays or goes
    #[arg(long)]
    explain: bool,
}

pub(super) fn run(args: &Args, context: &Context, resolved: &Resolved, store: &Store) -> Outcome {
    let rules = rules(args, context, resolved);
    let now = SystemTime::now();
    let sizes = args.explain || context.printer.is_json();
    let run = GcRun { rules: &rules, now, dry_run: args.dry_run, sizes, until: None };
    let report = store.collect(&run)?;
    context.notices(store);
    if report.unreadable {
        context.printer.warning(
            "the store is damaged, so trees and objects that nothing names were kept; `loom store repair` mends it",
        );
    }
    for Damage { path, what, .. } in &report.damaged_roots {
        context.printer.warning(format!(
            "{} cannot be read ({what}), so everything that it may keep was kept; `loom store repair` mends it",
            path.display()
        ));
    }
    // Thousands of versions that stay are told only where they are asked for.
    let document = if context.printer.is_json() { document(args, &report) } else { Value::Null };
    context.printer.answer(&document, || text(args, &report, now))?;
    if report.garbage > 0 {
        context.printer.message(format!(
            "{} of garbage stay: a process runs from it, it is less than a day old, or it belongs to another user",
            HumanBytes(report.garbage)
        ));
    }
    if report.excess > 0 {
        let is = if args.dry_run { "would still be" } else { "is still" };
        context.printer.message(format!(
            "the store {is} {} larger than allowed: what stays is needed; `loom store gc --explain` gives the reasons",
            HumanBytes(report.excess)
        ));
    }
    Ok(Exit::Success)
}

/// The rules of the options; where none is given, those of the configuration.
fn rules(args: &Args, context: &Context, resolved: &Resolved) -> GcRules {
    let configured = store_limits::rules(context, resolved);
    let is_configured = args.keep.is_none() && args.older_than.is_none();
    // Only what both options give up goes, and `--keep all` gives up nothing.
    let keeps_all = args.keep.is_some_and(|keep| keep.number().is_none());
    let fetchable = if args.all { FetchableSources::NotRequired } else { configured.fetchable };
    GcRules {
        keep: if is_configured {
            configured.keep
        } else {
            args.keep.and_then(VersionCount::number)
        },
        older_than: args.older_than.filter(|_| !keeps_all),
        max_size: args.max_size.map(|size| size.0).or(configured.max_size),
        defaults: configured.defaults,
        fetchable,
    }
}

fn document(args: &Args, report: &GcReport) -> Value {
    let version = |release: &Release, bytes: u64, last_use: Option<SystemTime>, why: &str| {
        json!({
            "authority": release.authority, "binary": release.binary,
            "version": release.slot.to_string(), "platform": release.platform, "bytes": bytes,
            "last_use": last_use.map(format_rfc3339), "why": why,
        })
    };
    let removed = report.removed.iter();
    let removed = removed.map(|v| version(&v.release, v.bytes, v.last_use, remove_word(v.why)));
    let kept = report.kept.iter();
    let kept = kept.map(|v| version(&v.release, v.bytes, v.last_use, keep_word(v.why)));
    json!({
        "schema": 1, "dry_run": args.dry_run, "removed": removed.collect::<Vec<_>>(),
        "kept": kept.collect::<Vec<_>>(), "trees": report.trees, "objects": report.objects,
        "damaged_roots": report.damaged_roots.iter().map(|root| shown(&root.path)).collect::<Vec<_>>(),
        "stale": report.stale, "freed": report.freed, "garbage": report.garbage, "excess": report.excess,
    })
}

fn text(args: &Args, report: &GcReport, now: SystemTime) -> String {
    let mut text = String::new();
    if args.explain {
        text += &explanation(report, now);
    } else {
        for removed in &report.removed {
            let bytes = HumanBytes(removed.bytes);
            text += &format!("{} ({bytes}): {}\n", removed.release, remove_words(removed.why));
        }
    }
    let did = if args.dry_run { "would remove" } else { "removed" };
    let counts = [
        (report.trees, "damaged or unneeded tree"),
        // Those of the versions go with them.
        (if report.removed.is_empty() { report.objects } else { 0 }, "unneeded object"),
        (report.stale, "old file"),
    ];
    let mut parts = vec![counted(report.removed.len(), "version")];
    let more = counts.into_iter().filter(|(count, _)| *count > 0);
    parts.extend(more.map(|(count, what)| counted(count, what)));
    text + &format!("{did} {}, {} in total", parts.join(", "), HumanBytes(report.freed))
}

fn explanation(report: &GcReport, now: SystemTime) -> String {
    let used = |at: Option<SystemTime>| match at.map(|at| now.duration_since(at)) {
        Some(Ok(age)) => age_in_words(age),
        Some(Err(_)) => "just now".to_owned(),
        None => String::new(),
    };
    let row = |what: &str, release: &Release, bytes: u64, at, why: String| {
        let (name, bytes) = (release.to_string(), HumanBytes(bytes).to_string());
        [what.to_owned(), name, bytes, used(at), why]
    };
    let kept = report.kept.iter();
    let kept =
        kept.map(|v| row("keep", &v.release, v.bytes, v.last_use, keep_words(v.why).to_owned()));
    let removed = report.removed.iter();
    let removed =
        removed.map(|v| row("remove", &v.release, v.bytes, v.last_use, remove_words(v.why)));
    let rows: Vec<[String; 5]> = kept.chain(removed).collect();
    if rows.is_empty() {
        return String::new();
    }
    table(["", "RELEASE", "SIZE", "LAST USE", "REASON"], &rows) + "\n"
}
