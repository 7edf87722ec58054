//! `loom update` without a lock file, and `loom update --check`.

use std::{path::Path, time::Duration};

use loom_source::{Selector, Version};
use serde_json::{Value, json};

use crate::cli::{
    Exit, Outcome,
    context::Context,
    locked::{self, project_request},
    newer, ready,
    selection::Selection,
    which,
};
use loom_runtime::{
    acquire::How,
    config::Resolved,
    launch::{self, LaunchError, Scope},
    trust::Policy,
};

/// Asks the sources whether a newer version would be taken. Changes nothing but the cached lists.
pub(super) fn check(context: &Context, resolved: &Resolved, named: Option<&Path>) -> Outcome {
    let product = context.line(resolved)?;
    let store = context.store(resolved)?;
    let choice = locked::choose(context, resolved, &product, named)?;
    let is_locked = choice.is_locked;
    let used = || which::used(context, resolved, &store, &product, &choice);
    let (mut current, selector) = if is_locked {
        let (requested, _) = project_request(resolved);
        (choice.lock.as_ref().map(|lock| lock.binary.version.clone()), requested)
    } else {
        (used()?, choice.selector.clone())
    };
    let policy = ready::policy(resolved)?;
    let policy = Policy { skipped: ready::skipped(resolved, &product)?, ..policy };
    let mut found = newer::ask(context, resolved, &product, &selector, current.as_ref(), policy)?;
    if !is_locked {
        // By the lists of now, `up` perhaps starts another version.
        let now = used()?;
        found.withdrawn &= now == current;
        current = now;
    }
    found.remarks.extend(newer::withdrawn_remark(&found, current.as_ref()));
    let is_newer = |version: &Version| current.as_ref().is_none_or(|current| version > current);
    // A version that the source has withdrawn is left, also for an older one.
    let is_other = |version: &Version| found.withdrawn && current.as_ref() != Some(version);
    let newer = found.selected.clone().filter(|version| is_newer(version) || is_other(version));
    let document = json!({
        "schema": 1, "binary": product.binary, "platform": product.platform,
        "current": current, "by": choice.by, "requested": selector.to_string(),
        "newer": newer, "newest": found.newest, "source": found.source,
    });
    let binary = &product.binary;
    context.printer.answer(&document, || match (&newer, &current) {
        (Some(newer), Some(current)) => format!("{binary} {current} -> {newer}"),
        (Some(newer), None) => format!("{binary} {newer}, none is installed"),
        (None, Some(current)) => format!("{binary} {current}, nothing newer for \"{selector}\""),
        (None, None) => format!("{binary}: nothing for \"{selector}\""),
    })?;
    found.remarks.iter().for_each(|remark| context.printer.message(remark));
    Ok(if newer.is_some() { Exit::Failure } else { Exit::Success })
}

/// Acquires the newest version that is selected, whatever the age of cached lists.
pub(super) fn acquire(context: &Context, mut resolved: Resolved, allow_downgrade: bool) -> Outcome {
    resolved.update.check_interval.value = Duration::ZERO;
    let product = context.line(&resolved)?;
    let store = context.store(&resolved)?;
    let selection = Selection { allow_downgrade, ..Selection::default() };
    let choice = ready::choose(context, &resolved, &product, &selection)?;
    if let Selector::Exact(version) = &choice.selector {
        let text = format!("the version {version} is set by {} and stays", choice.by);
        context.printer.message(text);
    }
    let presence = which::look_up(context, &resolved, &store, &product, &choice)?;
    let before = presence.accepted().map(|installed| installed.release.slot.to_string());
    let acquired = ready::ready_product(context, &resolved, &store, &selection, &product, &choice)?;
    let version = acquired.installed.release.slot.to_string();
    let changed = before.as_ref() != Some(&version);
    let running = running(&resolved)?;
    let restart = running.as_ref().is_some_and(|running| *running != version);
    let source = match &acquired.how {
        How::Fetched { source } => Some(source.as_str()),
        How::Here | How::Relinked | How::Reverified | How::Rebuilt => None,
    };
    let document = json!({
        "schema": 1, "file": Value::Null, "sha256": Value::Null, "binary": product.binary,
        "before": before, "version": version, "requested": choice.selector.to_string(),
        "platforms": [product.platform], "changed": changed, "fetched_from": source,
        "restart": restart,
    });
    let binary = &product.binary;
    context.printer.answer(&document, || match &before {
        Some(before) if changed => format!("{binary} {before} -> {version}"),
        Some(_) => format!("{binary} {version}, unchanged"),
        None => format!("{binary} {version}"),
    })?;
    if let (true, Some(running)) = (restart, running) {
        let text =
            format!("the runtime that runs is {running}; `loom restart` switches to {version}");
        context.printer.message(text);
    }
    Ok(Exit::Success)
}

/// The version of this project's running runtime.
fn running(resolved: &Resolved) -> Result<Option<String>, LaunchError> {
    let binary = resolved.binary.value.as_ref();
    let scope = Scope { project: Some(&resolved.project.root), binary: Some(binary) };
    let running = launch::running(&resolved.state_dir.value, scope)?.into_iter().next();
    Ok(running.map(|instance| instance.document.version))
}
