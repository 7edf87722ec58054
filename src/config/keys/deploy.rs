//! `[deploy]`: what `loom deploy render` writes.

use crate::config::{Setting, any_key::keys, key::SettingKey, key_row::TableRow, layers::Layers};

/// `[deploy]`
pub(crate) const TABLE: TableRow =
    TableRow::new(&["deploy"], "What `loom deploy render` writes; it has no effect on `loom up`.");

keys! {
    /// The image that runs, with or without its digest. Set it where you build your own image, which has the programs of
    /// the MCP servers too.
    IMAGE: Option<String> = SettingKey::new(&["deploy", "image"], || None)
        .example("\"registry.example/my-loom\"");

    /// Whether the runtime serves TLS, with a certificate that the deployment mounts.
    TLS: bool = SettingKey::new(&["deploy", "tls"], || false);
}

/// `[deploy]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploySettings {
    /// The image that runs: one that its user has built.
    pub image: Option<Setting<String>>,
    /// Whether the runtime serves TLS.
    pub tls: Setting<bool>,
}

impl DeploySettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self { image: IMAGE.resolve(layers, &[]).transpose(), tls: TLS.resolve(layers, &[]) }
    }
}
