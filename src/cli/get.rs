//! `loom get`

use serde_json::json;

use super::{
    Done, Outcome, context::Context, ready, report::config::untrusted_warning, selection::Selection,
};
use loom_runtime::acquire::{Acquired, How};

/// Arguments of `loom get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    selection: Selection,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(args.selection.flags())?;
    if let Some(untrusted) = &resolved.untrusted {
        context.printer.warning(untrusted_warning(untrusted));
    }
    let store = context.store(&resolved)?;
    let Acquired { installed, how } = ready::ready(context, &resolved, &store, &args.selection)?;
    let release = &installed.release;
    let source = match &how {
        How::Fetched { source } => Some(source),
        How::Here | How::Relinked | How::Reverified => None,
    };
    let document = json!({
        "schema": 1, "binary": release.binary, "version": release.slot.to_string(), "platform": release.platform,
        "tree": installed.tree, "path": installed.link, "program": installed.entry, "fetched_from": source,
    });
    context.printer.answer(&document, || installed.link.display().to_string())?;
    Ok(Done::Well)
}
