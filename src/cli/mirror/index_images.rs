//! `loom mirror index oci://HOST/REPOSITORY`, or of an image layout.

use loom_oci::ImagePublisher;
use serde_json::json;

use crate::cli::{
    CommandError, Exit, Outcome, context::Context, transfer_report::release_json,
    writer_args::index_line,
};
use loom_runtime::{
    acquire::SourceRuntime,
    config::Resolved,
    mirror::{self, ImageReindex, IndexWriter, MirrorTaskError},
};

/// Makes the index from the statements of the images.
pub(super) fn run(
    context: &Context,
    resolved: &Resolved,
    publisher: &ImagePublisher,
    writer: &IndexWriter<'_>,
) -> Outcome {
    let runtime = SourceRuntime::default();
    let signed = runtime.block_on(mirror::image_index(writer))??;
    if signed.is_none() {
        // Its tags are the list of versions: an index without a signature would add nothing.
        let mirror = publisher.to_string();
        return Err(CommandError::from(MirrorTaskError::Unsigned { mirror }));
    }
    let mut reindex =
        ImageReindex::of(publisher, (&resolved.authority.value, &resolved.binary.value));
    let index = runtime.block_on(writer.write(&mut reindex))??;
    for release in &reindex.incomplete {
        context.printer.warning(format!("{release} is left out: its statement is missing"));
    }
    let incomplete: Vec<_> = reindex.incomplete.iter().map(release_json).collect();
    let document = json!({
        "schema": 1, "serial": index.serial, "changed": index.changed, "releases": index.releases,
        "incomplete": incomplete, "failed": [],
    });
    context.printer.answer(&document, || index_line(&index))?;
    Ok(Exit::Success)
}
