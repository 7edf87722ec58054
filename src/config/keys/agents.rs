//! `[agents]`: settings of agents.

use std::collections::BTreeMap;

use crate::config::{
    RawValue, Setting, any_key::keys, key::SettingKey, key_row::TableRow, layers::Layers,
    trust_rule::TrustRule,
};

/// `[agents]`
pub(crate) const TABLE: TableRow = TableRow::new(&["agents"], "Settings of agents, by name.");

/// `[agents.<name>]`
pub(crate) const AGENT: TableRow = TableRow {
    example_name: Some("planner"),
    ..TableRow::new(
        &["agents", "<name>"],
        "Settings of an agent: any keys and values. One layer decides an agent as a whole.",
    )
};

keys! {
    /// A setting of the agent, for example its topics. Of a project that is not trusted, topics and times (keys that end in
    /// _sec) take effect.
    VALUE: Option<RawValue> = SettingKey::new(&["agents", "<name>", "<key>"], || None)
        .trust(TrustRule::FreeKeys(|key| key == "topics" || key.ends_with("_sec")))
        .example("[\"analysis.trend\", \"analysis.risk\"]")
        .whole()
        .starter_as("topics");
}

/// All agents, by name; each with its settings.
pub(crate) fn resolve(
    layers: &mut Layers<'_>,
) -> BTreeMap<String, Setting<BTreeMap<String, Setting<RawValue>>>> {
    let mut agents = BTreeMap::new();
    for name in layers.table_names(AGENT.path) {
        let keys = layers.names_below(VALUE.row(), &[&name]).into_iter();
        let settings = keys.filter_map(|key| {
            let value = VALUE.resolve(layers, &[&name, &key]).transpose()?;
            Some((key, value))
        });
        let settings = settings.collect();
        if let Some(origin) = layers.table_origin(AGENT.path, &name) {
            agents.insert(name, Setting::new(settings, origin));
        }
    }
    agents
}
