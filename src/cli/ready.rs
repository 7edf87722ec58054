//! Makes sure that the release somebody wants is here.

use std::time::SystemTime;

use loom_source::{Product, Selector, Slot};

use super::{
    CommandError, Exit, build_note,
    context::Context,
    progress::ProgressReporter,
    report::{config::UNTRUSTED_HINT, open},
    selection::Selection,
};
use loom_runtime::{
    acquire::{self, AcquireError, Acquired, Acquirer, How, SourceRuntime, TransferRetry},
    config::Resolved,
    sources::OpenedSources,
    store::{Store, TreeLimits},
    trust::{Policy, SourceClass},
};

/// What the configuration lets in.
pub(crate) fn policy(resolved: &Resolved) -> Policy {
    Policy {
        checksum: resolved.trust.checksum.value,
        signature: resolved.trust.signature.value,
        allow_unverified: resolved.allow_unverified.value,
        minimum_release_age: resolved.trust.minimum_release_age.value.as_secs(),
    }
}

/// What is wanted: what flag, environment or file say, else what `loom use` chose, else the latest.
pub(crate) fn selector(resolved: &Resolved, line: &Product) -> Result<Selector, CommandError> {
    if !resolved.bridge.version.origin.is_default() {
        return Ok(resolved.bridge.version.value.clone());
    }
    let chosen = acquire::chosen::load(&resolved.state_dir.value, &line.authority, &line.binary)?;
    Ok(match chosen {
        Some(Slot::Version(version)) => Selector::Exact(version),
        Some(Slot::Dev) => Selector::Dev,
        None => resolved.bridge.version.value.clone(),
    })
}

/// Which setting a selector comes from, for messages.
pub(crate) fn origin(resolved: &Resolved, selector: &Selector) -> String {
    let origin = &resolved.bridge.version.origin;
    match (origin.is_default(), selector) {
        (false, _) => origin.to_string(),
        (true, Selector::Latest) => "default".to_owned(),
        (true, _) => "`loom use`".to_owned(),
    }
}

/// The release that is wanted, in the store.
///
/// Where a version is named and here, this reads one link and a receipt: no lock, no thread, no network.
pub(crate) fn ready(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
) -> Result<Acquired, CommandError> {
    let line = context.line(resolved)?;
    if let (true, Some(version)) = (selection.build, &selection.version)
        && !version.allows_dev()
    {
        let message = format!("--build makes a cargo build, and --version {version} is none");
        return Err(CommandError::new(Exit::Usage, message).hint("leave out one of the two"));
    }
    let selector = if selection.build { Selector::Dev } else { selector(resolved, &line)? };
    if context.printer.is_verbose() {
        let origin =
            if selection.build { "--build".to_owned() } else { origin(resolved, &selector) };
        context.printer.detail(format!("version {selector}, set by {origin}"));
    }
    let policy = policy(resolved);
    if let (Selector::Exact(version), false) = (&selector, selection.force_download)
        && let Some(installed) = acquire::here(store, &line.at_version(version.clone()), &policy)?
    {
        return Ok(Acquired { installed, how: How::Here });
    }
    fetch(context, resolved, store, selection, (&line, &selector), policy)
}

/// Asks the sources something, as `get` would.
pub(crate) fn with_acquirer<T>(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
    opened: &OpenedSources,
    ask: impl FnOnce(&Acquirer<'_>) -> Result<T, AcquireError>,
) -> Result<T, CommandError> {
    let teller = ProgressReporter::new(context, &opened.candidates);
    let asked = ask(&acquirer(resolved, store, selection, opened, &teller, policy(resolved)))?;
    teller.flush_failure();
    Ok(asked)
}

fn acquirer<'a>(
    resolved: &'a Resolved,
    store: &'a Store,
    selection: &Selection,
    opened: &'a OpenedSources,
    teller: &'a ProgressReporter,
    policy: Policy,
) -> Acquirer<'a> {
    Acquirer {
        store,
        state: &resolved.state_dir.value,
        candidates: &opened.candidates,
        policy,
        observer: teller,
        limits: TreeLimits::default(),
        retry: TransferRetry::default(),
        keep_archives: resolved.store.keep_archives.value,
        freshness: resolved.update.check_interval.value,
        offline: resolved.offline.value,
        force: selection.force_download,
        allow_downgrade: selection.allow_downgrade,
        quarantine: selection.sources.is_empty(),
        network: SourceRuntime::default(),
    }
}

fn fetch(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
    (line, selector): (&Product, &Selector),
    policy: Policy,
) -> Result<Acquired, CommandError> {
    let opened = context.open_sources(resolved, selection.build)?;
    if selection.build
        && let Some(build) = opened.candidates.iter().find(|c| c.origin == SourceClass::Workspace)
    {
        let checkout = build.source.to_string();
        let checkout = checkout.trim_start_matches("target:");
        context.printer.message(format!("building {} in {checkout}", line.binary));
    }
    let teller = ProgressReporter::new(context, &opened.candidates);
    let acquirer = acquirer(resolved, store, selection, &opened, &teller, policy);
    let acquired = acquirer.acquire(line, selector);
    if acquired.is_ok() {
        teller.flush_failure();
    }
    context.notices(store);
    let acquired = acquired.map_err(|error| {
        let untrusted = resolved.untrusted.iter().map(|_| UNTRUSTED_HINT.to_owned());
        let hints: Vec<String> = open::hints(&opened.notices).chain(untrusted).collect();
        let failure = CommandError::from(error);
        if hints.is_empty() { failure } else { failure.also(hints.join("\n")) }
    })?;
    if *selector == Selector::Latest && !store.is_latest(&acquired.installed) {
        // For people only: a store that cannot be written serves as well without it.
        if let Err(error) = acquirer.show_as_latest(&acquired.installed) {
            context.printer.detail(format!("bin/latest was left as it is: {error}"));
        }
    }
    if let Some(build) = build_note::of(store, &acquired.installed)? {
        let told = build_note::told(&build, SystemTime::now());
        context.printer.message(format!("using {told}"));
    }
    Ok(acquired)
}
