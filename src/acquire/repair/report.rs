//! [`RepairReport`]: what a repair did.

use std::path::{Path, PathBuf};

use crate::store::{Damage, Repaired};

/// How many damages of one tree are named.
const SHOWN: usize = 3;

/// What was repaired, and what could not be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairReport {
    /// What was made again or taken away, ordered by path.
    pub repaired: Vec<Repaired>,
    /// What is still damaged or missing, ordered by path; empty where everything was mended.
    pub left: Vec<Damage>,
    /// The number of releases that the store has now, or that were looked at.
    pub releases: usize,
    /// Why releases could not be mended.
    pub(super) unmended: Vec<UnmendedRelease>,
}

/// A release that could not be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnmendedRelease {
    /// Its tree, or the document that is damaged.
    pub(super) path: PathBuf,
    /// What is wrong.
    pub(super) problem: String,
    /// Why nothing could mend it; `None` where nothing was tried.
    pub(super) why: Option<String>,
    /// How to fix it.
    pub(super) fix: String,
}

impl RepairReport {
    /// Adds what was left and the damages of `before` that nothing above names and that are gone, and puts everything in
    /// order: one line for each file, with its cause.
    pub(super) fn finish(&mut self, before: &[Damage]) {
        for release in std::mem::take(&mut self.unmended).into_iter().rev() {
            self.leave_release(release);
        }
        for damage in before {
            let is_named =
                |path: &Path| damage.path.starts_with(path) || path.starts_with(&damage.path);
            let is_known = self.repaired.iter().any(|it| is_named(&it.path));
            let is_left = self.left.iter().any(|left| is_named(&left.path));
            if !is_known && !is_left {
                self.repaired.push(Repaired::new(&damage.path, "repaired with its release"));
            }
        }
        // What was removed and then made again is one repair: the last word counts.
        self.repaired.reverse();
        self.repaired.sort_by(|a, b| a.path.cmp(&b.path));
        self.repaired.dedup_by(|b, a| a.path == b.path);
        for repaired in &mut self.repaired {
            repaired.what = cause(&repaired.path, before);
        }
        // One line for each file: the first says why it could not be repaired, the others what follows.
        self.left.sort_by(|a, b| a.path.cmp(&b.path));
        self.left.dedup_by(|b, a| a.path == b.path);
    }

    /// Adds why a release could not be mended to the damages of its tree; where none is left there, that is one itself.
    fn leave_release(&mut self, release: UnmendedRelease) {
        let UnmendedRelease { path, problem, why, fix } = release;
        let is_below = |it: &&mut Damage| it.path != path && it.path.starts_with(&path);
        let mut is_named = false;
        for damage in self.left.iter_mut().filter(is_below) {
            is_named = true;
            if let Some(why) = &why {
                damage.what = format!("{}; {why}", damage.what);
            }
        }
        if !is_named {
            let what = why.map_or_else(|| problem.clone(), |why| format!("{problem}; {why}"));
            self.left.insert(0, Damage { path, what, fix });
        }
    }
}

/// What was found at a path or below it.
fn cause(path: &Path, before: &[Damage]) -> Option<String> {
    let found: Vec<&Damage> =
        before.iter().filter(|damage| damage.path.starts_with(path)).collect();
    let line = |damage: &&Damage| match damage.path.strip_prefix(path) {
        Ok(below) if below != Path::new("") => format!("{}: {}", below.display(), damage.what),
        _ => damage.what.clone(),
    };
    let mut lines: Vec<String> = found.iter().take(SHOWN).map(line).collect();
    if found.len() > SHOWN {
        lines.push(format!("and {} more", found.len() - SHOWN));
    }
    (!lines.is_empty()).then(|| lines.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn damage(path: &str, what: &str) -> Damage {
        Damage { path: path.into(), what: what.into(), fix: "fetch it".into() }
    }

    #[test]
    fn each_damaged_file_counts_once_and_has_its_cause() {
        let before = [damage("/t/a/program", "expected 2 bytes, got 3"), damage("/o/1", "changed")];
        let repaired = [("/o/1", "removed"), ("/t/a", "fetched"), ("/o/1", "made again")];
        let repaired = repaired.map(|(path, how)| Repaired::new(path, how)).into();
        let mut report = RepairReport { repaired, ..RepairReport::default() };
        report.finish(&before);
        let [object, tree] = &report.repaired[..] else { panic!("{report:?}") };
        assert_eq!((object.how.as_str(), object.what.as_deref()), ("made again", Some("changed")));
        assert_eq!(tree.what.as_deref(), Some("program: expected 2 bytes, got 3"));
    }

    #[test]
    fn what_is_left_of_a_tree_says_why_it_was_not_mended() {
        let before = damage("/t/a/program", "expected 2 bytes, got 3");
        let release = UnmendedRelease {
            path: "/t/a".into(),
            problem: "0.2.0: it is damaged".into(),
            why: Some("no source has it".into()),
            fix: "get it".into(),
        };
        let (left, unmended) = (vec![before.clone()], vec![release.clone()]);
        let mut report = RepairReport { left, unmended, ..RepairReport::default() };
        report.finish(&[before]);
        let expected = damage("/t/a/program", "expected 2 bytes, got 3; no source has it");
        assert_eq!(report.left, [expected]);
        let mut report = RepairReport { unmended: vec![release], ..RepairReport::default() };
        report.finish(&[]);
        assert_eq!(report.left[0].what, "0.2.0: it is damaged; no source has it");
    }
}
