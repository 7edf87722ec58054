//! `loom mirror diff A B`

use loom_source::record::{IndexEntry, RecordEvidence};
use serde_json::{Value, json};

use super::mirror_location::MirrorLocation;
use crate::cli::{Exit, Outcome, context::Context};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Flags,
    mirror::{self, ChangedRelease, MirrorDiff, MirrorFiles},
};

/// Arguments of `loom mirror diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A mirror: the name of a configured source, a URL or a path
    first: MirrorLocation,
    /// The mirror to compare it with
    second: MirrorLocation,
}

pub(super) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    let first = args.first.open(context, &resolved)?;
    let second = args.second.open(context, &resolved)?;
    let of = |source| MirrorFiles::of(source);
    let diff = mirror::diff(of(first.source.as_ref()), of(second.source.as_ref()));
    let diff = SourceRuntime::default().block_on(diff)??;
    context.printer.answer(&document(&diff), || text(&diff))?;
    if diff.is_empty() {
        context.printer.message(format!("both have the same {} releases", diff.same));
    }
    // The document is the answer; an error would print a second one.
    Ok(if diff.is_empty() { Exit::Success } else { Exit::Failure })
}

fn document(diff: &MirrorDiff) -> Value {
    let list = |entries: &[IndexEntry]| entries.iter().map(|entry| json!(entry)).collect::<Value>();
    let changed = diff.changed.iter();
    let changed = changed.map(|ChangedRelease { first, second, only_first, only_second }| {
        let evidence = json!({"only_first": only_first, "only_second": only_second});
        json!({"first": first, "second": second, "evidence": evidence})
    });
    json!({
        "schema": 1, "only_first": list(&diff.only_first), "only_second": list(&diff.only_second),
        "changed": changed.collect::<Value>(), "same": diff.same,
    })
}

/// One line for each release, as `diff` marks them: `-` only at the first mirror, `+` only at the second, `!` at both.
fn text(diff: &MirrorDiff) -> String {
    let name = |entry: &IndexEntry| {
        let IndexEntry { authority, binary, version, platform, .. } = entry;
        format!("{authority} {binary} {version} {platform}")
    };
    let line = |mark: char, entry: &IndexEntry| format!("{mark} {}\n", name(entry));
    let changed = |change: &ChangedRelease| {
        let ChangedRelease { first, second, only_first, only_second } = change;
        let why = if first.statement != second.statement {
            format!("statement {}, then {}", first.statement, second.statement)
        } else if first.yanked == second.yanked {
            format!("evidence {}, then {}", evidence(only_first), evidence(only_second))
        } else {
            let withdrawn =
                |entry: &IndexEntry| if entry.yanked { "withdrawn" } else { "not withdrawn" };
            format!("{}, then {}", withdrawn(first), withdrawn(second))
        };
        format!("! {}: {why}\n", name(first))
    };
    let only_first = diff.only_first.iter().map(|entry| line('-', entry));
    let only_second = diff.only_second.iter().map(|entry| line('+', entry));
    only_first.chain(only_second).chain(diff.changed.iter().map(changed)).collect()
}

/// The kinds of the evidence that only one mirror has.
fn evidence(evidence: &[RecordEvidence]) -> String {
    let kind =
        |one: &RecordEvidence| json!(one.kind).as_str().map_or_else(String::new, str::to_owned);
    let kinds: Vec<String> = evidence.iter().map(kind).collect();
    match kinds.as_slice() {
        [] => "nothing more".to_owned(),
        kinds => format!("+{}", kinds.join(" +")),
    }
}
