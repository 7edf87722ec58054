//! `[update]`: when newer releases are looked for, and what is done about them.

use std::time::Duration;

use loom_base::DailyWindow;

use crate::config::{
    Setting, UpdateChannel, UpdatePolicy,
    any_key::keys,
    key::SettingKey,
    key_row::{KeyFiles, TableRow},
    layers::Layers,
    trust_rule::{Tightness, TrustRule, TrustVerdict},
};

/// `[update]`
pub(crate) const TABLE: TableRow =
    TableRow::new(&["update"], "When newer releases are looked for, and what is done about them.");

keys! {
    /// How long the answer to latest is fresh; after that the sources are asked again. The supervisor of a runtime looks for
    /// a newer release this often.
    CHECK_INTERVAL: Duration =
        SettingKey::new(&["update", "check_interval"], || Duration::from_secs(24 * 60 * 60))
            .trust(TrustRule::Trusted);

    /// What is done about a newer release while a runtime runs: notify says so, auto switches to it, off looks for none. A
    /// project cannot turn auto on.
    POLICY: UpdatePolicy = SettingKey::new(&["update", "policy"], UpdatePolicy::default)
        .trust(TrustRule::Tighter(Tightness {
            alone: |policy| match policy {
                UpdatePolicy::Off => TrustVerdict::Free,
                UpdatePolicy::Notify | UpdatePolicy::Auto => TrustVerdict::Tighter,
            },
            than: |policy, below| policy < below,
        }))
        .adjust(without_looser_project);

    /// Which releases count for latest and ranges: with beta, pre-releases of all sources do.
    CHANNEL: UpdateChannel = SettingKey::new(&["update", "channel"], UpdateChannel::default)
        .trust(TrustRule::Tighter(Tightness {
            alone: |channel| match channel {
                UpdateChannel::Stable => TrustVerdict::Free,
                UpdateChannel::Beta => TrustVerdict::Tighter,
            },
            than: |channel, below| channel < below,
        }));

    /// When a running runtime may be switched to a newer release: a time span of each day, in UTC.
    WINDOW: DailyWindow = SettingKey::new(&["update", "window"], DailyWindow::default)
        .example("\"02:00-04:00\"")
        .files(KeyFiles::User);
}

/// The policy, where that of a project counts only if it is stricter than what the user and the administrator say: also a
/// project that is trusted does not decide that programs are replaced.
fn without_looser_project(
    layers: &mut Layers<'_>,
    setting: Setting<UpdatePolicy>,
) -> Setting<UpdatePolicy> {
    let mut others = layers.documents.iter().filter(|document| !document.is_project());
    let below = others.find_map(|document| document.get::<UpdatePolicy>(POLICY.row().path, &[]));
    let below = below.map(|(value, origin)| Setting::new(value, origin));
    let below = below.unwrap_or_else(|| Setting::default(POLICY.default_value()));
    if setting.value > below.value { below } else { setting }
}

/// `[update]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateSettings {
    /// How long the answer to `latest` is fresh.
    pub check_interval: Setting<Duration>,
    /// What is done about a newer release while a runtime runs.
    pub policy: Setting<UpdatePolicy>,
    /// Which releases count for `latest` and ranges.
    pub channel: Setting<UpdateChannel>,
    /// When a running runtime may be switched.
    pub window: Setting<DailyWindow>,
}

impl UpdateSettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            check_interval: CHECK_INTERVAL.resolve(layers, &[]),
            policy: POLICY.resolve(layers, &[]),
            channel: CHANNEL.resolve(layers, &[]),
            window: WINDOW.resolve(layers, &[]),
        }
    }
}
