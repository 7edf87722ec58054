//! `[policy]`: what users of a machine cannot change.

use crate::config::{
    any_key::keys,
    key::SettingKey,
    key_row::{KeyFiles, TableRow},
    trust_rule::TrustRule,
};

/// `[policy]`
pub(crate) const TABLE: TableRow =
    TableRow::new(&["policy"], "What users of this machine cannot change.");

keys! {
    /// Keys and tables of the machine-wide file that nothing else can change: neither the files of users and projects nor
    /// variables nor options, which can only make them stricter. Only the machine-wide file has this key.
    LOCKED: Vec<String> = SettingKey::new(&["policy", "locked"], Vec::new)
        .files(KeyFiles::Machine)
        .example("[\"trust.signature\", \"sources\"]")
        .trust(TrustRule::Trusted);
}
