//! `loom which`

use loom_source::{Line, Selector, Slot};
use serde_json::json;

use super::{Done, Exit, Failure, Outcome, context::Context, ready, sources};
use crate::{
    config::{Flags, Resolved, SourceKind},
    store::{Installed, Store},
};

/// Arguments of `loom which`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// latest, a version (0.2.0), a range, or dev
    #[arg(long, value_name = "VERSION")]
    version: Option<Selector>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags { version: args.version.clone(), ..Flags::default() })?;
    let store = context.store(&resolved)?;
    let line = context.line(&resolved)?;
    let selector = ready::selector(&resolved, &line)?;
    let installed = find(context, &resolved, &store, &line, &selector)?.ok_or_else(|| {
        let message = format!("{} {selector} {} is not here", line.binary, line.platform);
        Failure::new(Exit::Absent, message)
            .hint(format!("`loom get --version {selector}` fetches it"))
    })?;
    let document = json!({
        "schema": 1, "binary": line.binary, "version": installed.release.slot.to_string(), "platform": line.platform,
        "tree": installed.tree, "path": installed.link, "program": installed.entry,
    });
    context.printer.answer(&document, || installed.link.display().to_string())?;
    Ok(Done::Well)
}

/// What `up` would start without asking anybody: of `latest`, a cargo build where one counts, else the newest release.
fn find(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    line: &Line,
    selector: &Selector,
) -> Result<Option<Installed>, Failure> {
    if let Selector::Exact(version) = selector {
        return Ok(store.find(&line.version(version.clone()))?);
    }
    let builds = |spec: &crate::config::SourceSpec| matches!(spec.kind, SourceKind::Target { .. });
    let counts = match selector {
        Selector::Dev => true,
        Selector::Latest if resolved.sources.value.iter().any(builds) => {
            sources::checkout(context, resolved, &mut Vec::new())?.is_some()
        }
        _ => false,
    };
    if counts && let Some(installed) = store.find(&line.at(Slot::Dev))? {
        return Ok(Some(installed));
    }
    let here = store.list()?.into_iter().filter_map(|listed| listed.installed);
    let of_line = here.filter(|installed| installed.release.line() == *line);
    let matching = of_line.filter_map(|installed| {
        let version =
            installed.release.slot.version().filter(|version| selector.matches(version))?.clone();
        Some((version, installed))
    });
    Ok(matching.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, installed)| installed))
}
