//! `loom store du`

use indicatif::HumanBytes;
use serde_json::json;

use loom_runtime::store::{Store, StoreUsage};

use crate::cli::{Exit, Outcome, context::Context};

pub(super) fn run(context: &Context, store: &Store) -> Outcome {
    let usage = store.du()?;
    let releases: Vec<_> = usage
        .releases
        .iter()
        .map(|r| {
            json!({
                "binary": r.release.binary, "version": r.release.slot.to_string(), "platform": r.release.platform,
                "tree": r.tree, "objects": r.objects, "shared": r.shared,
            })
        })
        .collect();
    let document = json!({
        "schema": 1, "releases": releases, "trees": usage.trees, "objects": usage.objects,
        "partial": usage.partial, "garbage": usage.garbage, "total": usage.total,
    });
    context.printer.answer(&document, || usage_text(&usage))?;
    if usage.garbage > 0 {
        context.printer.message("`loom store gc` removes the garbage");
    }
    Ok(Exit::Success)
}

fn usage_text(usage: &StoreUsage) -> String {
    let row = |what: &str, bytes: u64| format!("{:>12}  {what}\n", HumanBytes(bytes).to_string());
    let mut text: String =
        usage.releases.iter().map(|r| row(&r.release.to_string(), r.tree + r.objects)).collect();
    text += &row("partial downloads", usage.partial);
    text += &row("garbage", usage.garbage);
    text + &row("total", usage.total)
}
