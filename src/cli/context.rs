//! What a command runs with.

use std::{
    cell::{OnceCell, RefCell},
    path::PathBuf,
};

use loom_http::Journal;
use loom_source::{Platform, Product};

use super::{
    CommandError, Exit, global::Global, invocation::Invocation, netrc::Found, printer::Printer,
    verbose,
};
use loom_runtime::{
    config::{self, Disk, Env, Flags, Inputs, Os, Resolved, Trusted},
    store::{Store, StoreNotice},
};

/// The global options, the environment as it was at the start, and where to print.
pub(crate) struct Context {
    /// The options every command takes.
    pub(crate) global: Global,
    /// Where output goes.
    pub(crate) printer: Printer,
    /// How `loom` was called.
    pub(crate) invocation: Invocation,
    env: OnceCell<Env>,
    /// The user's `.netrc`, once somebody has asked for it.
    pub(super) netrc: OnceCell<Option<Found>>,
    /// Where sources opened from now on note whom they ask.
    pub(super) journal: RefCell<Option<Journal>>,
}

impl Context {
    pub(crate) fn new(global: Global, printer: Printer, invocation: Invocation) -> Self {
        let journal = RefCell::new(verbose::journal(&printer));
        let (env, netrc) = Default::default();
        Self { global, printer, invocation, env, netrc, journal }
    }

    /// The environment.
    pub(crate) fn env(&self) -> &Env {
        self.env.get_or_init(|| Env::new(std::env::vars_os()))
    }

    /// The current folder.
    pub(crate) fn cwd(&self) -> Result<PathBuf, CommandError> {
        std::env::current_dir().map_err(|e| {
            CommandError::new(Exit::Failure, format!("the current folder cannot be read: {e}"))
                .hint("change to a folder that exists")
        })
    }

    /// Everything a configuration depends on, these flags and the global ones included.
    pub(crate) fn inputs(&self, flags: Flags) -> Result<Inputs, CommandError> {
        let Global { offline, cache_dir, config, binary, .. } = self.global.clone();
        let flags = Flags { offline: offline || flags.offline, cache_dir, config, binary, ..flags };
        let mut inputs = Inputs {
            env: self.env().clone(),
            home: std::env::home_dir(),
            os: Os::current(),
            cwd: self.cwd()?,
            flags,
            trusted: Trusted::default(),
        };
        let state = config::dirs::state_dir(&inputs)?.value;
        inputs.trusted = Trusted::load(&state)?;
        Ok(inputs)
    }

    /// The configuration that holds with these flags.
    pub(crate) fn resolve(&self, flags: Flags) -> Result<Resolved, CommandError> {
        Ok(config::resolve(&self.inputs(flags)?, &Disk)?)
    }

    /// The store.
    pub(crate) fn store(&self, resolved: &Resolved) -> Result<Store, CommandError> {
        Ok(Store::open(&resolved.cache_dir.value)?)
    }

    /// The program meant, for this machine's platform.
    pub(crate) fn line(&self, resolved: &Resolved) -> Result<Product, CommandError> {
        let platform = Platform::current().ok_or_else(|| {
            let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
            CommandError::new(Exit::Usage, format!("there are no releases for {os} on {arch}"))
        })?;
        let (authority, binary) = (resolved.authority.value.clone(), resolved.binary.value.clone());
        Ok(Product { authority, binary, platform })
    }

    /// Says what the store wants people to hear of.
    pub(crate) fn notices(&self, store: &Store) {
        for notice in store.notices() {
            self.printer.warning(match notice {
                StoreNotice::MovedAside { from, to } => {
                    format!("{} belonged to another program; it is now {}", from.display(), to.display())
                }
                StoreNotice::SetAside { to, what } => {
                    format!("a damaged tree was set aside as {} ({what})", to.display())
                }
                StoreNotice::ForeignLease { path } => format!(
                    "the store cannot be written; what runs is noted in {} instead, which other users do not see",
                    path.display()
                ),
            });
        }
    }
}
