//! `loom which`

use loom_source::{Product, Release, Selector, Slot, Version};
use serde_json::json;

use super::{CommandError, Exit, Outcome, context::Context, ready};
use loom_runtime::{
    acquire,
    config::{Flags, Resolved, SourceKind, TargetSource},
    store::{Installed, ListedRelease, Store},
};

/// Arguments of `loom which`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Version to look for; the same as --version
    #[arg(value_name = "VERSION", conflicts_with = "version")]
    selector: Option<Selector>,
    /// latest, a version (0.2.0), a range, or dev
    #[arg(long, value_name = "VERSION")]
    version: Option<Selector>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let version = args.version.clone().or_else(|| args.selector.clone());
    let resolved = context.resolve(Flags { version, ..Flags::default() })?;
    let store = context.store(&resolved)?;
    let line = context.line(&resolved)?;
    let selector = ready::selector(&resolved, &line)?;
    let installed = find(context, &resolved, &store, &line, &selector)?.ok_or_else(|| {
        let message = format!("{} {selector} {} is not here", line.binary, line.platform);
        CommandError::new(Exit::Absent, message)
            .hint(format!("`loom get --version {selector}` fetches it"))
    })?;
    let document = json!({
        "schema": 1, "binary": line.binary, "version": installed.release.slot.to_string(), "platform": line.platform,
        "tree": installed.tree, "path": installed.link, "program": installed.entry,
    });
    context.printer.answer(&document, || installed.link.display().to_string())?;
    Ok(Exit::Success)
}

/// What `up` would start without asking anybody: of `latest`, a cargo build where one counts, else the newest release.
pub(super) fn find(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    line: &Product,
    selector: &Selector,
) -> Result<Option<Installed>, CommandError> {
    let policy = ready::policy(resolved);
    if let Selector::Exact(version) = selector {
        let release = line.at_version(version.clone());
        return match acquire::here(store, &release, &policy)? {
            None if store.find(&release)?.is_some() => Err(refused(&release)),
            accepted => Ok(accepted),
        };
    }
    let counts = match selector {
        Selector::Dev => true,
        Selector::Latest => builds_count(context, resolved)?,
        _ => false,
    };
    if counts && let Some(installed) = store.find(&line.in_slot(Slot::Dev))? {
        return Ok(Some(installed));
    }
    let prereleases = resolved.sources.value.iter().any(|spec| spec.prerelease);
    let mut newest: Option<(Version, Installed)> = None;
    for ListedRelease { release, .. } in store.list()? {
        let matching = release.slot.version();
        let matching = matching.filter(|v| selector.matches_counting(v, prereleases));
        let Some(version) = matching.filter(|_| release.product() == *line) else { continue };
        if newest.as_ref().is_none_or(|(best, _)| version > best)
            && let Some(installed) = acquire::here(store, &release, &policy)?
        {
            newest = Some((version.clone(), installed));
        }
    }
    Ok(newest.map(|(_, installed)| installed))
}

/// Whether a cargo build stands before the releases: a source names its checkout, or one is linked or our own.
fn builds_count(context: &Context, resolved: &Resolved) -> Result<bool, CommandError> {
    for spec in &resolved.sources.value {
        match &spec.kind {
            SourceKind::Target(TargetSource { path: Some(_), .. }) => return Ok(true),
            SourceKind::Target(TargetSource { path: None, .. }) => {
                return Ok(context.opener(resolved)?.checkout()?.checkout.is_some());
            }
            _ => {}
        }
    }
    Ok(false)
}

fn refused(release: &Release) -> CommandError {
    CommandError::new(Exit::Integrity, format!("{release} is here, but nothing proved it when it came"))
        .hint(format!(
            "`loom get --version {}` fetches it again and checks it; trust.checksum and trust.signature say \
             what has to be proven",
            release.slot
        ))
}
