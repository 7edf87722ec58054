//! [`SettingKey`]: one row of the table of settings.

use serde_json::Value;

use super::{
    Setting, SettingOrigin,
    document::{ConfigDocument, KeyPattern},
    key_path::KeyPath,
    key_row::{KeyFiles, KeyRow, KeyVariable, variable_of},
    layers::Layers,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::TomlNode,
    trust_rule::{TrustRule, TrustVerdict},
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
    adjust: Option<fn(&mut Layers<'_>, Setting<T>) -> Setting<T>>,
}

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

    /// A table without the key is a problem.
    pub(crate) const fn required(mut self) -> Self {
        self.row.required = true;
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
    pub(crate) const fn adjust(
        mut self,
        adjust: fn(&mut Layers<'_>, Setting<T>) -> Setting<T>,
    ) -> Self {
        self.adjust = Some(adjust);
        self
    }
}

impl<T: SettingType> SettingKey<T> {
    /// The value in effect. `names` are what the parts in `<…>` of the path stand for.
    pub(crate) fn resolve(&self, layers: &mut Layers<'_>, names: &[&str]) -> Setting<T> {
        let setting = self.unadjusted(layers, names);
        match self.adjust {
            Some(adjust) => adjust(layers, setting),
            None => setting,
        }
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
        let of_variable = variables.copied().find_map(|name| of_variable(name, layers, names));
        of_variable
            .or_else(|| self.of_documents(layers, names))
            .unwrap_or_else(|| Setting::default((self.default)()))
    }

    /// The value of the highest document that has one. Where an untrusted project can only make the setting stricter, the
    /// stricter of its value and the value without it.
    fn of_documents(&self, layers: &Layers<'_>, names: &[&str]) -> Option<Setting<T>> {
        let mut values = layers.deciding(&self.row, names).filter_map(|document| {
            let (value, origin) = document.get::<T>(self.row.path, names)?;
            Some((document, Setting::new(value, origin)))
        });
        let (document, highest) = values.next()?;
        let TrustRule::Stricter(strictness) = &self.trust else { return Some(highest) };
        if !document.restricted {
            return Some(highest);
        }
        let below = values.next().map(|(_, setting)| setting);
        let below = below.unwrap_or_else(|| Setting::default((self.default)()));
        Some(if strictness(&highest.value) > strictness(&below.value) { highest } else { below })
    }
}

fn of_variable<T: SettingType>(
    variable: KeyVariable,
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
            layers.variable(&name).or_else(|| layers.dotenv(&name))
        }
    }
}

/// A row of the table of settings, whatever its type.
pub(crate) trait AnyKey: Sync {
    /// The part that does not depend on the type.
    fn row(&self) -> &KeyRow;
    /// The option of the command line.
    fn flag(&self) -> Option<&'static str>;
    /// What the file of an untrusted project may set, in a word.
    fn trust(&self) -> &'static str;
    /// Whether this value of a project's file needs trust.
    fn verdict(&self, node: &TomlNode) -> TrustVerdict;
    /// The form of a value, in words.
    fn form(&self) -> &'static str;
    /// Whether values are secrets.
    fn is_secret(&self) -> bool;
    /// The JSON Schema of a value.
    fn schema(&self) -> Value;
    /// The default, for display.
    fn default(&self) -> ShownValue;
    /// Reads a value of a file into `document`; records the problems of the value in `reader`.
    fn read(
        &self,
        value: FileValue<'_>,
        reader: &mut ValueReader<'_>,
        document: &mut ConfigDocument,
    );
    /// The value in effect, for display.
    fn effective(&self, layers: &mut Layers<'_>, names: &[&str]) -> Setting<ShownValue>;
}

/// A value of a file.
pub(crate) struct FileValue<'v> {
    pub(crate) node: &'v TomlNode,
    pub(crate) path: &'v KeyPath,
    /// The line of the key.
    pub(crate) line: usize,
    /// What the parts in `<…>` of the key's path stand for.
    pub(crate) names: &'v [&'v str],
}

impl<T: SettingType> AnyKey for SettingKey<T> {
    fn row(&self) -> &KeyRow {
        &self.row
    }

    fn flag(&self) -> Option<&'static str> {
        self.flag.as_ref().map(|flag| flag.name)
    }

    fn trust(&self) -> &'static str {
        self.trust.word()
    }

    fn verdict(&self, node: &TomlNode) -> TrustVerdict {
        self.trust.verdict(node)
    }

    fn form(&self) -> &'static str {
        T::FORM
    }

    fn is_secret(&self) -> bool {
        T::IS_SECRET
    }

    fn schema(&self) -> Value {
        T::schema()
    }

    fn default(&self) -> ShownValue {
        (self.default)().shown()
    }

    fn read(
        &self,
        value: FileValue<'_>,
        reader: &mut ValueReader<'_>,
        document: &mut ConfigDocument,
    ) {
        if let Some(read) = T::read(value.node, value.path, reader) {
            let names = value.names.iter().map(|name| (*name).to_owned()).collect();
            document.add(self.row.path, names, value.line, Box::new(read));
        }
    }

    fn effective(&self, layers: &mut Layers<'_>, names: &[&str]) -> Setting<ShownValue> {
        self.resolve(layers, names).map(|value| value.shown())
    }
}

/// Declares the rows of one table: a static for each, and `KEYS`, all of them in order. The doc comment of a row is the
/// description of the setting.
macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $key:expr;)+) => {
        $(
            $(#[doc = $doc])+
            pub(crate) static $name: $crate::config::key::SettingKey<$type> =
                $key.description(concat!($($doc),+));
        )+

        /// The rows of this table, in order.
        pub(crate) static KEYS: &[&dyn $crate::config::key::AnyKey] = &[$(&$name),+];
    };
}
pub(crate) use keys;
