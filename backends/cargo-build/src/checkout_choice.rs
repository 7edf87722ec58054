//! Chooses the checkout where the caller names none: a pure function over the candidates.
//!
//! A checkout that is merely found above the current folder may belong to another user: its `.cargo/config.toml` and its
//! builds would be executed. It is used only after `loom dev link`, or where this `loom` was built from it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::checkout;

/// The checkouts that can be chosen. Each path is canonical, as far as it exists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckoutCandidates {
    /// The folder that `loom dev link` stored, and whether it still is a checkout.
    pub linked: Option<(PathBuf, bool)>,
    /// The checkout that this `loom` was built from, if it still exists.
    pub built_from: Option<PathBuf>,
    /// The checkout of the current folder.
    pub found: Option<PathBuf>,
}

/// The reason why a checkout is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutReason {
    /// The current folder is in it, and `--build` was given.
    Current,
    /// `loom dev link` stored it.
    Linked,
    /// This `loom` was built from it.
    BuiltFrom,
}

/// A hint about a checkout that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutHint {
    /// The checkout of the current folder, which is not linked.
    Unlinked(PathBuf),
    /// The linked folder, which is no longer a checkout.
    Gone(PathBuf),
}

/// The result of a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckoutChoice {
    /// The checkout that is used, and the reason.
    pub checkout: Option<(PathBuf, CheckoutReason)>,
    /// A hint about a checkout that is not used.
    pub hint: Option<CheckoutHint>,
}

impl CheckoutCandidates {
    /// Examines the `linked` folder, the checkout `built_from`, and the folders from `current` upward.
    pub fn detect(linked: Option<&Path>, built_from: Option<&Path>, current: &Path) -> Self {
        let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Self {
            linked: linked.map(|path| (canonical(path), checkout::is_checkout(path))),
            built_from: built_from.filter(|path| checkout::is_checkout(path)).map(canonical),
            found: checkout::find_checkout(&canonical(current)),
        }
    }
}

/// Chooses the linked checkout, else the one that this `loom` was built from.
///
/// # Examples
/// ```
/// use loom_cargo_build::{CheckoutCandidates, CheckoutHint, CheckoutReason, choose_checkout};
///
/// let choice = choose_checkout(CheckoutCandidates {
///     linked: Some(("/src/loom".into(), true)),
///     built_from: None,
///     found: Some("/tmp/other".into()),
/// });
/// assert_eq!(choice.checkout, Some(("/src/loom".into(), CheckoutReason::Linked)));
/// assert_eq!(choice.hint, Some(CheckoutHint::Unlinked("/tmp/other".into())));
/// ```
pub fn choose_checkout(candidates: CheckoutCandidates) -> CheckoutChoice {
    let CheckoutCandidates { linked, built_from, found } = candidates;
    let (linked, gone) = match linked {
        Some((path, true)) => (Some((path, CheckoutReason::Linked)), None),
        Some((path, false)) => (None, Some(CheckoutHint::Gone(path))),
        None => (None, None),
    };
    let checkout = linked.or(built_from.map(|path| (path, CheckoutReason::BuiltFrom)));
    let chosen = checkout.as_ref().map(|(path, _)| path);
    let unlinked = found.filter(|found| Some(found) != chosen).map(CheckoutHint::Unlinked);
    CheckoutChoice { checkout, hint: gone.or(unlinked) }
}

/// The checkout that `--build` builds: the one around the current folder, else the one that
/// [`choose_checkout`] chooses. Who asks for a build in a checkout wants that one built; its builds are still not used
/// without being asked for.
pub fn choose_checkout_to_build(mut candidates: CheckoutCandidates) -> CheckoutChoice {
    match candidates.found.take() {
        Some(found) => {
            CheckoutChoice { checkout: Some((found, CheckoutReason::Current)), hint: None }
        }
        None => choose_checkout(candidates),
    }
}

impl fmt::Display for CheckoutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Current => "the current folder",
            Self::Linked => "linked",
            Self::BuiltFrom => "this loom was built from it",
        })
    }
}

impl fmt::Display for CheckoutHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlinked(path) => {
                let path = path.display();
                write!(f, "to use the builds of {path}, run `loom dev link {path}`")
            }
            Self::Gone(path) => write!(
                f,
                "the linked checkout {} does not exist any more; run `loom dev unlink`, or `loom dev link` with its new path",
                path.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Option<PathBuf> {
        Some(text.into())
    }

    #[test]
    fn only_a_linked_checkout_or_that_of_this_build_is_chosen() {
        use CheckoutHint::{Gone, Unlinked};
        use CheckoutReason::{BuiltFrom, Linked};
        type Row<'a> = (
            Option<(&'a str, bool)>,
            Option<&'a str>,
            Option<&'a str>,
            Option<(&'a str, CheckoutReason)>,
            Option<CheckoutHint>,
        );
        let table: [Row<'_>; 11] = [
            // linked, built from, found => chosen, hint
            (None, None, None, None, None),
            (None, None, Some("/b"), None, Some(Unlinked("/b".into()))),
            (None, Some("/a"), None, Some(("/a", BuiltFrom)), None),
            (None, Some("/a"), Some("/a"), Some(("/a", BuiltFrom)), None),
            (None, Some("/a"), Some("/b"), Some(("/a", BuiltFrom)), Some(Unlinked("/b".into()))),
            (Some(("/c", true)), None, None, Some(("/c", Linked)), None),
            (Some(("/c", true)), Some("/a"), None, Some(("/c", Linked)), None),
            (Some(("/c", true)), Some("/a"), Some("/c"), Some(("/c", Linked)), None),
            (
                Some(("/c", true)),
                None,
                Some("/b"),
                Some(("/c", Linked)),
                Some(Unlinked("/b".into())),
            ),
            (Some(("/c", false)), None, Some("/b"), None, Some(Gone("/c".into()))),
            (
                Some(("/c", false)),
                Some("/a"),
                None,
                Some(("/a", BuiltFrom)),
                Some(Gone("/c".into())),
            ),
        ];
        for (linked, built_from, found, chosen, hint) in table {
            let candidates = CheckoutCandidates {
                linked: linked.map(|(path, exists)| (path.into(), exists)),
                built_from: built_from.and_then(path),
                found: found.and_then(path),
            };
            let expected = CheckoutChoice {
                checkout: chosen.map(|(path, reason)| (path.into(), reason)),
                hint,
            };
            assert_eq!(choose_checkout(candidates.clone()), expected, "{candidates:?}");
        }
    }

    #[test]
    fn a_build_is_made_in_the_current_folder_first() {
        use CheckoutReason::{BuiltFrom, Current, Linked};
        fn candidates(
            found: Option<&str>,
            linked: Option<&str>,
            own: Option<&str>,
        ) -> CheckoutCandidates {
            CheckoutCandidates {
                linked: linked.and_then(path).map(|path| (path, true)),
                built_from: own.and_then(path),
                found: found.and_then(path),
            }
        }
        for (found, linked, built_from, expected) in [
            (Some("/f"), Some("/l"), Some("/b"), Some(("/f", Current))),
            (None, Some("/l"), Some("/b"), Some(("/l", Linked))),
            (None, None, Some("/b"), Some(("/b", BuiltFrom))),
            (None, None, None, None),
        ] {
            let choice = choose_checkout_to_build(candidates(found, linked, built_from));
            let expected = expected.map(|(path, reason)| (path.into(), reason));
            assert_eq!((choice.checkout, choice.hint), (expected, None));
        }
    }

    #[test]
    fn a_hint_names_a_command() {
        let hint = CheckoutHint::Unlinked("/srv/u/loom".into()).to_string();
        assert!(hint.ends_with("`loom dev link /srv/u/loom`"), "{hint}");
    }
}
