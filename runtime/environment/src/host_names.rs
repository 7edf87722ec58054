//! A list of host names.

use std::{fmt, str::FromStr};

/// Names of hosts, separated by commas: `dashboard.example,loom`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostNames(Vec<String>);

/// A text that is no list of host names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected host names without ports, separated by commas, such as dashboard.example,loom")]
pub struct HostNamesError;

impl HostNames {
    /// The list of these names.
    ///
    /// # Errors
    /// If one of them is not the name of a host: wildcards, ports and URLs are refused.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, HostNamesError> {
        names.into_iter().map(host_name).collect::<Result<_, _>>().map(Self)
    }

    /// The names, in lower case and without a dot at the end.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether `name`, in lower case and without a dot at the end, is one of the names.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|each| each == name)
    }
}

fn host_name(text: &str) -> Result<String, HostNamesError> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = !name.is_empty() && name.len() <= 253 && name.bytes().all(is_allowed);
    is_name.then_some(name).ok_or(HostNamesError)
}

impl FromStr for HostNames {
    type Err = HostNamesError;

    fn from_str(text: &str) -> Result<Self, HostNamesError> {
        Self::new(text.split(','))
    }
}

impl fmt::Display for HostNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas() {
        for (text, names) in [
            ("loom", Some(vec!["loom"])),
            ("Dashboard.Example. , loom_1", Some(vec!["dashboard.example", "loom_1"])),
            ("", None),
            ("loom,", None),
            ("*", None),
            ("*.example", None),
            ("loom:3030", None),
            ("http://loom", None),
            ("two words", None),
        ] {
            let read: Option<HostNames> = text.parse().ok();
            let expected = names.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
            assert_eq!(read.as_ref().map(|read| read.0.clone()), expected, "{text}");
            if let Some(read) = read {
                assert_eq!(read.to_string().parse(), Ok(read));
            }
        }
        assert!("loom".parse::<HostNames>().unwrap().contains("loom"));
    }
}
