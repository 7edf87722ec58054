//! Which version a command takes: that of the lock file where there is one, else what the configuration requests.

use std::path::{Path, PathBuf};

use loom_source::{Platform, Product, Selector};

use super::{CommandError, bundle_lock, context::Context, report, requested};
use loom_runtime::{
    config::{Resolved, SettingOrigin},
    lock::{ActiveLock, LockConflict, LockFile},
};

/// The version that a command takes.
#[derive(Debug)]
pub(crate) struct RequestedVersion {
    /// What is requested.
    pub(crate) selector: Selector,
    /// Which setting requests it.
    pub(crate) by: String,
    /// The lock that the command goes by.
    pub(crate) lock: Option<ActiveLock>,
    /// Whether the lock picked the version.
    pub(crate) is_locked: bool,
    /// Why the lock is not used, or only in part.
    pub(crate) warning: Option<String>,
}

impl RequestedVersion {
    /// A cargo build.
    pub(crate) fn build(resolved: &Resolved) -> Result<Self, CommandError> {
        match required_by(resolved) {
            Some(by) => Err(report::lock::build(&by)),
            None => Ok(Self::unlocked(Selector::Dev, "--build".to_owned())),
        }
    }

    /// A version that the user named for a command which only shows something.
    pub(crate) fn argument(selector: Selector) -> Self {
        Self::unlocked(selector, "argument".to_owned())
    }

    fn unlocked(selector: Selector, by: String) -> Self {
        Self { selector, by, lock: None, is_locked: false, warning: None }
    }

    fn of_lock(lock: ActiveLock) -> Self {
        let selector = Selector::Exact(lock.binary.version.clone());
        let by = lock.file.display().to_string();
        Self { selector, by, lock: Some(lock), is_locked: true, warning: None }
    }

    /// Whether a project that is not trusted picked the version.
    pub(crate) fn is_untrusted(&self, resolved: &Resolved) -> bool {
        resolved.bridge.is_version_untrusted && !self.is_locked
    }
}

/// The option or variable that requires a lock file.
fn required_by(resolved: &Resolved) -> Option<String> {
    let settings = [&resolved.locked, &resolved.frozen];
    let set = settings.into_iter().find(|setting| setting.value)?;
    Some(set.origin.to_string())
}

/// What the project requests: the version that its own file names, else the latest. Neither the user's configuration nor
/// `loom use` takes part, so that a lock is the same for everybody.
pub(crate) fn project_request(resolved: &Resolved) -> (Selector, String) {
    match &resolved.bridge.project_version {
        Some(version) => (version.value.clone(), version.origin.to_string()),
        None => (Selector::Latest, "default".to_owned()),
    }
}

/// What an option or a variable requests for this run.
fn run_request(resolved: &Resolved) -> Option<(&Selector, String)> {
    let version = &resolved.bridge.version;
    let is_of_run = matches!(version.origin, SettingOrigin::Flag(_) | SettingOrigin::Env(_));
    is_of_run.then(|| (&version.value, version.origin.to_string()))
}

/// The path of the lock file: the named one, else the one beside the project's file.
pub(crate) fn path(
    context: &Context,
    resolved: &Resolved,
    named: Option<&Path>,
) -> Result<Option<PathBuf>, CommandError> {
    match named {
        Some(file) => Ok(Some(context.cwd()?.join(file))),
        None => Ok(resolved.project.lock_file()),
    }
}

/// Whether the content of a lock file is trusted. A file that the user named for this run is.
pub(crate) fn is_trusted(resolved: &Resolved, file: &LockFile, named: Option<&Path>) -> bool {
    named.is_some() || resolved.project.lock_trust.covers(&file.digest())
}

/// The version that `resolved` selects, with the lock that applies. `named` is the lock file that the user named.
pub(crate) fn choose(
    context: &Context,
    resolved: &Resolved,
    product: &Product,
    named: Option<&Path>,
) -> Result<RequestedVersion, CommandError> {
    let unlocked = || {
        let (selector, by) = requested::selector(resolved, product)?;
        Ok(RequestedVersion::unlocked(selector, by))
    };
    let path = path(context, resolved, named)?;
    let file = path.as_deref().map(LockFile::read).transpose()?.flatten();
    let required = required_by(resolved);
    let of_bundle = match (&file, &required) {
        (None, Some(_)) if named.is_none() => bundle_lock::find(context, resolved)?,
        _ => None,
    };
    // The signature of the bundle is what trusts it.
    let (of_bundle, signature) = of_bundle.map(|lock| (lock.file, lock.signature)).unzip();
    let is_signed = signature.is_some();
    let Some(file) = file.or(of_bundle) else {
        return match required {
            Some(by) => Err(report::lock::missing(path.as_deref(), &by)),
            None if named.is_some() => Err(report::lock::missing(path.as_deref(), "--lock")),
            None => unlocked(),
        };
    };
    let Some(binary) = file.lock.binary(&product.authority, &product.binary) else {
        return match required {
            Some(_) => Err(report::lock::no_binary(&file.path, &product.binary)),
            None => unlocked(),
        };
    };
    let vouches = is_signed || is_trusted(resolved, &file, named);
    let lock = ActiveLock { signature, ..ActiveLock::of(&file, binary, vouches) };
    if required.is_some() {
        // Where no project requests anything, a bundle's lock contradicts nothing.
        let is_request = !is_signed || resolved.bridge.project_version.is_some();
        require(resolved, product, &lock, is_request)?;
    }
    match (lock.vouches, required) {
        (true, Some(_)) => Ok(RequestedVersion::of_lock(lock)),
        (true, None) => match disagreement(resolved, &lock) {
            None => Ok(RequestedVersion::of_lock(lock)),
            Some(conflict) => {
                let warning = format!("{} is not used: {conflict}", lock.file.display());
                Ok(RequestedVersion { warning: Some(warning), ..unlocked()? })
            }
        },
        (false, required) => untrusted(lock, unlocked()?, required.is_some()),
    }
}

/// A lock that is not trusted picks no version, vouches for nothing, and refuses other digests than its own.
fn untrusted(
    lock: ActiveLock,
    unlocked: RequestedVersion,
    required: bool,
) -> Result<RequestedVersion, CommandError> {
    let version = &lock.binary.version;
    if required && unlocked.selector != Selector::Exact(version.clone()) {
        return Err(report::lock::untrusted(&lock.file, version, &unlocked.selector));
    }
    let warning = format!(
        "{} is not trusted: it picks no version, and only refuses other digests than its own; {}",
        lock.file.display(),
        report::lock::UNTRUSTED_LOCK_HINT
    );
    Ok(RequestedVersion { lock: Some(lock), warning: Some(warning), ..unlocked })
}

/// Checks a lock that is required: `--locked` against everything, `--frozen` against what this run needs.
/// `is_request` says whether there is a project whose request the lock has to agree with.
fn require(
    resolved: &Resolved,
    product: &Product,
    lock: &ActiveLock,
    is_request: bool,
) -> Result<(), CommandError> {
    let binary = &lock.binary;
    let (project, by) = project_request(resolved);
    let check = || {
        if is_request && !resolved.frozen.value {
            binary.check_request(&project, &by)?;
        }
        if let Some((requested, by)) = run_request(resolved) {
            binary.check_version(requested, &by)?;
        }
        binary.check_platform(product.platform)
    };
    check().map_err(|conflict| report::lock::conflict(&lock.file, &conflict))
}

/// Checks that a lock that is required has a further platform.
pub(crate) fn require_platform(
    resolved: &Resolved,
    choice: &RequestedVersion,
    platform: Platform,
) -> Result<(), CommandError> {
    match choice.lock.as_ref().filter(|_| required_by(resolved).is_some()) {
        Some(lock) => {
            let checked = lock.binary.check_platform(platform);
            checked.map_err(|conflict| report::lock::conflict(&lock.file, &conflict))
        }
        None => Ok(()),
    }
}

/// Why a lock that is not required is not used.
fn disagreement(resolved: &Resolved, lock: &ActiveLock) -> Option<LockConflict> {
    match run_request(resolved) {
        Some((requested, by)) => lock.binary.check_version(requested, &by).err(),
        None => {
            let (project, by) = project_request(resolved);
            lock.binary.check_version(&project, &by).err()
        }
    }
}
