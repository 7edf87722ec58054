//! The names of repositories of registries.

/// The longest name of a repository, in characters.
const LONGEST: usize = 255;

/// A text that is no name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryNameError {
    /// A component has other characters, or is empty.
    #[error(
        "a component of the repository is not of lower-case letters, digits and single separators: {0:?}"
    )]
    Component(String),
    /// The name is too long.
    #[error("its repository has more than {LONGEST} characters")]
    Long,
}

/// Checks the name of a repository by the rules of the OCI distribution specification.
///
/// # Errors
/// [`RepositoryNameError`] where registries do not allow the name.
///
/// # Examples
/// ```
/// use loom_source::repository_name;
///
/// assert!(repository_name::check("loom-os/loom").is_ok());
/// assert!(repository_name::check("Loom").is_err());
/// ```
pub fn check(repository: &str) -> Result<(), RepositoryNameError> {
    if repository.len() > LONGEST {
        return Err(RepositoryNameError::Long);
    }
    match repository.split('/').find(|component| !is_component(component)) {
        None => Ok(()),
        Some(component) => Err(RepositoryNameError::Component(component.to_owned())),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    if !ends.iter().all(|end| end.is_some_and(alphanumeric)) {
        return false;
    }
    let separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    separators.filter(|separator| !separator.is_empty()).all(|separator| {
        matches!(separator, "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_lower_case_components() {
        for name in ["loom", "a/b/c", "a.b_c__d---e/0", &"a".repeat(LONGEST)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for (name, component) in [
            ("", ""),
            ("/a", ""),
            ("a//b", ""),
            ("a/B", "B"),
            ("a..b", "a..b"),
            ("a_-b", "a_-b"),
            ("-a", "-a"),
            ("a:b", "a:b"),
            ("é", "é"),
        ] {
            let expected = RepositoryNameError::Component(component.to_owned());
            assert_eq!(check(name), Err(expected), "{name}");
        }
        assert_eq!(check(&"a".repeat(LONGEST + 1)), Err(RepositoryNameError::Long));
    }
}
