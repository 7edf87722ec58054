//! `loom get`

use loom_source::Selector;
use serde_json::json;

use super::{
    Exit, Outcome, context::Context, path_text::shown, ready, report::config::untrusted_warning,
    selection::Selection,
};
use loom_runtime::acquire::{Acquired, How};

/// Arguments of `loom get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Version to download; the same as --version
    #[arg(value_name = "VERSION", conflicts_with = "version")]
    selector: Option<Selector>,
    #[command(flatten)]
    selection: Selection,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let selection = args.selection.clone().or_version(args.selector.as_ref());
    let resolved = context.resolve(selection.flags())?;
    if let Some(untrusted) = &resolved.untrusted {
        context.printer.warning(untrusted_warning(untrusted));
    }
    let store = context.store(&resolved)?;
    let Acquired { installed, how } = ready::ready(context, &resolved, &store, &selection)?;
    let release = &installed.release;
    let source = match &how {
        How::Fetched { source } => Some(source),
        How::Here | How::Relinked | How::Reverified => None,
    };
    let document = json!({
        "schema": 1, "binary": release.binary, "version": release.slot.to_string(), "platform": release.platform,
        "tree": installed.tree, "path": shown(&installed.link), "program": shown(&installed.entry), "fetched_from": source,
    });
    context.printer.answer_path(&document, &installed.link)?;
    Ok(Exit::Success)
}
