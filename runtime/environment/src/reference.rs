//! Values of MCP servers that name a variable of the server's own environment instead of holding a secret.

/// The value of a variable in a table of MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvValue<'a> {
    /// The value itself.
    Literal(&'a str),
    /// The value of the variable of the server's environment that has this name.
    Variable(&'a str),
}

impl<'a> EnvValue<'a> {
    /// Reads a value: `${NAME}` names a variable. `$${NAME}` is the text `${NAME}`, and a further `$` stands for itself in
    /// the same way; any other text is the value as it is.
    ///
    /// # Examples
    /// ```
    /// use loom_environment::EnvValue;
    ///
    /// assert_eq!(EnvValue::read("${KEY}"), EnvValue::Variable("KEY"));
    /// assert_eq!(EnvValue::read("$${KEY}"), EnvValue::Literal("${KEY}"));
    /// assert_eq!(EnvValue::read("a ${KEY}"), EnvValue::Literal("a ${KEY}"));
    /// ```
    pub fn read(text: &'a str) -> Self {
        match name(text) {
            Some(name) if text.starts_with("${") => Self::Variable(name),
            Some(_) => Self::Literal(&text[1..]),
            None => Self::Literal(text),
        }
    }

    /// The text that [`read`](Self::read) understands as this value.
    pub fn write(self) -> String {
        match self {
            Self::Variable(name) => format!("${{{name}}}"),
            Self::Literal(text) if name(text).is_some() => format!("${text}"),
            Self::Literal(text) => text.to_owned(),
        }
    }
}

/// `NAME` of a text that is `${NAME}`, whatever number of `$` it begins with.
fn name(text: &str) -> Option<&str> {
    let bare = text.trim_start_matches('$');
    let name = bare.strip_prefix('{')?.strip_suffix('}').filter(|_| bare.len() < text.len())?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts_well = name.starts_with(|first: char| !first.is_ascii_digit());
    (starts_well && name.bytes().all(is_allowed)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives_a_round_trip() {
        for text in ["", "$", "x", "${A}", "$${A}", "$$${A}", "${", "${A", "{A}", "${1}", "${A B}"]
        {
            let literal = EnvValue::Literal(text);
            assert_eq!(EnvValue::read(&literal.write()), literal, "{text}");
        }
        assert_eq!(EnvValue::read(&EnvValue::Variable("A_1").write()), EnvValue::Variable("A_1"));
    }

    #[test]
    fn only_a_whole_text_names_a_variable() {
        for text in ["", "A", "$A", "${}", "${1A}", "${A-B}", "${A}x", "x${A}", "${A", "{A}"] {
            assert_eq!(EnvValue::read(text), EnvValue::Literal(text), "{text}");
        }
    }
}
