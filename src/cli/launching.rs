//! From options and configuration to a launch, for `up`, `restart` and `exec`.

use std::{
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use loom_base::HostPort;
use loom_source::{Selector, Slot};
use serde::{Deserialize, Serialize};

use super::{
    CommandError, Exit,
    context::{Context, is_shown_by_all},
    default_version,
    lock_args::LockArgs,
    locked::RequestedVersion,
    prepared_launch::PreparedLaunch,
    project_scope::ProjectScope,
    ready::{choose, ready_product},
    report::config::{untrusted_error, untrusted_head, untrusted_lines},
    selection::Selection,
    supervise, update_watch,
};
use loom_runtime::{
    config::{
        self, Disk, Flags, Inputs, Mode, ReadOnce, Resolved, SettingOrigin, Trusted, Untrusted,
    },
    launch::{self, Launch, LaunchKind, Launcher, RequestedSettings, RuntimeDocument},
    store::{Lease, Store, StoreError},
    update::UpdateMemory,
};

/// The options that say what to start, and where it listens.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LaunchArgs {
    #[command(flatten)]
    selection: Selection,
    /// full, or bridge-only: without the dashboard
    #[arg(long, value_name = "MODE",
          value_parser = PossibleValuesParser::new(["full", "bridge-only"])
              .try_map(|mode| mode.parse::<Mode>()))]
    mode: Option<Mode>,
    /// Port of the bridge; 0 = any free port
    #[arg(long, value_name = "PORT")]
    bridge_port: Option<u16>,
    /// Port of the dashboard; 0 = any free port
    #[arg(long, value_name = "PORT")]
    dashboard_port: Option<u16>,
    /// Of a running runtime: where any free port was requested, which no flag, file or variable has to repeat.
    #[arg(skip)]
    any_port: AnyPort,
}

/// Where any free port was requested.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct AnyPort {
    bridge: bool,
    dashboard: bool,
}

impl AnyPort {
    fn of(bridge: &HostPort, dashboard: Option<&HostPort>) -> Self {
        let is_any = |address: &HostPort| address.port == 0;
        Self { bridge: is_any(bridge), dashboard: dashboard.is_some_and(is_any) }
    }

    /// The addresses to listen on: any free port instead of a default one where any was requested before.
    fn addresses(self, resolved: &Resolved) -> (HostPort, Option<HostPort>) {
        let is_default = |origin: &SettingOrigin| *origin == SettingOrigin::Default;
        let (mut bridge, mut dashboard) = (bridge(resolved), dashboard(resolved));
        if self.bridge && is_default(&resolved.bridge.address.origin) {
            bridge.port = 0;
        }
        if self.dashboard && is_default(&resolved.dashboard.port.origin) {
            dashboard.iter_mut().for_each(|dashboard| dashboard.port = 0);
        }
        (bridge, dashboard)
    }
}

/// The options of `up` as the instance keeps them for `restart`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredLaunchArgs {
    version: Option<String>,
    sources: Vec<String>,
    allow_unverified: bool,
    locked: bool,
    frozen: bool,
    /// The lock file that was named, absolute.
    lock: Option<PathBuf>,
    mode: Option<String>,
    bridge_port: Option<u16>,
    dashboard_port: Option<u16>,
    any_port: AnyPort,
}

impl LaunchArgs {
    /// The same options, with any free port where none is given.
    pub(crate) fn on_free_ports(&self) -> Self {
        Self {
            bridge_port: self.bridge_port.or(Some(0)),
            dashboard_port: self.dashboard_port.or(Some(0)),
            ..self.clone()
        }
    }

    /// These options, completed by those of `other`.
    pub(crate) fn or(mut self, other: Self) -> Self {
        let selection = &mut self.selection;
        selection.allow_unverified |= other.selection.allow_unverified;
        let lock = &mut selection.lock;
        if !lock.locked && !lock.frozen {
            (lock.locked, lock.frozen) = (other.selection.lock.locked, other.selection.lock.frozen);
        }
        lock.lock = lock.lock.take().or(other.selection.lock.lock);
        // --build selects a version as well.
        if !selection.build {
            selection.version = selection.version.take().or(other.selection.version);
        }
        if selection.sources.is_empty() {
            selection.sources = other.selection.sources;
        }
        self.mode = self.mode.or(other.mode);
        self.bridge_port = self.bridge_port.or(other.bridge_port);
        self.dashboard_port = self.dashboard_port.or(other.dashboard_port);
        self.any_port = other.any_port;
        self
    }

    pub(crate) fn flags(&self) -> Flags {
        Flags {
            mode: self.mode,
            bridge_port: self.bridge_port,
            dashboard_port: self.dashboard_port,
            ..self.selection.flags()
        }
    }

    /// The options as they are kept; `cwd` is the current folder.
    fn stored(&self, cwd: &Path) -> StoredLaunchArgs {
        StoredLaunchArgs {
            version: self.selection.version.as_ref().map(ToString::to_string),
            sources: self.selection.sources.clone(),
            allow_unverified: self.selection.allow_unverified,
            locked: self.selection.lock.locked,
            frozen: self.selection.lock.frozen,
            lock: self.selection.lock.lock.as_ref().map(|file| cwd.join(file)),
            mode: self.mode.map(|mode| mode.to_string()),
            bridge_port: self.bridge_port,
            dashboard_port: self.dashboard_port,
            any_port: self.any_port,
        }
    }

    fn restored(stored: StoredLaunchArgs) -> Self {
        let selection = Selection {
            version: stored.version.and_then(|text| text.parse().ok()),
            sources: stored.sources,
            allow_unverified: stored.allow_unverified,
            lock: LockArgs { locked: stored.locked, frozen: stored.frozen, lock: stored.lock },
            ..Selection::default()
        };
        Self {
            selection,
            mode: stored.mode.and_then(|text| text.parse().ok()),
            bridge_port: stored.bridge_port,
            dashboard_port: stored.dashboard_port,
            any_port: stored.any_port,
        }
    }
}

impl LaunchArgs {
    /// The options as an instance keeps them.
    pub(crate) fn of_instance(stored: serde_json::Value) -> Self {
        Self::restored(serde_json::from_value(stored).unwrap_or_default())
    }

    /// The options that select a release.
    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }
}

/// The options that this project's running runtime was started with.
pub(crate) fn running_args(context: &Context) -> Result<LaunchArgs, CommandError> {
    let ProjectScope { state, project, binary, .. } = ProjectScope::of(context)?;
    let stored = launch::launch_args(&state, &project, &binary)?;
    Ok(LaunchArgs::of_instance(stored))
}

/// The launch for these options, its release acquired, checked and leased.
pub(crate) fn launch(
    context: &Context,
    args: &LaunchArgs,
    kind: LaunchKind,
) -> Result<PreparedLaunch, CommandError> {
    acquired(context, args, kind, trusted(context, args)?)
}

/// The launch for `up`. Where another runtime runs that `up` must refuse, nothing is acquired.
pub(crate) fn launch_for_up(
    context: &Context,
    args: &LaunchArgs,
) -> Result<PreparedLaunch, CommandError> {
    let resolved = trusted(context, args)?;
    let choice = choose(context, &resolved, &context.line(&resolved)?, &args.selection)?;
    let version = match &choice.selector {
        selector @ (Selector::Exact(_) | Selector::Dev) => Some(selector.to_string()),
        // Resolving these may need a query of the sources.
        Selector::Latest | Selector::Range(_) => None,
    };
    let dashboard = dashboard(&resolved);
    let requested = RequestedSettings {
        version: version.as_deref(),
        bridge: &bridge(&resolved),
        dashboard: dashboard.as_ref(),
        env: &resolved.runtime_env(),
    };
    let (state, project) = (&resolved.state_dir.value, &resolved.project.root);
    let binary = resolved.binary.value.as_ref();
    launch::check_settings(state, project, binary, &requested)?;
    acquired(context, args, LaunchKind::Up, resolved)
}

fn acquired(
    context: &Context,
    args: &LaunchArgs,
    kind: LaunchKind,
    resolved: Resolved,
) -> Result<PreparedLaunch, CommandError> {
    let store = context.store(&resolved)?;
    let product = context.line(&resolved)?;
    let choice = choose(context, &resolved, &product, &args.selection)?;
    let lease = leased(context, &resolved, &store, &args.selection, &choice)?;
    context.notices(&store);
    let installed = lease.installed().clone();
    let is_default = default_version::is_selected(&resolved, choice.is_locked);
    let launcher = std::env::current_exe().map_err(|e| {
        CommandError::new(Exit::Failure, format!("could not find the program file of loom: {e}"))
    })?;
    let update = update_watch::of(context, &resolved, &installed.release, &launcher)?;
    let (bridge, dashboard) = args.any_port.addresses(&resolved);
    let any_port = AnyPort::of(&bridge, dashboard.as_ref());
    let args = LaunchArgs { any_port, ..args.clone() };
    let launch = Launch {
        program: installed.entry.clone(),
        binary: installed.release.binary.to_string(),
        version: installed.release.slot.to_string(),
        tree: Some(installed.tree.to_string()),
        env: resolved.runtime_env(),
        bridge,
        dashboard,
        ready_timeout: resolved.bridge.timeout.value,
        grace: GRACE,
        project: resolved.project.root.clone(),
        state: resolved.state_dir.value.clone(),
        kind,
        launcher: Launcher { program: launcher, args: vec![supervise::NAME.into()] },
        update,
        launch_args: serde_json::to_value(args.stored(&context.cwd()?)).unwrap_or_default(),
        lease: Some(lease.into_file()),
    };
    let memory = UpdateMemory::of(&resolved.state_dir.value, &product);
    Ok(PreparedLaunch { launch, default: is_default.then_some((store, installed)), memory })
}

fn bridge(resolved: &Resolved) -> HostPort {
    let bridge = &resolved.bridge.address.value;
    HostPort::new(bridge.host.clone(), bridge.port)
}

fn dashboard(resolved: &Resolved) -> Option<HostPort> {
    let dashboard = &resolved.dashboard;
    let address = || HostPort::new(dashboard.host.value.clone(), dashboard.port.value);
    dashboard.enabled.value.then(address)
}

/// How long a server may take to end before it is killed.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// The lease of the selected release, whose files were checked. A damaged release is fetched again.
fn leased(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
    choice: &RequestedVersion,
) -> Result<Lease, CommandError> {
    let state = resolved.state_dir.value.path();
    let product = context.line(resolved)?;
    let ready = || ready_product(context, resolved, store, selection, &product, choice);
    let acquired = ready()?;
    let lease = store.lease(&acquired.installed, state)?;
    let installed_slot = acquired.installed.release.slot.clone();
    let damaged = match store.check_before_launch(lease.installed()) {
        Ok(_) => return Ok(lease),
        Err(damaged @ StoreError::Damaged { .. }) => damaged,
        Err(error) => return Err(error.into()),
    };
    if installed_slot == Slot::Dev {
        context.printer.warning(format!("{damaged}; copying the build again"));
    }
    drop(lease);
    // The tree has lost its fingerprint, so it is hashed, found damaged and fetched again.
    let acquired = ready()?;
    let lease = store.lease(&acquired.installed, state)?;
    store.check_before_launch(lease.installed())?;
    Ok(lease)
}

/// The configuration. What an untrusted project sets is shown, and the user is asked to trust it where there is a
/// terminal. Files are read once, so that what was shown is what is trusted and takes effect.
fn trusted(context: &Context, args: &LaunchArgs) -> Result<Resolved, CommandError> {
    let files = ReadOnce::new(Disk);
    let inputs = context.inputs(args.flags())?;
    let resolved = config::resolve(&inputs, &files)?;
    context.warn(&resolved);
    for warning in resolved.warnings.iter().filter(|warning| !is_shown_by_all(warning)) {
        context.printer.warning(warning.to_string());
    }
    let Some(untrusted) = &resolved.untrusted else { return Ok(resolved) };
    let is_interactive = io::stdin().is_terminal() && context.printer.is_terminal();
    if !is_interactive || !consents(context, untrusted)? {
        return Err(untrusted_error(untrusted));
    }
    let trusted = Trusted::update(&resolved.state_dir.value, |trusted| {
        trusted.trust(&untrusted.scope);
        trusted.clone()
    })?;
    Ok(config::resolve(&Inputs { trusted, ..inputs }, &files)?)
}

fn consents(context: &Context, untrusted: &Untrusted) -> Result<bool, CommandError> {
    context.printer.warning(untrusted_head(untrusted));
    for line in untrusted_lines(untrusted) {
        context.printer.warning(format!("  {line}"));
    }
    context.printer.warning("trust this project? [y/N]");
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|e| CommandError::new(Exit::Usage, format!("could not read the answer: {e}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// The description of a ready runtime, human-readable.
pub(crate) fn human(document: &RuntimeDocument) -> String {
    let mut text = format!("{} {} is ready", document.binary, document.version);
    if let Some(bridge) = &document.bridge {
        text.push_str(&format!("\n  bridge     {}", bridge.address));
    }
    if let Some(dashboard) = &document.dashboard {
        text.push_str(&format!("\n  dashboard  {}", dashboard.to_open()));
    }
    text.push_str(&format!("\n  log        {}", Path::new(&document.log).display()));
    text
}

/// The exit code of a child: its own, or 128 + n for signal n.
pub(crate) fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|n| 128 + n);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
