//! Expands `${VAR}` and `${VAR:-default}` in text.

/// Why a text cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unexpandable {
    /// The variable is not set and there is no default.
    Missing(String),
    /// A `${` without `}`, or with something that is not the name of a variable.
    Malformed,
}

/// Whether a text contains a variable.
pub(crate) fn has_variables(text: &str) -> bool {
    text.replace("$$", "").contains("${")
}

/// Replaces `${NAME}` by the value of the variable, and `${NAME:-text}` by `text` where the variable is not set. `$$`
/// becomes one `$`; any other `$` is kept. Values of variables are not expanded again.
pub(crate) fn expand<V: AsRef<str>>(
    text: &str,
    lookup: impl Fn(&str) -> Option<V>,
) -> Result<String, Unexpandable> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some(inner) = after.strip_prefix('{') {
            let end = inner.find('}').ok_or(Unexpandable::Malformed)?;
            out.push_str(&variable(&inner[..end], &lookup)?);
            rest = &inner[end + 1..];
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn variable<V: AsRef<str>>(
    inner: &str,
    lookup: &impl Fn(&str) -> Option<V>,
) -> Result<String, Unexpandable> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let named = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() || !name.bytes().all(named) {
        return Err(Unexpandable::Malformed);
    }
    match (lookup(name), default) {
        (Some(value), _) => Ok(value.as_ref().to_owned()),
        (None, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Unexpandable::Missing(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_are_replaced() {
        let lookup = |name: &str| match name {
            "A" => Some("one"),
            "B_2" => Some("${A}"),
            _ => None,
        };
        let missing = |name: &str| Err(Unexpandable::Missing(name.to_owned()));
        for (text, expected) in [
            ("", Ok("")),
            ("plain $5 $A", Ok("plain $5 $A")),
            ("x${A}y${A}", Ok("xoneyone")),
            ("${B_2}", Ok("${A}")),
            ("${C:-two}", Ok("two")),
            ("${C:-}", Ok("")),
            ("${A:-two}", Ok("one")),
            ("$${A}", Ok("${A}")),
            ("100$", Ok("100$")),
            ("é${A}é", Ok("éoneé")),
            ("${C}", missing("C")),
            ("${A", Err(Unexpandable::Malformed)),
            ("${}", Err(Unexpandable::Malformed)),
            ("${1A}", Err(Unexpandable::Malformed)),
            ("${A B}", Err(Unexpandable::Malformed)),
        ] {
            assert_eq!(expand(text, lookup), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_text_with_a_variable_is_detected() {
        for (text, expected) in [("${A}", true), ("x${", true), ("$A", false), ("$${A}", false)] {
            assert_eq!(has_variables(text), expected, "{text}");
        }
    }
}
