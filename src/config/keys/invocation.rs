//! Settings of one invocation, which no file has.

use loom_source::Name;

use crate::config::{
    any_key::keys,
    key::SettingKey,
    key_row::{KeyFiles, KeyVariable},
};

keys! {
    /// Whether network access is disabled. Requests over loopback are allowed.
    OFFLINE: bool = SettingKey::new(&["offline"], || false)
        .variables(&[KeyVariable::Named("LOOM_OFFLINE")])
        .flag("--offline", |layers, _| layers.inputs.flags.offline.then_some(true))
        .files(KeyFiles::None);

    /// Whether the lock file has to be there and to agree with the project's file.
    LOCKED: bool = SettingKey::new(&["locked"], || false)
        .variables(&[KeyVariable::Named("LOOM_LOCKED")])
        .flag("--locked", |layers, _| layers.inputs.flags.locked.then_some(true))
        .files(KeyFiles::None);

    /// Whether the lock file decides alone, whatever the project's file says.
    FROZEN: bool = SettingKey::new(&["frozen"], || false)
        .variables(&[KeyVariable::Named("LOOM_FROZEN")])
        .flag("--frozen", |layers, _| layers.inputs.flags.frozen.then_some(true))
        .files(KeyFiles::None);

    /// The binary that commands manage.
    BINARY: Name = SettingKey::new(&["binary"], Name::default)
        .flag("--binary", |layers, _| layers.inputs.flags.binary.clone())
        .files(KeyFiles::None);

    /// Whether this run accepts releases without a checksum.
    ALLOW_UNVERIFIED: bool = SettingKey::new(&["allow_unverified"], || false)
        .flag("--allow-unverified", |layers, _| {
            layers.inputs.flags.allow_unverified.then_some(true)
        })
        .files(KeyFiles::None)
        .unlisted();

    /// Whether the project is trusted for this run, as if loom trust had been run.
    TRUST_PROJECT: bool = SettingKey::new(&["trust_project"], || false)
        .variables(&[KeyVariable::Named("LOOM_TRUST_PROJECT")])
        .files(KeyFiles::None)
        .unlisted();
}
