//! The options of a launch: what to start, and where it listens; and how an instance keeps them for `restart`.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use loom_base::HostPort;
use serde::{Deserialize, Serialize};

use super::{lock_args::LockArgs, selection::Selection};
use loom_runtime::config::{Flags, Mode, Resolved, SettingOrigin};

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
    pub(super) any_port: AnyPort,
}

/// Where any free port was requested.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct AnyPort {
    bridge: bool,
    dashboard: bool,
}

impl AnyPort {
    pub(super) fn of(bridge: &HostPort, dashboard: Option<&HostPort>) -> Self {
        let is_any = |address: &HostPort| address.port == 0;
        Self { bridge: is_any(bridge), dashboard: dashboard.is_some_and(is_any) }
    }

    /// The addresses to listen on: any free port instead of a default one where any was requested before.
    pub(super) fn addresses(self, resolved: &Resolved) -> (HostPort, Option<HostPort>) {
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

    /// The same options, which note where any free port was requested.
    pub(super) fn with_any_port(&self, any_port: AnyPort) -> Self {
        Self { any_port, ..self.clone() }
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
    pub(super) fn stored(&self, cwd: &Path) -> serde_json::Value {
        let stored = StoredLaunchArgs {
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
        };
        serde_json::to_value(stored).unwrap_or_default()
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

    /// The options as an instance keeps them.
    pub(crate) fn of_instance(stored: serde_json::Value) -> Self {
        Self::restored(serde_json::from_value(stored).unwrap_or_default())
    }

    /// The options that select a release.
    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }
}

/// The address of the bridge as configured.
pub(super) fn bridge(resolved: &Resolved) -> HostPort {
    let bridge = &resolved.bridge.address.value;
    HostPort::new(bridge.host.clone(), bridge.port)
}

/// The address of the dashboard as configured; `None` where it is off.
pub(super) fn dashboard(resolved: &Resolved) -> Option<HostPort> {
    let dashboard = &resolved.dashboard;
    let address = || HostPort::new(dashboard.host.value.clone(), dashboard.port.value);
    dashboard.enabled.value.then(address)
}
