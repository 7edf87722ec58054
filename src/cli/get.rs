//! `loom get`

use std::path::PathBuf;

use loom_source::{Platform, Selector, Slot};
use serde_json::{Value, json};

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    locked,
    path_text::{self, shown},
    ready,
    report::config::untrusted_warning,
    selection::Selection,
    store_limits,
};
use loom_runtime::{
    acquire::{Acquired, How},
    config::Resolved,
    store::Store,
};

/// Arguments of `loom get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Version to download; the same as --version
    #[arg(value_name = "VERSION", conflicts_with = "version")]
    selector: Option<Selector>,
    /// Platform to download the release for instead of this machine's; may be repeated, or a list with commas
    #[arg(long = "platform", value_name = "PLATFORM", value_delimiter = ',')]
    platforms: Vec<Platform>,
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
    if !args.platforms.is_empty() {
        return get_platforms(&args.platforms, context, &resolved, &store, &selection);
    }
    let acquired = ready::ready(context, &resolved, &store, &selection)?;
    let mut document = release_json(&acquired);
    document["schema"] = 1.into();
    context.printer.answer_path(&document, &acquired.installed.link)?;
    store_limits::enforce(context);
    Ok(Exit::Success)
}

/// Downloads one version for several platforms: the version that the first one resolves to.
fn get_platforms(
    platforms: &[Platform],
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
) -> Outcome {
    if selection.build {
        let message = "--build builds for this machine only";
        return Err(CommandError::new(Exit::Usage, message).hint("omit --build or --platform"));
    }
    let mut choice = None;
    let (mut documents, mut paths): (Vec<Value>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    let mut done: Vec<Platform> = Vec::new();
    for platform in platforms {
        if done.contains(platform) {
            continue;
        }
        done.push(*platform);
        let product = context.product(resolved, *platform);
        let mut chosen = match choice.take() {
            Some(chosen) => {
                locked::require_platform(resolved, &chosen, *platform)?;
                chosen
            }
            None => ready::choose(context, resolved, &product, selection)?,
        };
        let acquired =
            ready::ready_product(context, resolved, store, selection, &product, &chosen)?;
        if let Slot::Version(version) = &acquired.installed.release.slot {
            chosen.selector = Selector::Exact(version.clone());
        }
        chosen.warning = None;
        choice = Some(chosen);
        documents.push(release_json(&acquired));
        paths.push(acquired.installed.link);
    }
    if context.printer.is_json() {
        context.printer.answer(&json!({"schema": 1, "releases": documents}), String::new)?;
    } else {
        let lines: Vec<u8> = paths.iter().flat_map(|path| path_text::line(path)).collect();
        context.printer.bytes(&lines)?;
    }
    store_limits::enforce(context);
    Ok(Exit::Success)
}

fn release_json(Acquired { installed, how }: &Acquired) -> Value {
    let release = &installed.release;
    let source = match &how {
        How::Fetched { source } => Some(source),
        How::Here | How::Relinked | How::Reverified | How::Rebuilt => None,
    };
    json!({
        "binary": release.binary, "version": release.slot.to_string(), "platform": release.platform,
        "tree": installed.tree, "path": shown(&installed.link), "program": shown(&installed.entry), "fetched_from": source,
    })
}
