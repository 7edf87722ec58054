//! `[bridge]`: how the runtime listens, and which release runs.

use std::time::Duration;

use loom_base::HostPort;
use loom_environment::UserIds;
use loom_source::Selector;

use crate::config::{
    Mode, Setting, SettingOrigin,
    any_key::keys,
    key::SettingKey,
    key_row::{KeyVariable, TableRow},
    layers::Layers,
    trust_rule::{Tightness, TrustRule, TrustVerdict},
    types::Seconds,
};

/// `[bridge]`
pub(crate) const TABLE: TableRow =
    TableRow::new(&["bridge"], "How the runtime listens, and which release runs.");

keys! {
    /// The address on which the gRPC server listens. Port 0 lets the operating system pick a port.
    ADDRESS: HostPort = SettingKey::new(&["bridge", "address"], || HostPort::new("127.0.0.1", 50051))
        .variables(&[KeyVariable::Named("LOOM_BRIDGE_ADDR")])
        .flag("--bridge-port", |layers, below| {
            let port = layers.inputs.flags.bridge_port?;
            Some(HostPort { port, ..below(layers) })
        })
        .trust(TrustRule::Loopback(HostPort::is_loopback))
        .starter();

    /// What the runtime runs: full is bridge and dashboard, bridge-only is the bridge alone.
    MODE: Mode = SettingKey::new(&["bridge", "mode"], Mode::default)
        .flag("--mode", |layers, _| layers.inputs.flags.mode)
        .starter();

    /// The release that runs: latest, a version, a range, or dev for a cargo build. A version or range of a project that is
    /// not trusted selects nothing that is too young, withdrawn, or older than the newest verified release.
    VERSION: Selector = SettingKey::new(&["bridge", "version"], || Selector::Latest)
        .variables(&[KeyVariable::Named("LOOM_VERSION")])
        .flag("--version", |layers, _| layers.inputs.flags.version.clone())
        .trust(TrustRule::Tighter(Tightness { alone: judged, than: selects_less }))
        .starter();

    /// How long the runtime may take until it is ready.
    TIMEOUT: Seconds = SettingKey::new(&["bridge", "timeout_sec"], || Seconds::new(30))
        .unit("seconds")
        .trust(TrustRule::Tighter(Tightness {
            alone: |_| TrustVerdict::Tighter,
            than: |Seconds(timeout), Seconds(below)| timeout < below,
        }))
        .starter();

    /// The ids of the users of this machine, besides your own, who may connect to bridge and dashboard over loopback where
    /// no token is set: those of a proxy or of a monitoring program.
    ALLOW_USERS: UserIds = SettingKey::new(&["bridge", "allow_users"], UserIds::default)
        .variables(&[KeyVariable::Named("LOOM_ALLOW_USERS")])
        .example("[33]")
        .trust(TrustRule::Trusted);
}

/// `[bridge]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeSettings {
    /// The address on which the gRPC server listens. Where an option replaced the port, the origin is that option.
    pub address: Setting<HostPort>,
    /// What the runtime runs.
    pub mode: Setting<Mode>,
    /// The release that runs. The origin is [`SettingOrigin::Default`](crate::config::SettingOrigin::Default) where no
    /// layer names one.
    pub version: Setting<Selector>,
    /// The release that the project's own file names, whatever options, variables and other files do.
    pub project_version: Option<Setting<Selector>>,
    /// Whether a project that is not trusted names the version: it selects only what `latest` could select as well.
    pub is_version_untrusted: bool,
    /// The users of this machine who may connect over loopback where no token is set, besides the own one.
    pub allow_users: Setting<UserIds>,
    /// How long the runtime may take until it is ready.
    pub timeout: Setting<Duration>,
}

impl BridgeSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        let version = VERSION.resolve(layers, &[]);
        let mut projects = layers.documents.iter().filter(|document| document.is_project());
        let project_version = projects
            .find_map(|document| document.get::<Selector>(VERSION.row().path, &[]))
            .map(|(version, origin)| Setting::new(version, origin));
        let is_restricted = layers.documents.iter().any(|document| document.restricted);
        Self {
            address: ADDRESS.resolve(layers, &[]),
            mode: MODE.resolve(layers, &[]),
            is_version_untrusted: is_restricted
                && matches!(version.origin, SettingOrigin::Project { .. }),
            version,
            project_version,
            allow_users: ALLOW_USERS.resolve(layers, &[]),
            timeout: TIMEOUT.resolve(layers, &[]).map(|Seconds(timeout)| timeout),
        }
    }
}

/// What can be said of the version of an untrusted project alone. Cargo builds are not verified.
fn judged(version: &Selector) -> TrustVerdict {
    match version {
        Selector::Latest => TrustVerdict::Free,
        Selector::Exact(_) | Selector::Range(_) => TrustVerdict::Tighter,
        Selector::Dev => TrustVerdict::Withheld,
    }
}

/// Whether every release that the version of an untrusted project selects could be selected without it.
fn selects_less(version: &Selector, below: &Selector) -> bool {
    match (version, below) {
        (Selector::Dev, _) => false,
        (_, Selector::Latest) => true,
        (Selector::Exact(version), Selector::Range(_)) => below.matches(version),
        _ => false,
    }
}
