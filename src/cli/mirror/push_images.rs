//! What was put into a registry or an image layout.

use serde_json::{Value, json};

use crate::cli::{
    Exit, Outcome,
    context::Context,
    transfer_report::copied_json,
    writer_args::{counted, index_line},
};
use loom_runtime::mirror::{PushedVersion, WrittenIndex};

/// Prints what was put.
pub(super) fn answer(
    context: &Context,
    index: Option<&WrittenIndex>,
    pushed: &[PushedVersion],
) -> Outcome {
    context.printer.answer(&document(index, pushed), || text(index, pushed))?;
    Ok(Exit::Success)
}

/// The document: as for a mirror with an index; without one, its serial is `null`.
pub(super) fn document(index: Option<&WrittenIndex>, pushed: &[PushedVersion]) -> Value {
    let copied = pushed.iter().flat_map(|version| &version.copied).map(copied_json);
    let images = pushed.iter().map(|version| {
        json!({"image": version.images.location, "digest": format!("sha256:{}", version.images.index)})
    });
    json!({
        "schema": 1, "serial": index.map(|index| index.serial),
        "changed": index.is_some_and(|index| index.changed) || pushed.iter().any(|one| !one.copied.is_empty()),
        "releases": index.map_or_else(|| releases(pushed), |index| index.releases), "copied": copied.collect::<Vec<_>>(), "images": images.collect::<Vec<_>>(),
    })
}

/// A line for each version, and one for all.
pub(super) fn text(index: Option<&WrittenIndex>, pushed: &[PushedVersion]) -> String {
    let line = |version: &PushedVersion| {
        let PushedVersion { images, copied } = version;
        let state = if copied.is_empty() { " is up to date" } else { "" };
        format!("{}{state}: sha256:{}\n", images.location, images.index)
    };
    let lines: String = pushed.iter().map(line).collect();
    let all = index.map_or_else(|| counted(releases(pushed), "release"), index_line);
    format!("{lines}{all}")
}

/// The number of releases that are there now, of those that were to be put.
fn releases(pushed: &[PushedVersion]) -> usize {
    pushed.iter().map(|version| version.images.platforms.len()).sum()
}
