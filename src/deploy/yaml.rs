//! Values as YAML: block style, keys in their order, every text quoted that a reader could take for something else.

use serde_json::Value;

/// The document of `value`, with a line feed at its end.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

fn write(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (index, (key, value)) in table.iter().enumerate() {
                // The first key of an item of a list stands behind its dash.
                if index > 0 || !out.ends_with("- ") {
                    indent(depth, out);
                }
                out.push_str(&text(key));
                out.push(':');
                nested(value, depth, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(depth, out);
                out.push_str("- ");
                match item {
                    Value::Object(table) if !table.is_empty() => write(item, depth + 1, out),
                    _ => {
                        out.push_str(&scalar(item));
                        out.push('\n');
                    }
                }
            }
        }
        other => {
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
}

/// A value behind its key.
fn nested(value: &Value, depth: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(table) => !table.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        out.push('\n');
        write(value, depth + 1, out);
    } else {
        out.push(' ');
        out.push_str(&scalar(value));
        out.push('\n');
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// A value on one line. Lists of lists and the like are written as JSON, which YAML includes.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        other => other.to_string(),
    }
}

/// Plain where nothing else than a text can be meant, else in double quotes.
fn text(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_plain_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(is_plain_byte)
        && !WORDS.contains(&&*text.to_ascii_lowercase());
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_are_indented_and_doubtful_texts_are_quoted() {
        let value = json!({
            "a": {"b": [1, {"c": "x", "d": ["y.z/0"]}, []], "e": {}},
            "f": ["true", "1", "a: b", "", "on\n", "y", "é", "#x", true, null],
        });
        assert_eq!(
            document(&value),
            r##"a:
  b:
    - 1
    - c: x
      d:
        - y.z/0
    - []
  e: {}
f:
  - "true"
  - "1"
  - "a: b"
  - ""
  - "on\n"
  - "y"
  - "é"
  - "#x"
  - true
  - null
"##
        );
    }
}
