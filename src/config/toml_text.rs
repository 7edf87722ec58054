//! TOML values as text: canonical, for digests, and short, for display.

use serde_json::Value;

use super::tree::{TomlTable, TomlValue};

/// Appends the value in a form in which no two values are equal: a date differs from its text, and each number from every
/// other one. The keys of tables are sorted.
pub(crate) fn canonical(value: &TomlValue, out: &mut String) {
    match value {
        TomlValue::Text(text) => out.push_str(&quoted(text)),
        TomlValue::Date(date) => {
            out.push('d');
            out.push_str(&quoted(date));
        }
        TomlValue::Bool(value) => out.push_str(&value.to_string()),
        TomlValue::Integer(value) => out.push_str(&value.to_string()),
        TomlValue::Float(value) => out.push_str(&format!("f{:016x}", value.to_bits())),
        TomlValue::List(items) => {
            let items = items.iter().map(|item| &item.value);
            list(items, out, canonical);
        }
        TomlValue::Table(inner) => table(inner, out, |entry, out| canonical(entry, out)),
    }
}

/// The value as JSON, and what JSON does not have as TOML writes it: `inf`, `nan`, dates.
pub(crate) fn display(value: &TomlValue, out: &mut String) {
    match value {
        TomlValue::Float(number) if !number.is_finite() => {
            out.push_str(&number.to_string().to_ascii_lowercase());
        }
        TomlValue::Date(date) => out.push_str(date),
        TomlValue::List(items) => list(items.iter().map(|item| &item.value), out, display),
        TomlValue::Table(inner) => table(inner, out, |entry, out| display(entry, out)),
        plain => out.push_str(&plain.json().to_string()),
    }
}

/// A text as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn list<'v>(
    items: impl Iterator<Item = &'v TomlValue>,
    out: &mut String,
    write: impl Fn(&TomlValue, &mut String),
) {
    out.push('[');
    for (index, item) in items.enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        write(item, out);
    }
    out.push(']');
}

fn table(table: &TomlTable, out: &mut String, write: impl Fn(&TomlValue, &mut String)) {
    let mut entries: Vec<_> = table.0.iter().collect();
    entries.sort_by(|a, b| a.key.cmp(&b.key));
    out.push('{');
    for (index, entry) in entries.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        out.push_str(&quoted(&entry.key));
        out.push(':');
        write(&entry.node.value, out);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::parse;

    fn value(text: &str) -> TomlValue {
        parse(&format!("x = {text}")).unwrap().0.remove(0).node.value
    }

    fn written(text: &str, write: fn(&TomlValue, &mut String)) -> String {
        let mut out = String::new();
        write(&value(text), &mut out);
        out
    }

    #[test]
    fn no_two_values_have_one_canonical_form() {
        let values = [
            "''",
            "'1'",
            "1",
            "1.0",
            "0.0",
            "-0.0",
            "inf",
            "-inf",
            "nan",
            "'inf'",
            "'nan'",
            "'null'",
            "true",
            "'true'",
            "2026-01-01",
            "'2026-01-01'",
            "'d\"2026-01-01\"'",
            "[]",
            "[1]",
            "[[1]]",
            "[1, 2]",
            "[12]",
            "['1,2']",
            "{}",
            "{ a = 1 }",
            "{ a = '1' }",
            "{ 'a\":1,\"b' = 1 }",
            "{ a = 1, b = 1 }",
            "'f3ff0000000000000'",
            "'[]'",
            "1e400",
        ];
        let forms: Vec<_> = values.iter().map(|text| written(text, canonical)).collect();
        for (index, form) in forms.iter().enumerate() {
            let first = forms.iter().position(|other| other == form).unwrap();
            // 1e400 is read as inf: both take effect as the same number.
            if values[index] != "1e400" {
                assert_eq!(first, index, "{} and {}", values[first], values[index]);
            }
        }
        assert_eq!(written("{ b = 1, a = 2 }", canonical), written("{ a = 2, b = 1 }", canonical));
    }

    #[test]
    fn values_are_displayed_as_json_and_else_as_toml() {
        for (text, expected) in [
            ("'a\"b'", r#""a\"b""#),
            ("[1, 2.5, true]", "[1,2.5,true]"),
            ("inf", "inf"),
            ("-inf", "-inf"),
            ("nan", "nan"),
            ("2026-01-01", "2026-01-01"),
            ("{ b = nan, a = ['x'] }", r#"{"a":["x"],"b":nan}"#),
        ] {
            assert_eq!(written(text, display), expected, "{text}");
        }
    }
}
