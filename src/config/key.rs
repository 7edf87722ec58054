//! [`SettingKey`]: one row of the table of settings.

use super::{
    Setting, SettingOrigin,
    document::KeyPattern,
    key_companion::KeyCompanion,
    key_row::{KeyFiles, KeyRow, KeyVariable, variable_of},
    layers::Layers,
    setting_type::SettingType,
    trust_rule::TrustRule,
};

/// One setting: the row that everything about it comes from. Reading, `loom config`, the JSON Schema, the file that
/// `loom init` writes, project trust and the reference all use these rows.
///
/// To add a setting, add a row to the file of its table in `keys/`, and a field to the struct that code reads it from.
pub(crate) struct SettingKey<T: 'static> {
    row: KeyRow,
    /// The value where no layer sets one.
    default: fn() -> T,
    flag: Option<KeyFlag<T>>,
    trust: TrustRule<T>,
    adjust: Option<Adjust<T>>,
}

/// Changes a value that depends on other settings.
type Adjust<T> = fn(&mut Layers<'_>, Setting<T>) -> Setting<T>;

/// An option of the command line that sets a key.
struct KeyFlag<T> {
    /// The option, such as `--bridge-port`.
    name: &'static str,
    value: FlagValue<T>,
}

/// The value that an option gives, if it was given. The function that it receives returns the value of the layers below.
type FlagValue<T> = fn(&mut Layers<'_>, &mut dyn FnMut(&mut Layers<'_>) -> T) -> Option<T>;

impl<T> SettingKey<T> {
    /// A row for the key at `path` that takes any value from any file, and has no variables and no option.
    pub(crate) const fn new(path: KeyPattern, default: fn() -> T) -> Self {
        let row = KeyRow::new(path);
        Self { row, default, flag: None, trust: TrustRule::Free, adjust: None }
    }

    /// The part of the row that does not depend on the type.
    pub(crate) const fn row(&self) -> &KeyRow {
        &self.row
    }

    pub(crate) const fn description(mut self, description: &'static str) -> Self {
        self.row.description = description;
        self
    }

    pub(crate) const fn variables(mut self, variables: &'static [KeyVariable]) -> Self {
        self.row.variables = variables;
        self
    }

    pub(crate) const fn flag(mut self, name: &'static str, value: FlagValue<T>) -> Self {
        self.flag = Some(KeyFlag { name, value });
        self
    }

    pub(crate) const fn trust(mut self, trust: TrustRule<T>) -> Self {
        self.trust = trust;
        self
    }

    pub(crate) const fn unit(mut self, unit: &'static str) -> Self {
        self.row.unit = Some(unit);
        self
    }

    pub(crate) const fn example(mut self, toml: &'static str) -> Self {
        self.row.example = Some(toml);
        self
    }

    pub(crate) const fn files(mut self, files: KeyFiles) -> Self {
        self.row.files = files;
        self
    }

    /// A table has exactly one of the key and of `other`.
    pub(crate) const fn alternative_to(mut self, other: &'static str) -> Self {
        self.row.alternative = Some(other);
        self
    }

    /// The key belongs to the key `of`, and has no meaning beside its alternative `not_of`.
    pub(crate) const fn belongs_to(mut self, of: &'static str, not_of: &'static str) -> Self {
        self.row.companion = Some(KeyCompanion { of, not_of });
        self
    }

    /// One layer decides the key's table as a whole.
    pub(crate) const fn whole(mut self) -> Self {
        self.row.whole = true;
        self
    }

    /// `loom init` writes the key, commented out.
    pub(crate) const fn starter(self) -> Self {
        let name = self.row.path[self.row.path.len() - 1];
        self.starter_as(name)
    }

    /// `loom init` writes a key of this name, commented out, as an example for keys whose names the user chooses.
    pub(crate) const fn starter_as(mut self, name: &'static str) -> Self {
        self.row.starter = Some(name);
        self
    }

    /// `loom config show` does not print the setting.
    pub(crate) const fn unlisted(mut self) -> Self {
        self.row.listed = false;
        self
    }

    /// `adjust` changes a value that depends on other settings.
    pub(crate) const fn adjust(mut self, adjust: Adjust<T>) -> Self {
        self.adjust = Some(adjust);
        self
    }
}

impl<T: SettingType> SettingKey<T> {
    /// The option of the command line.
    pub(crate) fn option(&self) -> Option<&'static str> {
        self.flag.as_ref().map(|flag| flag.name)
    }

    /// What the file of an untrusted project may set.
    pub(crate) fn trust_rule(&self) -> &TrustRule<T> {
        &self.trust
    }

    /// The value where no layer sets one.
    pub(crate) fn default_value(&self) -> T {
        (self.default)()
    }

    /// The value in effect. `names` are what the parts in `<…>` of the path stand for.
    pub(crate) fn resolve(&self, layers: &mut Layers<'_>, names: &[&str]) -> Setting<T> {
        let mut setting = self.unadjusted(layers, names);
        if layers.locks.fixes(&self.row) {
            setting = self.fixed(layers, setting);
        }
        match self.adjust {
            Some(adjust) => adjust(layers, setting),
            None => setting,
        }
    }

    /// The value where the machine-wide file fixes the key: its own, or one that is stricter.
    fn fixed(&self, layers: &mut Layers<'_>, setting: Setting<T>) -> Setting<T> {
        if matches!(setting.origin, SettingOrigin::Machine { .. } | SettingOrigin::Default) {
            return setting;
        }
        let machine = layers.documents.iter().filter(|document| document.is_machine());
        let fixed = machine.filter_map(|document| document.get::<T>(self.row.path, &[])).next();
        let fixed = fixed.map(|(value, origin)| Setting::new(value, origin));
        let fixed = fixed.unwrap_or_else(|| Setting::default(self.default_value()));
        if let TrustRule::Tighter(tightness) = &self.trust
            && (tightness.than)(&setting.value, &fixed.value)
        {
            return setting;
        }
        let json = |value: &T| value.shown().json(true);
        if json(&setting.value) != json(&fixed.value) {
            layers.refuse_fixed(&self.row, &setting.origin);
        }
        fixed
    }

    fn unadjusted(&self, layers: &mut Layers<'_>, names: &[&str]) -> Setting<T> {
        if let Some(KeyFlag { name, value }) = &self.flag
            && let Some(value) = value(layers, &mut |layers| self.below_flags(layers, names).value)
        {
            return Setting::new(value, SettingOrigin::Flag(name));
        }
        self.below_flags(layers, names)
    }

    fn below_flags(&self, layers: &mut Layers<'_>, names: &[&str]) -> Setting<T> {
        let variables = self.row.variables.iter();
        let of_variable =
            variables.copied().find_map(|name| of_variable(name, &self.row, layers, names));
        of_variable
            .or_else(|| self.of_documents(layers, names))
            .unwrap_or_else(|| Setting::default(self.default_value()))
    }

    /// The value of the highest document that has one. Where an untrusted project can only make the setting tighter, its
    /// value if that is tighter than the value without it.
    fn of_documents(&self, layers: &Layers<'_>, names: &[&str]) -> Option<Setting<T>> {
        let mut values = layers.deciding(&self.row, names).filter_map(|document| {
            let (value, origin) = document.get::<T>(self.row.path, names)?;
            Some((document, Setting::new(value, origin)))
        });
        let (document, highest) = values.next()?;
        let TrustRule::Tighter(tightness) = &self.trust else { return Some(highest) };
        if !document.restricted {
            return Some(highest);
        }
        let below = values.next().map(|(_, setting)| setting);
        let below = below.unwrap_or_else(|| Setting::default(self.default_value()));
        Some(if (tightness.than)(&highest.value, &below.value) { highest } else { below })
    }
}

fn of_variable<T: SettingType>(
    variable: KeyVariable,
    row: &KeyRow,
    layers: &mut Layers<'_>,
    names: &[&str],
) -> Option<Setting<T>> {
    match variable {
        KeyVariable::Named(name) => layers.variable(name),
        KeyVariable::OfDefaultProvider(name) => {
            let provider = &layers.default_provider.as_ref()?.value;
            if names.first() == Some(&provider.as_str()) { layers.variable(name) } else { None }
        }
        KeyVariable::OfName(suffix) => {
            let name = variable_of(names.first()?, suffix);
            layers.variable(&name).or_else(|| layers.dotenv(row, names, &name))
        }
    }
}
