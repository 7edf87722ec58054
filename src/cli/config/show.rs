//! `loom config show` and `loom config get`

use serde_json::{Map, Value, json};

use crate::cli::{
    CommandError, Exit, Outcome, context::Context, lock_summary, path_text::shown,
    report::config::untrusted_warning,
};
use loom_runtime::config::{
    self, Disk, EffectiveSetting, Flags, Resolved, SettingLookup, Untrusted, as_tables, effective,
};

pub(super) fn show(secrets: bool, include_untrusted: bool, context: &Context) -> Outcome {
    let flags = Flags { include_untrusted, ..Flags::default() };
    let (resolved, settings) = read(flags, context)?;
    let lock = lock_summary::of(context, &resolved);
    let mut document = document(&resolved, &settings, secrets);
    document["lock"] = lock_summary::json(lock.as_ref());
    context.printer.answer(&document, || {
        let lines: String = settings.iter().map(|setting| lines(setting, secrets)).collect();
        let lock = lock.as_ref().map(|lock| format!("# lock: {}\n", lock_summary::line(lock)));
        lines + &lock.unwrap_or_default()
    })?;
    Ok(Exit::Success)
}

/// Prints the value of one setting, strings without quotes; or the settings of a table as `key = value`.
pub(super) fn get(key: &str, secrets: bool, context: &Context) -> Outcome {
    let (_, settings) = read(Flags::default(), context)?;
    match config::get(&settings, key)? {
        SettingLookup::NotSet => {
            return Err(CommandError::new(Exit::Absent, format!("{key} is not set")));
        }
        SettingLookup::Setting(setting) => {
            let value = setting.value.json(secrets);
            let document = json!({
                "schema": 1, "key": setting.key(), "value": value, "origin": setting.origin.json(),
            });
            context.printer.answer(&document, || plain(&value))?;
        }
        SettingLookup::Table(settings) => {
            let values: Map<_, _> =
                settings.iter().map(|one| (one.key(), one.value.json(secrets))).collect();
            let document = json!({
                "schema": 1, "key": key, "values": values, "origins": origins(settings.iter().copied()),
            });
            context.printer.answer(&document, || {
                let line = |setting: &&EffectiveSetting| {
                    format!("{} = {}\n", setting.key(), setting.value.json(secrets))
                };
                settings.iter().map(line).collect()
            })?;
        }
    }
    Ok(Exit::Success)
}

fn origins<'s>(settings: impl Iterator<Item = &'s EffectiveSetting>) -> Map<String, Value> {
    settings.map(|setting| (setting.key(), setting.origin.json())).collect()
}

/// The effective configuration; warns about what an untrusted project does not set.
fn read(
    flags: Flags,
    context: &Context,
) -> Result<(Resolved, Vec<EffectiveSetting>), CommandError> {
    let includes_untrusted = flags.include_untrusted;
    let (resolved, settings) = effective(&context.inputs(flags)?, &Disk)?;
    context.warn(&resolved);
    if let Some(untrusted) = resolved.untrusted.as_ref().filter(|_| !includes_untrusted) {
        context.printer.warning(untrusted_warning(untrusted));
    }
    Ok((resolved, settings))
}

fn document(resolved: &Resolved, settings: &[EffectiveSetting], secrets: bool) -> Value {
    let untrusted = |untrusted: &Untrusted| {
        let withheld = untrusted.withheld.iter();
        let what: Vec<Value> =
            withheld.map(|item| json!({"key": item.key, "value": item.value})).collect();
        json!({"file": shown(&untrusted.scope.file), "what": what})
    };
    json!({
        "schema": 1,
        "project": {
            "root": shown(&resolved.project.root),
            "file": resolved.project.file.as_deref().map(shown),
        },
        "config": as_tables(settings, secrets),
        "origins": origins(settings.iter()),
        "locked": resolved.locked_keys,
        "untrusted": resolved.untrusted.as_ref().map(untrusted),
    })
}

/// `key = value  # origin`; a list of tables has a line for each of them.
fn lines(setting: &EffectiveSetting, secrets: bool) -> String {
    let locked = if setting.locked { ", locked" } else { "" };
    let line =
        |key: &str, value: &Value| format!("{key} = {value}  # {}{locked}\n", setting.origin);
    match (setting.key(), setting.value.json(secrets)) {
        (key, Value::Array(items)) if items.iter().any(Value::is_object) => {
            let item = |(index, item): (usize, &Value)| line(&format!("{key}[{index}]"), item);
            items.iter().enumerate().map(item).collect()
        }
        (key, value) => line(&key, &value),
    }
}

/// The value for a script: a string without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
