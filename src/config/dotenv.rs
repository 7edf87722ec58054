//! The `.env` file beside a project's `loom.toml`: values for `${…}` and API keys. It sets nothing else.

use std::collections::BTreeMap;

/// The variables of a `.env` file, with their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DotEnv(BTreeMap<String, (String, usize)>);

impl DotEnv {
    /// Parses lines of the form `NAME=value`. Returns the variables, and the numbers of the lines of another form.
    ///
    /// A leading `export`, `#` comments, and values in `'single'` and `"double\n"` quotes are understood; of two lines
    /// for one variable the later one is used. Nothing in a value is expanded.
    pub(crate) fn parse(text: &str) -> (Self, Vec<usize>) {
        let mut variables = BTreeMap::new();
        let mut bad = Vec::new();
        for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            match assignment(text) {
                Some((name, value)) => {
                    variables.insert(name, (value, line));
                }
                None => bad.push(line),
            }
        }
        (Self(variables), bad)
    }

    /// The value and line of a variable; `None` for the variables that a project never sets.
    pub(crate) fn get(&self, name: &str) -> Option<(&str, usize)> {
        if is_reserved(name) {
            return None;
        }
        self.0.get(name).map(|(value, line)| (value.as_str(), *line))
    }

    /// The variables that have no effect here, with their lines.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0
            .iter()
            .filter(|(name, _)| is_reserved(name))
            .map(|(n, (_, line))| (n.as_str(), *line))
    }
}

/// Whether the variable is a setting of Loom, a proxy or a certificate file: the author of a project's `.env` does not
/// choose these for its users.
fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("LOOM_")
        || name.ends_with("_PROXY")
        || matches!(
            name.as_str(),
            "SSL_CERT_FILE" | "SSL_CERT_DIR" | "NETRC" | "REQUESTS_CA_BUNDLE" | "CURL_CA_BUNDLE"
        )
}

fn assignment(text: &str) -> Option<(String, String)> {
    let text = text.strip_prefix("export ").unwrap_or(text);
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let named = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() || !name.bytes().all(named) {
        return None;
    }
    Some((name.to_owned(), unquoted(value.trim())?))
}

fn unquoted(value: &str) -> Option<String> {
    if let Some(inner) = value.strip_prefix('\'') {
        let (literal, rest) = inner.split_once('\'')?;
        return ends(rest).then(|| literal.to_owned());
    }
    if let Some(inner) = value.strip_prefix('"') {
        return double_quoted(inner);
    }
    let end = value.find(" #").unwrap_or(value.len());
    Some(value[..end].trim_end().to_owned())
}

fn double_quoted(inner: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = inner.chars();
    loop {
        match chars.next()? {
            '"' => return ends(chars.as_str()).then_some(out),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
}

/// Whether only a comment follows a closing quote.
fn ends(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_parsed_like_in_a_shell() {
        for (text, expected) in [
            ("A=1", Some("1")),
            (" export A = x y # comment", Some("x y")),
            ("A=a#b", Some("a#b")),
            ("A='$x \"y\"' # c", Some("$x \"y\"")),
            (r#"A="a\n\"b\"""#, Some("a\n\"b\"")),
            ("A=", Some("")),
            ("A='open", None),
            ("A=\"a\" b", None),
            ("1A=x", None),
            ("just words", None),
        ] {
            let (env, bad) = DotEnv::parse(text);
            assert_eq!(env.get("A").map(|(v, _)| v), expected, "{text}");
            assert_eq!(bad.is_empty(), expected.is_some(), "{text}");
        }
    }

    #[test]
    fn the_later_of_two_lines_is_used() {
        let (env, bad) = DotEnv::parse("\u{feff}# c\r\nA=1\r\n?\nA=2\n");
        assert_eq!(env.get("A"), Some(("2", 4)));
        assert_eq!(bad, [3]);
    }

    #[test]
    fn settings_of_loom_proxies_and_certificates_are_ignored() {
        let (env, _) =
            DotEnv::parse("LOOM_SOURCES=x\nhttps_proxy=x\nNO_PROXY=x\nSSL_CERT_FILE=x\nKEY=x\n");
        for name in ["LOOM_SOURCES", "https_proxy", "NO_PROXY", "SSL_CERT_FILE"] {
            assert_eq!(env.get(name), None, "{name}");
        }
        assert_eq!(env.get("KEY"), Some(("x", 5)));
        assert_eq!(env.reserved().count(), 4);
    }
}
