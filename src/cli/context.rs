//! What a command runs with.

use std::{
    cell::{Cell, OnceCell, RefCell},
    path::{Path, PathBuf},
};

use loom_source::{Platform, Product};

use super::{
    CommandError, Exit,
    global::Global,
    invocation::Invocation,
    printer::Printer,
    report::{self, config::diagnostic_line, open},
    verbose,
};
use loom_runtime::{
    config::{
        self, Diagnostic, Disk, Env, Flags, Inputs, Os, Problem, Resolved, SourceKind, SourceSpec,
        StoreSharing, Trusted,
    },
    sources::{Candidate, FirstSight, MirrorRootRules, NetworkDefaults, OpenedSources, Opener},
    state::{Mended, PrivateState, StateDir},
    store::{Store, StoreError, StoreWriters},
};

/// The global options, the environment as it was at the start, and where to print.
pub(crate) struct Context {
    /// The global options.
    pub(crate) global: Global,
    /// Where output is printed.
    pub(crate) printer: Printer,
    /// How `loom` was called.
    pub(crate) invocation: Invocation,
    env: OnceCell<Env>,
    state: OnceCell<StateDir>,
    warned: Cell<bool>,
    /// The store into which this command has acquired a release.
    acquired: RefCell<Option<(Resolved, Store)>>,
}

impl Context {
    pub(crate) fn new(global: Global, printer: Printer, invocation: Invocation) -> Self {
        let (env, state) = (OnceCell::new(), OnceCell::new());
        let (warned, acquired) = (Cell::new(false), RefCell::new(None));
        Self { global, printer, invocation, env, state, warned, acquired }
    }

    /// Notes that this command has acquired a release.
    pub(crate) fn note_acquired(&self, resolved: &Resolved, store: &Store) {
        self.acquired.replace(Some((resolved.clone(), store.clone())));
    }

    /// The store into which this command has acquired a release, once.
    pub(crate) fn take_acquired(&self) -> Option<(Resolved, Store)> {
        self.acquired.take()
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

    /// The configuration without that of a project: for what no project decides, even a trusted one.
    pub(crate) fn resolve_without_project(&self, flags: Flags) -> Result<Resolved, CommandError> {
        let mut inputs = self.inputs(flags)?;
        inputs.cwd = inputs.cwd.ancestors().last().unwrap_or(&inputs.cwd).to_owned();
        Ok(config::resolve(&inputs, &Disk)?)
    }

    /// Everything that a configuration depends on. The global options are added to `flags`.
    pub(crate) fn inputs(&self, flags: Flags) -> Result<Inputs, CommandError> {
        let Global { offline, cache_dir, config, binary, .. } = self.global.clone();
        let flags = Flags { offline: offline || flags.offline, cache_dir, config, binary, ..flags };
        let mut inputs = Inputs {
            env: self.env().clone(),
            home: std::env::home_dir(),
            os: Os::current(),
            program_data: program_data(),
            cwd: self.cwd()?,
            flags,
            state: None,
            trusted: Trusted::default(),
        };
        let state = self.state(&inputs)?;
        inputs.trusted = Trusted::load(&state)?;
        inputs.state = Some(state);
        Ok(inputs)
    }

    /// The state folder, which is opened once.
    fn state(&self, inputs: &Inputs) -> Result<StateDir, CommandError> {
        if let Some(state) = self.state.get() {
            return Ok(state.clone());
        }
        let PrivateState { state, mended } = config::dirs::open_state(inputs)?;
        if let Some(Mended { mode }) = mended {
            let folder = state.path().display();
            self.printer.warning(format!(
                "other users could enter the state folder {folder} (mode {mode:o}); it is private now"
            ));
        }
        Ok(self.state.get_or_init(|| state).clone())
    }

    /// The effective configuration with these flags.
    pub(crate) fn resolve(&self, flags: Flags) -> Result<Resolved, CommandError> {
        let resolved = config::resolve(&self.inputs(flags)?, &Disk)?;
        self.warn(&resolved);
        Ok(resolved)
    }

    /// Prints the warnings that matter to every command, once.
    pub(crate) fn warn(&self, resolved: &Resolved) {
        if !self.warned.replace(true) {
            for warning in resolved.warnings.iter().filter(|warning| is_shown_by_all(warning)) {
                self.printer.warning(diagnostic_line(warning));
            }
        }
    }

    /// The opener of sources, with this configuration.
    pub(crate) fn opener(&self, resolved: &Resolved) -> Result<Opener, CommandError> {
        Ok(Opener {
            env: self.env().clone(),
            home: std::env::home_dir(),
            os: Os::current(),
            cwd: self.cwd()?,
            state: resolved.state_dir.value.clone(),
            network: NetworkDefaults::from_env(self.env(), resolved.offline.value),
            evidence: !resolved.trust.keys.value.is_empty(),
            built_from: option_env!("LOOM_BUILT_FROM").map(PathBuf::from),
            built_profile: option_env!("LOOM_BUILT_PROFILE").map(str::to_owned),
            roots: MirrorRootRules::of_config(resolved),
        })
    }

    /// All configured sources, opened; prints a warning for each file that is not used. With `build`, cargo builds the
    /// checkout first.
    pub(crate) fn open_sources(
        &self,
        resolved: &Resolved,
        build: bool,
    ) -> Result<OpenedSources, CommandError> {
        self.open_specs(resolved, &resolved.sources.value, build)
    }

    /// As [`open_sources`](Self::open_sources), for a release whose digests are locked: mirrors may be asked over plain
    /// http, because nothing that they state counts.
    pub(crate) fn open_locked_sources(
        &self,
        resolved: &Resolved,
    ) -> Result<OpenedSources, CommandError> {
        // Sources that the administrator has fixed stay as they are.
        let fixed = resolved.is_locked("sources");
        let mut specs = resolved.sources.value.clone();
        for spec in &mut specs {
            spec.allow_http |= !fixed && matches!(spec.kind, SourceKind::Mirror(_));
        }
        self.open_specs(resolved, &specs, false)
    }

    fn open_specs(
        &self,
        resolved: &Resolved,
        specs: &[SourceSpec],
        build: bool,
    ) -> Result<OpenedSources, CommandError> {
        let journal = verbose::journal(&self.printer).unwrap_or_default();
        let mut opened = self.opener(resolved)?.open_all(specs, build, &journal)?;
        open::warnings(&opened.notices).for_each(|warning| self.printer.warning(warning));
        opened.candidates.iter().for_each(|candidate| self.report_first_sight(candidate));
        verbose::report_queries(&self.printer, &mut opened.candidates);
        Ok(opened)
    }

    /// Says so where the root of a mirror is kept because it is the first one that the mirror shows.
    pub(crate) fn report_first_sight(&self, candidate: &Candidate) {
        let Some(signed) = &candidate.signed else { return };
        let (printer, source) = (self.printer.clone(), candidate.name.clone());
        signed.on_first_sight(move |FirstSight { mirror, at, sha256 }| {
            printer.message(format!(
                "{source}: the root of mirror {mirror} was seen for the first time and is kept: {at}, SHA-256 {sha256}. \
                 If the maintainer publishes another digest, stop using the mirror; \
                 `loom trust add-root {at} --sha256 {sha256}` gives the root explicitly"
            ));
        });
    }

    /// The store.
    pub(crate) fn store(&self, resolved: &Resolved) -> Result<Store, CommandError> {
        self.store_by(resolved, Store::open)
    }

    /// The store, also where its file `format` is damaged or cannot be read.
    pub(crate) fn damaged_store(&self, resolved: &Resolved) -> Result<Store, CommandError> {
        self.store_by(resolved, Store::open_damaged)
    }

    fn store_by(
        &self,
        resolved: &Resolved,
        open: fn(&Path) -> Result<Store, StoreError>,
    ) -> Result<Store, CommandError> {
        let writers = match resolved.store.shared.value {
            StoreSharing::Off => StoreWriters::Owner,
            StoreSharing::Group => StoreWriters::Group,
        };
        let state = resolved.state_dir.value.path();
        let store = open(&resolved.cache_dir.value)?.written_by(writers).with_state(state);
        let printer = self.printer.clone();
        store.on_wait(move |wait| printer.message(wait.to_string()));
        Ok(store)
    }

    /// The binary to manage, for this machine's platform.
    pub(crate) fn line(&self, resolved: &Resolved) -> Result<Product, CommandError> {
        let platform = Platform::current().ok_or_else(|| {
            let message =
                format!("no releases for {} on {}", std::env::consts::OS, std::env::consts::ARCH);
            CommandError::new(Exit::Usage, message)
        })?;
        Ok(self.product(resolved, platform))
    }

    /// The binary to manage, for this platform.
    pub(crate) fn product(&self, resolved: &Resolved, platform: Platform) -> Product {
        Product {
            authority: resolved.authority.value.clone(),
            binary: resolved.binary.value.clone(),
            platform,
        }
    }

    /// Prints the notices of the store.
    pub(crate) fn notices(&self, store: &Store) {
        for notice in store.notices() {
            self.printer.warning(report::store::notice(&notice));
        }
    }
}

/// Whether every command prints the warning: a file of the administrator that is not used, or a value that it fixes.
pub(crate) fn is_shown_by_all(warning: &Diagnostic) -> bool {
    matches!(warning.problem, Problem::UnsafeMachineFile(_) | Problem::Fixed { .. })
}

/// `C:\ProgramData`, as the system reports it.
#[cfg(windows)]
fn program_data() -> Option<PathBuf> {
    config::program_data()
}

#[cfg(not(windows))]
fn program_data() -> Option<PathBuf> {
    None
}
