//! Which version a command takes: that of the lock file where there is one, else what the configuration requests.

use std::path::{Path, PathBuf};

use loom_source::{Product, Selector};

use super::{CommandError, bundle_lock, context::Context, ready, report};
use loom_runtime::{
    config::{Resolved, SettingOrigin},
    lock::{ActiveLock, LockConflict, LockFile},
};

/// The options about the lock file.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LockArgs {
    /// Fail unless the lock file is there and agrees with loom.toml [env: LOOM_LOCKED]
    #[arg(long, conflicts_with = "frozen")]
    pub(crate) locked: bool,
    /// Take the lock file as it is, whatever loom.toml says [env: LOOM_FROZEN]
    #[arg(long)]
    pub(crate) frozen: bool,
    /// Lock file to use instead of the loom.lock beside loom.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
}

/// The version that a command takes.
#[derive(Debug)]
pub(crate) struct VersionChoice {
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

impl VersionChoice {
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
) -> Result<VersionChoice, CommandError> {
    let unlocked = || {
        let selector = ready::selector(resolved, product)?;
        let by = ready::origin(resolved, &selector);
        Ok(VersionChoice::unlocked(selector, by))
    };
    let path = path(context, resolved, named)?;
    let file = path.as_deref().map(LockFile::read).transpose()?.flatten();
    let required = required_by(resolved);
    let of_bundle = match (&file, &required) {
        (None, Some(_)) if named.is_none() => bundle_lock::find(context, resolved)?,
        _ => None,
    };
    // The signature of the bundle is what trusts it.
    let is_signed = of_bundle.is_some();
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
    let lock = ActiveLock::of(&file, binary, is_signed || is_trusted(resolved, &file, named));
    if required.is_some() {
        require(resolved, product, &lock)?;
    }
    match (lock.vouches, required) {
        (true, Some(_)) => Ok(VersionChoice::of_lock(lock)),
        (true, None) => match disagreement(resolved, &lock) {
            None => Ok(VersionChoice::of_lock(lock)),
            Some(conflict) => {
                let warning = format!("{} is not used: {conflict}", lock.file.display());
                Ok(VersionChoice { warning: Some(warning), ..unlocked()? })
            }
        },
        (false, required) => untrusted(lock, unlocked()?, required.is_some()),
    }
}

/// A lock that is not trusted picks no version, vouches for nothing, and refuses other digests than its own.
fn untrusted(
    lock: ActiveLock,
    unlocked: VersionChoice,
    required: bool,
) -> Result<VersionChoice, CommandError> {
    let version = &lock.binary.version;
    if required && unlocked.selector != Selector::Exact(version.clone()) {
        return Err(report::lock::untrusted(&lock.file, version, &unlocked.selector));
    }
    let warning = format!(
        "{} is not trusted: it picks no version, and only refuses other digests than its own; {}",
        lock.file.display(),
        report::lock::UNTRUSTED_LOCK_HINT
    );
    Ok(VersionChoice { lock: Some(lock), warning: Some(warning), ..unlocked })
}

/// Checks a lock that is required: `--locked` against everything, `--frozen` against what this run needs.
fn require(resolved: &Resolved, product: &Product, lock: &ActiveLock) -> Result<(), CommandError> {
    let binary = &lock.binary;
    let (project, by) = project_request(resolved);
    let check = || {
        if !resolved.frozen.value {
            binary.check_request(&project, &by)?;
        }
        if let Some((requested, by)) = run_request(resolved) {
            binary.check_version(requested, &by)?;
        }
        binary.check_platform(product.platform)
    };
    check().map_err(|conflict| report::lock::conflict(&lock.file, &conflict))
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
