//! Makes or moves a lock file: what `loom lock` and `loom update` share.

use std::path::{Path, PathBuf};

use loom_source::{Platform, Product, Selector, Version};
use serde_json::json;

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    locked::{is_trusted, path, project_request},
    path_text::shown,
    progress::ProgressReporter,
    ready,
    report::{lock as report, open},
    selection::Selection,
};
use loom_runtime::{
    acquire::{Acquirer, LockOffers},
    config::{Flags, Resolved, Trusted},
    lock::{ActiveLock, LockDocument, LockFile, LockedBinary},
    sources::{OpenedSources, SourceClass},
    store::Store,
    trust::Policy,
};

/// The options of `lock` and `update`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LockOptions {
    /// Download and unpack the release for every platform, so that the digests of all trees are locked
    #[arg(long)]
    full: bool,
    /// Source to query instead of the configured ones; may be repeated
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,
    /// Lock file to write instead of the loom.lock beside loom.toml
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Let `latest` be an older version than before
    #[arg(long)]
    allow_downgrade: bool,
}

/// The version that the lock is to have.
pub(crate) enum LockTarget {
    /// The one that it has, where that is still requested, else what is requested.
    Requested,
    /// The newest one that is requested.
    Newest,
    /// This one.
    Version(Version),
}

impl LockOptions {
    /// The lock file that was named.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.lock.as_deref()
    }

    /// Whether an option was given that only a lock file has.
    pub(crate) fn is_about_lock(&self) -> bool {
        self.full || self.lock.is_some()
    }

    /// Whether `latest` may be an older version than before.
    pub(crate) fn allows_downgrade(&self) -> bool {
        self.allow_downgrade
    }

    pub(crate) fn flags(&self, locked: bool) -> Flags {
        Flags { sources: self.sources.clone(), locked, ..Flags::default() }
    }
}

/// The lock file before the run, and whether it was trusted.
struct Before {
    file: Option<LockFile>,
    trusted: bool,
}

impl Before {
    /// Whether everything in the file is trusted, or was seen at the sources by this run.
    fn is_confirmed_by(&self, offered: &LockedBinary) -> bool {
        let confirms = |known: &LockedBinary| {
            known.is_of(&offered.authority, &offered.name) && offered.confirms(known)
        };
        self.trusted || self.file.iter().flat_map(|file| &file.lock.binaries).all(confirms)
    }

    fn entry(&self, product: &Product) -> Option<&LockedBinary> {
        self.file.as_ref()?.lock.binary(&product.authority, &product.binary)
    }
}

pub(crate) fn run(
    options: &LockOptions,
    target: &LockTarget,
    resolved: &Resolved,
    context: &Context,
) -> Outcome {
    let named = options.lock.as_deref();
    let path = path(context, resolved, named)?.ok_or_else(report::no_project)?;
    if resolved.frozen.value {
        return Err(report::frozen(&path, &resolved.frozen.origin.to_string()));
    }
    let product = context.line(resolved)?;
    let file = LockFile::read(&path)?;
    let trusted = file.as_ref().is_some_and(|file| is_trusted(resolved, file, named));
    let before = Before { file, trusted };
    let (requested, by) = project_request(resolved);
    if requested == Selector::Dev {
        return Err(report::dev(&by));
    }
    let selector = selector(target, &before, &product, (&requested, &by), &path)?;
    let offers = offers(options, resolved, context, &product, &before, (&path, &selector))?;
    for (platform, why) in offers.left_out() {
        context.printer.warning(format!("{platform} is not locked: {why}"));
    }
    let offered = entry(&product, requested, offers);
    let confirmed = before.is_confirmed_by(&offered);
    let binary = offered.updated(before.entry(&product))?;
    let mut lock = before.file.as_ref().map(|file| file.lock.clone()).unwrap_or_default();
    lock.put(binary.clone());
    let changed = before.file.as_ref().is_none_or(|file| file.lock != lock);
    if changed && resolved.locked.value {
        return Err(report::would_change(&path));
    }
    let old = before.entry(&product).map(|entry| entry.version.clone());
    let written = write(context, resolved, (&path, named), &before, (lock, confirmed))?;
    if named.is_none() {
        keep_locked(context, resolved, &product, &binary);
    }
    let platforms: Vec<Platform> = binary.platforms.keys().copied().collect();
    let document = json!({
        "schema": 1, "file": shown(&path), "sha256": written.digest(), "binary": binary.name,
        "before": old.as_ref().map(ToString::to_string), "version": binary.version,
        "requested": binary.requested.to_string(), "platforms": platforms, "changed": changed,
    });
    context.printer.answer(&document, || text(&binary, old.as_ref(), changed))?;
    Ok(Exit::Success)
}

/// `loom-bridge-server 0.2.0 -> 0.3.0 (linux-x86_64, …)`, or what stayed.
fn text(binary: &LockedBinary, old: Option<&Version>, changed: bool) -> String {
    let LockedBinary { name, version, .. } = binary;
    let platforms: Vec<&str> = binary.platforms.keys().map(|platform| platform.as_str()).collect();
    let platforms = platforms.join(", ");
    match old {
        Some(old) if old != version => format!("{name} {old} -> {version} ({platforms})"),
        Some(_) if !changed => format!("{name} {version} ({platforms}), unchanged"),
        _ => format!("{name} {version} ({platforms})"),
    }
}

/// What the sources are asked for.
fn selector(
    target: &LockTarget,
    before: &Before,
    product: &Product,
    (requested, by): (&Selector, &str),
    path: &Path,
) -> Result<Selector, CommandError> {
    match (target, before.entry(product)) {
        (LockTarget::Requested, Some(entry)) if entry.is_selected_by(requested) => {
            Ok(Selector::Exact(entry.version.clone()))
        }
        (LockTarget::Version(version), _) => {
            let selected = match requested {
                Selector::Latest => true,
                selector => selector.matches_counting(version, true),
            };
            let exact = || Selector::Exact(version.clone());
            if selected {
                Ok(exact())
            } else {
                Err(report::not_selected(path, version, requested, by))
            }
        }
        _ => Ok(requested.clone()),
    }
}

/// Asks the sources. Cargo builds are never locked.
fn offers(
    options: &LockOptions,
    resolved: &Resolved,
    context: &Context,
    product: &Product,
    before: &Before,
    (path, selector): (&Path, &Selector),
) -> Result<LockOffers, CommandError> {
    let active = before.entry(product).map(|entry| ActiveLock {
        file: path.to_owned(),
        binary: entry.clone(),
        vouches: before.trusted,
        signature: None,
    });
    let OpenedSources { mut candidates, notices } = match &active {
        Some(active)
            if active.vouches && *selector == Selector::Exact(active.binary.version.clone()) =>
        {
            context.open_locked_sources(resolved)?
        }
        _ => context.open_sources(resolved, false)?,
    };
    candidates.retain(|candidate| candidate.class != SourceClass::Build);
    let store = context.store(resolved)?;
    let reporter = ProgressReporter::new(context, &candidates);
    let selection = Selection {
        sources: options.sources.clone(),
        allow_downgrade: options.allow_downgrade,
        ..Selection::default()
    };
    let settings = ready::options(resolved, &selection);
    let state = &resolved.state_dir.value;
    let skipped = match selector {
        Selector::Exact(_) | Selector::Dev => Vec::new(),
        Selector::Latest | Selector::Range(_) => ready::skipped(resolved, product)?,
    };
    let policy = Policy { skipped, ..ready::policy(resolved)? };
    let acquirer = Acquirer::new(&store, state, &candidates, policy, settings, &reporter)
        .locked(active.as_ref());
    let offers = acquirer.lock_version(product, selector, options.full);
    context.notices(&store);
    offers.map_err(|error| {
        let hints: Vec<String> = open::hints(&notices).collect();
        let error = CommandError::from(error);
        if hints.is_empty() { error } else { error.also(hints.join("\n")) }
    })
}

fn entry(product: &Product, requested: Selector, offers: LockOffers) -> LockedBinary {
    let LockOffers { version, releases, .. } = offers;
    // All platforms of a version are in one index.
    let oci = releases.values().find_map(|offered| offered.image.clone());
    let platforms = releases.into_iter().map(|(platform, offered)| (platform, offered.locked));
    LockedBinary {
        name: product.binary.clone(),
        authority: product.authority.clone(),
        requested,
        version,
        oci,
        platforms: platforms.filter(|(_, locked)| !locked.is_empty()).collect(),
    }
}

/// Keeps the tree that the lock file of a project names for this platform, if there is a store.
fn keep_locked(context: &Context, resolved: &Resolved, product: &Product, binary: &LockedBinary) {
    let tree = binary.platforms.get(&product.platform).and_then(|locked| locked.tree);
    let store = context.store(resolved).ok().filter(Store::exists);
    if let (Some(tree), Some(store)) = (tree, store) {
        ready::keep_for_project(context, resolved, &store, product, tree);
    }
}

/// Writes the file, and trusts it: the user made it. What was there before and not trusted is trusted only where this run
/// has seen the same digests.
fn write(
    context: &Context,
    resolved: &Resolved,
    (path, named): (&Path, Option<&Path>),
    before: &Before,
    (lock, confirmed): (LockDocument, bool),
) -> Result<LockFile, CommandError> {
    let written = LockFile::write(path, before.file.as_ref(), lock)?;
    if named.is_some() || is_trusted(resolved, &written, named) {
        return Ok(written);
    }
    if confirmed {
        let digest = written.digest();
        Trusted::update(&resolved.state_dir.value, |trusted| trusted.trust_lock(path, digest))?;
    } else {
        context.printer.warning(format!(
            "{} is not trusted: it holds more than the sources confirm; {}",
            path.display(),
            report::UNTRUSTED_LOCK_HINT
        ));
    }
    Ok(written)
}
