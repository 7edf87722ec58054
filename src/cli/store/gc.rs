//! `loom store gc`

use indicatif::HumanBytes;
use serde_json::json;

use loom_runtime::store::Store;

use crate::cli::{Exit, Outcome, context::Context};

pub(super) fn run(context: &Context, store: &Store) -> Outcome {
    let collected = store.collect_garbage()?;
    if collected.unreadable {
        context.printer.warning(
            "a record cannot be read, so trees and objects that it may need were kept; `loom store verify` names it",
        );
    }
    let left = HumanBytes(collected.left);
    if collected.left > 0 {
        context.printer.message(format!(
            "{left} of garbage stay: a process runs from it, it is less than a day old, or it belongs to another user"
        ));
    }
    let document = json!({"schema": 1, "freed": collected.freed, "garbage": collected.left});
    context.printer.answer(&document, || format!("removed {}", HumanBytes(collected.freed)))?;
    Ok(Exit::Success)
}
