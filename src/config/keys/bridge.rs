//! `[bridge]`: how the runtime listens, and which release runs.

use std::time::Duration;

use loom_base::HostPort;
use loom_environment::UserIds;
use loom_source::Selector;

use crate::config::{
    Mode, Setting,
    any_key::keys,
    key::SettingKey,
    key_row::{KeyVariable, TableRow},
    layers::Layers,
    trust_rule::TrustRule,
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

    /// The release that runs: latest, a version, a range, or dev for a cargo build.
    VERSION: Selector = SettingKey::new(&["bridge", "version"], || Selector::Latest)
        .variables(&[KeyVariable::Named("LOOM_VERSION")])
        .flag("--version", |layers, _| layers.inputs.flags.version.clone())
        .starter();

    /// How long the runtime may take until it is ready.
    TIMEOUT: Seconds = SettingKey::new(&["bridge", "timeout_sec"], || Seconds::new(30))
        .unit("seconds")
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
    /// The users of this machine who may connect over loopback where no token is set, besides the own one.
    pub allow_users: Setting<UserIds>,
    /// How long the runtime may take until it is ready.
    pub timeout: Setting<Duration>,
}

impl BridgeSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            address: ADDRESS.resolve(layers, &[]),
            mode: MODE.resolve(layers, &[]),
            version: VERSION.resolve(layers, &[]),
            allow_users: ALLOW_USERS.resolve(layers, &[]),
            timeout: TIMEOUT.resolve(layers, &[]).map(|Seconds(timeout)| timeout),
        }
    }
}
