//! Makes sure that the requested release is installed.

use std::time::SystemTime;

use loom_source::{Digest, Product, Selector, Version};

use super::{
    CommandError, Exit, build_note,
    context::Context,
    locked::{self, RequestedVersion},
    progress::ProgressReporter,
    report::{config::UNTRUSTED_HINT, open},
    requested,
    selection::Selection,
};
use loom_runtime::{
    acquire::{self, AcquireError, AcquireOptions, Acquired, Acquirer, How, refuse_older},
    config::{self, Resolved},
    lock::ActiveLock,
    sources::{self, MirrorRootRules, OpenedSources, SourceClass},
    store::{Installed, NotedUse, Store},
    trust::{KnownMirrors, Policy},
    update::UpdateMemory,
};

/// Why a version of a project may not count.
const UNTRUSTED_VERSION: &str =
    "the project names the version and is not trusted: the version is judged like a range";

/// The policy of the configuration.
///
/// # Errors
/// Where a file with a key cannot be used.
pub(crate) fn policy(resolved: &Resolved) -> Result<Policy, CommandError> {
    let (rules, state) = (MirrorRootRules::of_config(resolved), resolved.state_dir.value.clone());
    let mirrors = KnownMirrors::read_by(move || sources::known_mirrors(&rules, &state));
    Ok(Policy {
        keys: config::keyring(&resolved.trust)?.with_mirrors(mirrors),
        checksum: resolved.trust.checksum.value,
        signature: resolved.trust.signature.value,
        allow_unverified: resolved.allow_unverified.value,
        minimum_release_age: resolved.trust.minimum_release_age.value.as_secs(),
        skipped: Vec::new(),
        keeps_all_signatures: false,
    })
}

/// The versions that `latest` and ranges do not select: a runtime that is started again must not be of the version that was
/// rolled back.
pub(crate) fn skipped(
    resolved: &Resolved,
    product: &Product,
) -> Result<Vec<Version>, CommandError> {
    let rolled_back = UpdateMemory::of(&resolved.state_dir.value, product).rolled_back()?;
    Ok(rolled_back.into_iter().map(|known| known.version).collect())
}

/// The settings of an acquisition.
pub(crate) fn options(resolved: &Resolved, selection: &Selection) -> AcquireOptions {
    AcquireOptions {
        keep_archives: resolved.store.keep_archives.value,
        freshness: resolved.update.check_interval.value,
        offline: resolved.offline.value,
        force: selection.force_download,
        allow_downgrade: selection.allow_downgrade,
        untrusted_version: resolved.bridge.is_version_untrusted && !selection.build,
        quarantine: selection.sources.is_empty(),
        ..AcquireOptions::default()
    }
}

/// Makes sure that the requested release is installed.
///
/// Where a version is named, installed and accepted, one link and one verification are read, without a
/// lock, a thread or the network. A program that was changed since it was last hashed is hashed, and fetched again where
/// it is damaged.
pub(crate) fn ready(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
) -> Result<Acquired, CommandError> {
    let product = context.line(resolved)?;
    let choice = choose(context, resolved, &product, selection)?;
    ready_product(context, resolved, store, selection, &product, &choice)
}

/// The version that the options select.
pub(crate) fn choose(
    context: &Context,
    resolved: &Resolved,
    product: &Product,
    selection: &Selection,
) -> Result<RequestedVersion, CommandError> {
    if let (true, Some(version)) = (selection.build, &selection.version)
        && !version.allows_dev()
    {
        let message = format!("--build makes a cargo build, and --version {version} is none");
        return Err(CommandError::new(Exit::Usage, message).hint("omit one of the two options"));
    }
    if selection.build {
        return RequestedVersion::build(resolved);
    }
    locked::choose(context, resolved, product, selection.lock.lock.as_deref())
}

/// As [`ready`], for this product and version.
pub(crate) fn ready_product(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
    product: &Product,
    choice: &RequestedVersion,
) -> Result<Acquired, CommandError> {
    let RequestedVersion { selector, by, lock, warning, .. } = choice;
    if let Some(warning) = warning {
        context.printer.warning(warning);
    }
    if context.printer.is_verbose() {
        context.printer.detail(format!("version {selector}, set by {by}"));
    }
    let policy = policy(resolved)?;
    if let (Selector::Exact(version), false) = (selector, selection.force_download)
        && let release = product.at_version(version.clone())
        && let Some(installed) = store.presence(&release, &policy)?.accepted()
        && store.damage(&installed)?.is_none()
        && is_locked_one(store, &installed, lock.as_ref())?
    {
        if choice.is_untrusted(resolved) {
            refuse_older(store, product, &policy, version)?;
        }
        let noted = store.note_use(&installed)?;
        if noted != NotedUse::Gone {
            keep_for_project(context, resolved, store, product, installed.tree);
            return Ok(Acquired { installed, how: How::Here });
        }
    }
    let acquire = || acquire(context, resolved, store, selection, policy.clone(), product, choice);
    let mut acquired = acquire().map_err(|error| {
        requested::with_choice(resolved, product, (selector, choice.is_locked), error)
    })?;
    if store.note_use(&acquired.installed)? == NotedUse::Gone {
        // It was collected since it was found: fetched now, it counts as used.
        acquired = acquire()?;
    }
    let Installed { release, tree, .. } = &acquired.installed;
    keep_for_project(context, resolved, store, &release.product(), *tree);
    if let How::Fetched { .. } = acquired.how {
        context.note_acquired(resolved, store);
    }
    Ok(acquired)
}

/// Keeps the tree of a release that the project of the current folder uses. In a store that cannot be written it is not
/// kept.
pub(crate) fn keep_for_project(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    product: &Product,
    tree: Digest,
) {
    if resolved.project.file.is_none() {
        return;
    }
    let root = &resolved.project.root;
    if let Err(error) = store.keep_for_project(root, product, tree) {
        context.printer.detail(format!("the project's version is not kept: {error}"));
    }
}

/// Whether an installed release is the locked one, where its version is locked.
pub(crate) fn is_locked_one(
    store: &Store,
    installed: &Installed,
    lock: Option<&ActiveLock>,
) -> Result<bool, CommandError> {
    match lock.and_then(|lock| lock.pins(&installed.release)) {
        Some(pins) => Ok(acquire::meets_lock(store, installed, &pins)?),
        None => Ok(true),
    }
}

fn acquire(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
    policy: Policy,
    product: &Product,
    choice: &RequestedVersion,
) -> Result<Acquired, CommandError> {
    let selector = &choice.selector;
    let policy = Policy { skipped: skipped(resolved, product)?, ..policy };
    let OpenedSources { candidates, notices } = match choice.is_locked {
        true => context.open_locked_sources(resolved)?,
        false => context.open_sources(resolved, selection.build)?,
    };
    if selection.build
        && let Some(build) = candidates.iter().find(|c| c.class == SourceClass::Build)
    {
        let checkout = build.source.to_string();
        let checkout = checkout.trim_start_matches("target:");
        context.printer.message(format!("building {} in {checkout}", product.binary));
    }
    let reporter = ProgressReporter::new(context, &candidates);
    let state = &resolved.state_dir.value;
    let untrusted_version = choice.is_untrusted(resolved) && !selection.build;
    let options = AcquireOptions { untrusted_version, ..options(resolved, selection) };
    let acquirer = Acquirer::new(store, state, &candidates, policy, options, &reporter)
        .locked(choice.lock.as_ref());
    let acquired = acquirer.acquire(product, selector);
    if acquired.is_ok() {
        reporter.flush_failure();
    }
    context.notices(store);
    let acquired = acquired.map_err(|error| {
        let is_older = matches!(error, AcquireError::Older { .. });
        let named = choice.is_untrusted(resolved) && !is_older;
        let named = named.then(|| format!("{UNTRUSTED_VERSION}; {UNTRUSTED_HINT}"));
        let withheld = resolved.untrusted.iter().map(|_| UNTRUSTED_HINT.to_owned());
        let untrusted = named.into_iter().chain(withheld).take(1);
        let hints: Vec<String> = open::hints(&notices).chain(untrusted).collect();
        let error = CommandError::from(error);
        if hints.is_empty() { error } else { error.also(hints.join("\n")) }
    })?;
    if *selector == Selector::Latest {
        link_latest(context, store, &acquired.installed);
    }
    if let Some(build) = build_note::of(store, &acquired.installed)? {
        let build = build_note::describe(&build, SystemTime::now());
        context.printer.message(format!("using {build}"));
    }
    Ok(acquired)
}

/// Points `bin/latest` to the release. No command reads the link, so a store that cannot be written serves without it.
fn link_latest(context: &Context, store: &Store, installed: &Installed) {
    if !store.is_latest(installed)
        && let Err(error) = store.link_latest(installed)
    {
        context.printer.detail(format!("bin/latest was not changed: {error}"));
    }
}
