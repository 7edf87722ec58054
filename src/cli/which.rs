//! `loom which`

use std::collections::BTreeMap;

use loom_http::Journal;
use loom_source::{Product, Release, Selector, Slot, Version};
use serde_json::json;

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    lock_args::LockArgs,
    locked::{self, RequestedVersion},
    path_text::shown,
    ready,
    report::store::refused,
    requested, version_arg,
};
use loom_runtime::{
    acquire::{self, AcquireError},
    config::{Flags, Resolved, SourceKind, TargetSource},
    sources::Candidate,
    store::{Installed, Presence, Store, Unverified},
    trust::Policy,
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
    #[command(flatten)]
    lock: LockArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let version = args.version.clone().or_else(|| args.selector.clone());
    let LockArgs { locked, frozen, lock } = &args.lock;
    let flags = Flags { version, locked: *locked, frozen: *frozen, ..Flags::default() };
    let resolved = context.resolve(flags)?;
    let store = context.store(&resolved)?;
    let product = context.line(&resolved)?;
    let choice = locked::choose(context, &resolved, &product, lock.as_deref())?;
    if let Some(warning) = &choice.warning {
        context.printer.warning(warning);
    }
    let selector = &choice.selector;
    let installed = match look_up(context, &resolved, &store, &product, &choice)? {
        Presence::Accepted(installed) => installed,
        Presence::Refused(installed, why) => {
            return Err(refused(&installed.release, selector, &why));
        }
        Presence::Absent => {
            let withdrawn = only_withdrawn(context, &resolved, &store, &product, selector)?;
            if let Some(WithdrawnRelease { release, source_name }) = withdrawn {
                let (selector, attempts) = (selector.clone(), vec![]);
                let release = Box::new(release);
                let error = AcquireError::Withdrawn { selector, release, source_name, attempts };
                return Err(error.into());
            }
            let message = format!("{} {selector} {} is not here", product.binary, product.platform);
            let error = CommandError::new(Exit::Absent, message)
                .hint(format!("`loom get {}` fetches it", version_arg::shell_word(selector)));
            return Err(requested::with_choice(
                &resolved,
                &product,
                (selector, choice.is_locked),
                error,
            ));
        }
    };
    let document = json!({
        "schema": 1, "binary": product.binary, "version": installed.release.slot.to_string(),
        "platform": product.platform, "tree": installed.tree, "path": shown(&installed.link), "program": shown(&installed.entry),
    });
    context.printer.answer_path(&document, &installed.link)?;
    Ok(Exit::Success)
}

/// Looks up what `up` would start without asking a source: for `latest` a cargo build where one comes first, else what the
/// last lists of the sources say, else the newest accepted version that matches and is not withdrawn. Where no matching version
/// is accepted, the newest one that is not.
pub(super) fn look_up(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    product: &Product,
    choice: &RequestedVersion,
) -> Result<Presence, CommandError> {
    let selector = &choice.selector;
    let policy = ready::policy(resolved)?;
    let judged = |presence: Presence| {
        if let Presence::Accepted(installed) = &presence
            && !ready::is_locked_one(store, installed, choice.lock.as_ref())?
        {
            return Ok(Presence::Refused(installed.clone(), Unverified::NotLocked));
        }
        if let (Presence::Accepted(installed), true) = (&presence, choice.is_untrusted(resolved))
            && let Slot::Version(version) = &installed.release.slot
        {
            acquire::refuse_older(store, product, &policy, version)?;
        }
        Ok(presence)
    };
    if let Selector::Exact(version) = selector {
        return judged(store.presence(&product.at_version(version.clone()), &policy)?);
    }
    let builds = match selector {
        Selector::Dev => true,
        Selector::Latest => builds_come_first(context, resolved)?,
        _ => false,
    };
    if builds && let Some(installed) = store.find(&product.in_slot(Slot::Dev))? {
        return Ok(Presence::Accepted(installed));
    }
    let prereleases = resolved.sources.value.iter().any(|spec| spec.prerelease);
    let skipped = ready::skipped(resolved, product)?;
    let skipping = Policy { skipped: skipped.clone(), ..policy.clone() };
    let (candidates, state) = (disk_candidates(context, resolved)?, &resolved.state_dir.value);
    let recalled =
        acquire::recalled_version(&candidates, store, state, &skipping, product, selector)?;
    if let Some(version) = recalled {
        return judged(store.presence(&product.at_version(version), &policy)?);
    }
    let withdrawn = acquire::withdrawn_versions(&candidates, state, product)?;
    let matches = |version: &Version| {
        selector.matches_counting(version, prereleases)
            && !skipped.contains(version)
            && !withdrawn.contains_key(version)
    };
    judged(store.newest(product, &policy, matches)?)
}

/// A release that is here, and the source that has withdrawn it.
struct WithdrawnRelease {
    release: Release,
    source_name: String,
}

/// The newest release that matches, is here and is withdrawn.
fn only_withdrawn(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    product: &Product,
    selector: &Selector,
) -> Result<Option<WithdrawnRelease>, CommandError> {
    let withdrawn = withdrawn(context, resolved, product)?;
    let is_meant = |version: &Version| {
        withdrawn.contains_key(version) && selector.matches_counting(version, true)
    };
    let newest = store.newest(product, &ready::policy(resolved)?, is_meant)?.accepted();
    let Some(Installed { release, .. }) = newest else { return Ok(None) };
    let source_name = release.slot.version().and_then(|version| withdrawn.get(version)).cloned();
    Ok(source_name.map(|source_name| WithdrawnRelease { release, source_name }))
}

/// The versions that a source has withdrawn by its last list, with its name.
pub(super) fn withdrawn(
    context: &Context,
    resolved: &Resolved,
    product: &Product,
) -> Result<BTreeMap<Version, String>, CommandError> {
    let (candidates, state) = (disk_candidates(context, resolved)?, &resolved.state_dir.value);
    Ok(acquire::withdrawn_versions(&candidates, state, product)?)
}

/// The sources, of which only disks are asked. What keeps a source from being opened is told by the commands that ask it.
fn disk_candidates(context: &Context, resolved: &Resolved) -> Result<Vec<Candidate>, CommandError> {
    let mut opener = context.opener(resolved)?;
    (opener.network.offline, opener.roots.pin_first_seen) = (true, false);
    let opened = opener.open_all(&resolved.sources.value, false, &Journal::default());
    Ok(opened.map(|opened| opened.candidates).unwrap_or_default())
}

/// The version that `up` would start, as [`look_up`] finds it, else the one that is withdrawn since, which an update leaves; `None`
/// where it is a cargo build or nothing counts.
pub(super) fn used(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    product: &Product,
    choice: &RequestedVersion,
) -> Result<Option<Version>, CommandError> {
    let presence = look_up(context, resolved, store, product, choice)?;
    let release = if presence == Presence::Absent {
        only_withdrawn(context, resolved, store, product, &choice.selector)?
            .map(|withdrawn| withdrawn.release)
    } else {
        presence.accepted().map(|installed| installed.release)
    };
    Ok(release.and_then(|release| release.slot.version().cloned()))
}

/// Whether a cargo build comes before the versions: a source names its checkout, or a checkout is linked or is the one
/// that this `loom` was built from.
fn builds_come_first(context: &Context, resolved: &Resolved) -> Result<bool, CommandError> {
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
