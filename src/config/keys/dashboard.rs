//! `[dashboard]`: the dashboard.

use loom_base::loopback::is_loopback_host;
use loom_environment::{ContentPolicy, HostNames};

use super::bridge::MODE;
use crate::config::{
    Mode, Setting, SettingOrigin,
    any_key::keys,
    key::SettingKey,
    key_row::{KeyVariable, TableRow},
    layers::Layers,
    trust_rule::{Tightness, TrustRule, TrustVerdict},
    types::ListenHost,
};

/// `[dashboard]`
pub(crate) const TABLE: TableRow = TableRow::new(&["dashboard"], "The dashboard.");

keys! {
    /// Whether the dashboard runs in full mode.
    ENABLED: bool = SettingKey::new(&["dashboard", "enabled"], || true)
        .variables(&[KeyVariable::Named("LOOM_DASHBOARD")])
        .adjust(|layers, wanted| effective(wanted, &MODE.resolve(layers, &[])))
        .starter();

    /// The port of the dashboard. 0 lets the operating system pick a port.
    PORT: u16 = SettingKey::new(&["dashboard", "port"], || 3030)
        .variables(&[KeyVariable::Named("LOOM_DASHBOARD_PORT")])
        .flag("--dashboard-port", |layers, _| layers.inputs.flags.dashboard_port)
        .starter();

    /// The host on which the dashboard listens.
    HOST: ListenHost =
        SettingKey::new(&["dashboard", "host"], || ListenHost("127.0.0.1".to_owned()))
            .variables(&[KeyVariable::Named("LOOM_DASHBOARD_HOST")])
            .trust(TrustRule::Loopback(|ListenHost(host)| is_loopback_host(host)))
            .starter();

    /// Host names by which the dashboard may be addressed, besides its host, localhost and IP addresses: that of a container
    /// or of a proxy.
    ALLOWED_HOSTS: HostNames = SettingKey::new(&["dashboard", "allowed_hosts"], HostNames::default)
        .variables(&[KeyVariable::Named("LOOM_DASHBOARD_ALLOWED_HOSTS")])
        .example("[\"loom.example\"]")
        .trust(TrustRule::Trusted);

    /// Whether the history keeps, and the dashboard shows, what events and calls contain: auto is on while bridge and
    /// dashboard can be reached from this machine alone. A project that is not trusted can only turn it off.
    CONTENT: ContentPolicy = SettingKey::new(&["dashboard", "content"], ContentPolicy::default)
        .variables(&[KeyVariable::Named("LOOM_DASHBOARD_CONTENT")])
        .trust(TrustRule::Tighter(Tightness {
            alone: without_on,
            than: |content, below| openness(*content) < openness(*below),
        }));
}

/// `[dashboard]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardSettings {
    /// Whether the dashboard runs: the mode is full and `dashboard.enabled` is true, or `--mode full` was given.
    pub enabled: Setting<bool>,
    /// The host on which it listens.
    pub host: Setting<String>,
    /// Host names by which it may be addressed, besides its host, localhost and IP addresses.
    pub allowed_hosts: Setting<HostNames>,
    /// Its port; 0 lets the operating system pick one.
    pub port: Setting<u16>,
    /// Whether contents of events and calls are kept and shown.
    pub content: Setting<ContentPolicy>,
}

impl DashboardSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            enabled: ENABLED.resolve(layers, &[]),
            host: HOST.resolve(layers, &[]).map(|ListenHost(host)| host),
            allowed_hosts: ALLOWED_HOSTS.resolve(layers, &[]),
            port: PORT.resolve(layers, &[]),
            content: CONTENT.resolve(layers, &[]),
        }
    }
}

fn without_on(content: &ContentPolicy) -> TrustVerdict {
    match content {
        ContentPolicy::On => TrustVerdict::Withheld,
        ContentPolicy::Auto | ContentPolicy::Off => TrustVerdict::Tighter,
    }
}

/// How much a policy shows, for a comparison.
fn openness(content: ContentPolicy) -> u8 {
    match content {
        ContentPolicy::Off => 0,
        ContentPolicy::Auto => 1,
        ContentPolicy::On => 2,
    }
}

/// Whether the dashboard runs, where `wanted` is what the layers say. `--mode` takes precedence over them.
fn effective(wanted: Setting<bool>, mode: &Setting<Mode>) -> Setting<bool> {
    let full = mode.value == Mode::Full;
    match mode.origin {
        SettingOrigin::Flag(_) => Setting::new(full, mode.origin.clone()),
        _ if wanted.value && !full => Setting::new(false, mode.origin.clone()),
        _ => wanted,
    }
}
