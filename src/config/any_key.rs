//! [`AnyKey`]: a row of the table of settings, whatever its type.

use serde_json::Value;

use super::{
    Setting, ShownValue,
    document::ConfigDocument,
    key::SettingKey,
    key_path::KeyPath,
    key_row::KeyRow,
    layers::Layers,
    reader::ValueReader,
    setting_type::SettingType,
    tree::{TomlNode, TomlValue},
    trust_rule::TrustVerdict,
};

/// A row of the table of settings, whatever its type.
pub(crate) trait AnyKey: Sync {
    /// The part that does not depend on the type.
    fn row(&self) -> &KeyRow;
    /// The option of the command line.
    fn flag(&self) -> Option<&'static str>;
    /// What the file of an untrusted project may set, in a word.
    fn trust(&self) -> &'static str;
    /// Whether this value of `key` in a project's file needs trust.
    fn verdict(&self, key: &str, node: &TomlNode) -> TrustVerdict;
    /// The form of a value, in words.
    fn form(&self) -> &'static str;
    /// A value as written in a file, for display: secrets in it are masked.
    fn masked(&self, written: TomlValue) -> TomlValue;
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
        self.row()
    }

    fn flag(&self) -> Option<&'static str> {
        self.option()
    }

    fn trust(&self) -> &'static str {
        self.trust_rule().word()
    }

    fn verdict(&self, key: &str, node: &TomlNode) -> TrustVerdict {
        self.trust_rule().verdict(key, node)
    }

    fn form(&self) -> &'static str {
        T::FORM
    }

    fn masked(&self, written: TomlValue) -> TomlValue {
        T::masked(written)
    }

    fn is_secret(&self) -> bool {
        T::IS_SECRET
    }

    fn schema(&self) -> Value {
        T::schema()
    }

    fn default(&self) -> ShownValue {
        self.default_value().shown()
    }

    fn read(
        &self,
        value: FileValue<'_>,
        reader: &mut ValueReader<'_>,
        document: &mut ConfigDocument,
    ) {
        if let Some(read) = T::read(value.node, value.path, reader) {
            let names = value.names.iter().map(|name| (*name).to_owned()).collect();
            let node = &value.node.value;
            let shown_as_written = T::SHOWN_AS_WRITTEN && node.has_variables();
            let written = shown_as_written.then(|| T::masked(node.clone()).json());
            document.add_written(self.row().path, names, value.line, Box::new(read), written);
        }
    }

    fn effective(&self, layers: &mut Layers<'_>, names: &[&str]) -> Setting<ShownValue> {
        let setting = self.resolve(layers, names);
        let written = layers.written(self.row(), names, &setting.origin);
        setting.map(|value| match written {
            Some(written) => value.shown().with_written(written),
            None => value.shown(),
        })
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
        pub(crate) static KEYS: &[&dyn $crate::config::any_key::AnyKey] = &[$(&$name),+];
    };
}
pub(crate) use keys;
