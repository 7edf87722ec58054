//! [`SourceKey`]: a row of the table of settings for one key of `[[sources]]`.

use serde_json::Value;

use crate::config::{
    SourceSpec, key_path::KeyPath, reader::ValueReader, setting_type::SettingType, tree::TomlNode,
};

/// One key of a source: a row of the table of settings.
pub(crate) struct SourceKey<T: 'static> {
    row: SourceRow,
    /// The value in a source; `None` where the source has none.
    get: fn(&SourceSpec) -> Option<T>,
    /// Sets the value in a source of one of the key's types.
    set: fn(&mut SourceSpec, T),
}

/// The part of a [`SourceKey`] that does not depend on its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceRow {
    /// The key.
    pub(crate) key: &'static str,
    /// What the setting does.
    pub(crate) description: &'static str,
    /// The types of sources that have the key; all types where it is empty.
    pub(crate) types: &'static [&'static str],
    /// A typical value as TOML.
    pub(crate) example: &'static str,
    /// Whether the value decides what the source is, so that it is read before all others.
    pub(crate) identity: bool,
    /// Whether `loom init` writes the key.
    pub(crate) starter: bool,
}

impl SourceRow {
    /// Whether sources of this type have the key.
    pub(crate) fn applies_to(&self, type_name: &str) -> bool {
        self.types.is_empty() || self.types.contains(&type_name)
    }
}

impl<T> SourceKey<T> {
    pub(crate) const fn new(
        key: &'static str,
        example: &'static str,
        get: fn(&SourceSpec) -> Option<T>,
        set: fn(&mut SourceSpec, T),
    ) -> Self {
        let row = SourceRow {
            key,
            description: "",
            types: &[],
            example,
            identity: false,
            starter: false,
        };
        Self { row, get, set }
    }

    pub(crate) const fn description(mut self, description: &'static str) -> Self {
        self.row.description = description;
        self
    }

    pub(crate) const fn types(mut self, types: &'static [&'static str]) -> Self {
        self.row.types = types;
        self
    }

    pub(crate) const fn identity(mut self) -> Self {
        self.row.identity = true;
        self
    }

    pub(crate) const fn starter(mut self) -> Self {
        self.row.starter = true;
        self
    }
}

/// A [`SourceKey`], whatever its type.
pub(crate) trait AnySourceKey: Sync {
    /// The part that does not depend on the type.
    fn row(&self) -> &SourceRow;
    /// The form of a value, in words.
    fn form(&self) -> &'static str;
    /// The JSON Schema of a value.
    fn schema(&self) -> Value;
    /// Reads the value of a file into a source; records its problems in `reader`.
    fn read(
        &self,
        node: &TomlNode,
        path: &KeyPath,
        reader: &mut ValueReader<'_>,
        spec: &mut SourceSpec,
    );
    /// The value in a source, for display; `None` where there is none.
    fn value(&self, spec: &SourceSpec) -> Option<Value>;
    /// Like [`value`](Self::value); also `None` where the value [is off](SettingType::is_off).
    fn brief(&self, spec: &SourceSpec) -> Option<Value>;
}

impl<T: SettingType> AnySourceKey for SourceKey<T> {
    fn row(&self) -> &SourceRow {
        &self.row
    }

    fn form(&self) -> &'static str {
        T::FORM
    }

    fn schema(&self) -> Value {
        T::schema()
    }

    fn read(
        &self,
        node: &TomlNode,
        path: &KeyPath,
        reader: &mut ValueReader<'_>,
        spec: &mut SourceSpec,
    ) {
        if let Some(value) = T::read(node, path, reader) {
            (self.set)(spec, value);
        }
    }

    fn value(&self, spec: &SourceSpec) -> Option<Value> {
        Some((self.get)(spec)?.shown().json(false))
    }

    fn brief(&self, spec: &SourceSpec) -> Option<Value> {
        let value = (self.get)(spec).filter(|value| !value.is_off())?;
        Some(value.shown().json(false))
    }
}

/// Declares the keys of a source: a static for each, and `KEYS`, all of them in order. The doc comment of a key is its
/// description.
macro_rules! source_keys {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $key:expr;)+) => {
        $(
            $(#[doc = $doc])+
            static $name: $crate::config::keys::source_key::SourceKey<$type> = $key.description(concat!($($doc),+));
        )+

        /// The keys of a source, in order.
        pub(crate) static KEYS: &[&dyn $crate::config::keys::source_key::AnySourceKey] = &[$(&$name),+];
    };
}
pub(crate) use source_keys;
