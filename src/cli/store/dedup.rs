//! `loom store dedup`

use indicatif::HumanBytes;
use serde_json::json;

use loom_runtime::store::{Deduplicated, Store};

use crate::cli::{Exit, Outcome, context::Context, writer_args::counted};

pub(super) fn run(context: &Context, store: &Store) -> Outcome {
    let done = store.deduplicate()?;
    let Deduplicated { files, saved, hard_links, damaged } = done;
    if damaged > 0 {
        let count = counted(damaged, "file");
        context.printer.warning(format!(
            "{count} left out, because of damage; `loom store verify` names them"
        ));
    }
    let document = json!({
        "schema": 1, "files": files, "saved": saved, "hard_links": hard_links, "damaged": damaged,
    });
    context.printer.answer(&document, || text(&done))?;
    Ok(Exit::Success)
}

fn text(done: &Deduplicated) -> String {
    let by = match (done.hard_links, done.files) {
        (_, 0) => return "no more files can share their blocks".to_owned(),
        (0, _) => "reflinks",
        (links, files) if links == files => "hard links",
        _ => "reflinks and hard links",
    };
    format!("saved {}: {} by {by}", HumanBytes(done.saved), counted(done.files, "file"))
}
