//! From options and configuration to a launch: what `up`, `restart` and `exec` have in common.

use std::{
    io::{self, BufRead, IsTerminal},
    path::Path,
    process::ExitStatus,
    time::Duration,
};

use loom_source::Selector;
use serde::{Deserialize, Serialize};

use super::{
    CommandError, Exit,
    context::{Context, is_shown_by_all},
    place::ProjectScope,
    place::launch_failed,
    ready::{ready, selector},
    report::config::UNTRUSTED_HINT,
    selection::Selection,
    supervise,
};
use loom_runtime::{
    config::{Flags, Mode, Resolved, Trusted, Untrusted},
    launch::{self, Endpoint, Launch, LaunchKind, Launcher, RequestedSettings, RuntimeDocument},
    store::{Lease, Store, StoreError},
};

/// What to start, and where it listens.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LaunchArgs {
    #[command(flatten)]
    selection: Selection,
    /// full, or bridge-only: without the dashboard
    #[arg(long, value_name = "MODE")]
    mode: Option<Mode>,
    /// The bridge's port; 0 = any free one
    #[arg(long, value_name = "PORT")]
    bridge_port: Option<u16>,
    /// The dashboard's port; 0 = any free one
    #[arg(long, value_name = "PORT")]
    dashboard_port: Option<u16>,
}

/// What `restart` wants to know of the options that `up` was given.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredLaunchArgs {
    version: Option<String>,
    sources: Vec<String>,
    allow_unverified: bool,
    mode: Option<String>,
    bridge_port: Option<u16>,
    dashboard_port: Option<u16>,
}

impl LaunchArgs {
    /// The same, but any ports.
    pub(crate) fn on_free_ports(&self) -> Self {
        let ports = (self.bridge_port.or(Some(0)), self.dashboard_port.or(Some(0)));
        Self { bridge_port: ports.0, dashboard_port: ports.1, ..self.clone() }
    }

    /// These options, and where they say nothing, those.
    pub(crate) fn or(mut self, other: Self) -> Self {
        let selection = &mut self.selection;
        selection.allow_unverified |= other.selection.allow_unverified;
        // A build is a choice of version, too.
        if !selection.build {
            selection.version = selection.version.take().or(other.selection.version);
        }
        if selection.sources.is_empty() {
            selection.sources = other.selection.sources;
        }
        self.mode = self.mode.or(other.mode);
        self.bridge_port = self.bridge_port.or(other.bridge_port);
        self.dashboard_port = self.dashboard_port.or(other.dashboard_port);
        self
    }

    fn flags(&self) -> Flags {
        Flags {
            mode: self.mode,
            bridge_port: self.bridge_port,
            dashboard_port: self.dashboard_port,
            ..self.selection.flags()
        }
    }

    fn memo(&self) -> StoredLaunchArgs {
        StoredLaunchArgs {
            version: self.selection.version.as_ref().map(ToString::to_string),
            sources: self.selection.sources.clone(),
            allow_unverified: self.selection.allow_unverified,
            mode: self.mode.map(|mode| mode.to_string()),
            bridge_port: self.bridge_port,
            dashboard_port: self.dashboard_port,
        }
    }

    fn of(memo: StoredLaunchArgs) -> Self {
        let selection = Selection {
            version: memo.version.and_then(|text| text.parse().ok()),
            sources: memo.sources,
            allow_unverified: memo.allow_unverified,
            ..Selection::default()
        };
        Self {
            selection,
            mode: memo.mode.and_then(|text| text.parse().ok()),
            bridge_port: memo.bridge_port,
            dashboard_port: memo.dashboard_port,
        }
    }
}

/// The options that this project's runtime was started with.
pub(crate) fn memo(context: &Context) -> Result<LaunchArgs, CommandError> {
    let place = ProjectScope::of(context)?;
    let memo = launch::launch_args(&place.state, &place.project, &place.binary)
        .map_err(|error| launch_failed(&error))?;
    Ok(LaunchArgs::of(serde_json::from_value(memo).unwrap_or_default()))
}

/// What to start: acquired, checked and leased.
pub(crate) fn launch(
    context: &Context,
    asked: &LaunchArgs,
    kind: LaunchKind,
) -> Result<Launch, CommandError> {
    acquired(context, asked, kind, trusted(context, asked)?)
}

/// The same, unless something runs that is sure to be in its way: nothing is fetched then.
pub(crate) fn launch_beside(context: &Context, asked: &LaunchArgs) -> Result<Launch, CommandError> {
    let resolved = trusted(context, asked)?;
    let version = match selector(&resolved, &context.line(&resolved)?)? {
        _ if asked.selection.build => Some(Selector::Dev.to_string()),
        selector @ (Selector::Exact(_) | Selector::Dev) => Some(selector.to_string()),
        // Which one that is may take a look at the sources.
        Selector::Latest | Selector::Range(_) => None,
    };
    let dashboard = dashboard(&resolved);
    let wanted = RequestedSettings {
        version: version.as_deref(),
        bridge: &bridge(&resolved),
        dashboard: dashboard.as_ref(),
        env: &resolved.runtime_env(),
    };
    let (state, project) = (resolved.state_dir.value.path(), ProjectScope::of(context)?.project);
    launch::agree(state, &project, resolved.binary.value.as_ref(), &wanted)
        .map_err(|error| launch_failed(&error))?;
    acquired(context, asked, LaunchKind::Up, resolved)
}

fn acquired(
    context: &Context,
    asked: &LaunchArgs,
    kind: LaunchKind,
    resolved: Resolved,
) -> Result<Launch, CommandError> {
    let store = context.store(&resolved)?;
    let lease = leased(context, &resolved, &store, &asked.selection)?;
    context.notices(&store);
    let installed = lease.installed();
    let launcher = std::env::current_exe().map_err(|e| {
        CommandError::new(Exit::Failure, format!("loom does not know its own program file: {e}"))
    })?;
    Ok(Launch {
        program: installed.entry.clone(),
        binary: installed.release.binary.to_string(),
        version: installed.release.slot.to_string(),
        tree: Some(installed.tree.to_string()),
        env: resolved.runtime_env(),
        bridge: bridge(&resolved),
        dashboard: dashboard(&resolved),
        ready_timeout: resolved.bridge.timeout.value,
        grace: GRACE,
        project: ProjectScope::of(context)?.project,
        state: resolved.state_dir.value.path().to_owned(),
        kind,
        launcher: Launcher { program: launcher, args: vec![supervise::NAME.into()] },
        launch_args: serde_json::to_value(asked.memo()).unwrap_or_default(),
        lease: Some(lease.into_file()),
    })
}

fn bridge(resolved: &Resolved) -> Endpoint {
    let bridge = &resolved.bridge.address.value;
    Endpoint::new(bridge.host.clone(), bridge.port)
}

fn dashboard(resolved: &Resolved) -> Option<Endpoint> {
    let dashboard = &resolved.dashboard;
    let endpoint = || Endpoint::new(dashboard.host.value.clone(), dashboard.port.value);
    dashboard.enabled.value.then(endpoint)
}

/// How long a server may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// The release that is wanted, its bytes looked at, and its lock held. Damage is mended where a source can.
fn leased(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
    selection: &Selection,
) -> Result<Lease, CommandError> {
    let state = resolved.state_dir.value.path();
    let acquired = ready(context, resolved, store, selection)?;
    let lease = store.lease(&acquired.installed, state)?;
    let damaged = match store.check_installed(lease.installed()) {
        Ok(_) => return Ok(lease),
        Err(damaged @ StoreError::Damaged { .. }) => damaged,
        Err(error) => return Err(error.into()),
    };
    context.printer.warning(format!("{damaged}; fetching it again"));
    drop(lease);
    let again = Selection { force_download: true, ..selection.clone() };
    let acquired = ready(context, resolved, store, &again)?;
    let lease = store.lease(&acquired.installed, state)?;
    store.check_installed(lease.installed())?;
    Ok(lease)
}

/// The configuration. What an untrusted project asks for is shown, and asked about where somebody can answer.
fn trusted(context: &Context, asked: &LaunchArgs) -> Result<Resolved, CommandError> {
    let resolved = context.resolve(asked.flags())?;
    for warning in resolved.warnings.iter().filter(|warning| !is_shown_by_all(warning)) {
        context.printer.warning(warning.to_string());
    }
    let Some(untrusted) = &resolved.untrusted else { return Ok(resolved) };
    let answerable = io::stdin().is_terminal() && context.printer.is_terminal();
    if !answerable || !consents(context, untrusted)? {
        let mut failure =
            CommandError::new(Exit::Usage, untrusted.to_string()).hint(UNTRUSTED_HINT);
        failure.chain = untrusted
            .withheld
            .iter()
            .map(|item| format!("{} = {}", item.key, item.value))
            .collect();
        return Err(failure);
    }
    Trusted::update(&resolved.state_dir.value, |trusted| {
        trusted.trust(untrusted.file.clone(), untrusted.digest)
    })?;
    context.resolve(asked.flags())
}

fn consents(context: &Context, untrusted: &Untrusted) -> Result<bool, CommandError> {
    context.printer.warning(untrusted.to_string());
    for withheld in &untrusted.withheld {
        context.printer.warning(format!("  {} = {}", withheld.key, withheld.value));
    }
    context.printer.warning("trust this project? [y/N]");
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|e| CommandError::new(Exit::Usage, format!("no answer could be read: {e}")))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// What runs, for people.
pub(crate) fn human(document: &RuntimeDocument) -> String {
    let mut text = format!("{} {} is ready", document.binary, document.version);
    if let Some(bridge) = &document.bridge {
        text.push_str(&format!("\n  bridge     {}", bridge.address));
    }
    if let Some(dashboard) = &document.dashboard {
        text.push_str(&format!("\n  dashboard  {}", dashboard.url));
    }
    text.push_str(&format!("\n  log        {}", Path::new(&document.log).display()));
    text
}

/// The exit code to pass on: the child's own, 128+n for a signal.
pub(crate) fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|n| 128 + n);
    #[cfg(not(unix))]
    let signal = None;
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
