//! Generations: the versions that were the current one of a user, one after the other, so that `loom rollback` finds the
//! one before. Each of the last ten keeps its tree.

use std::{path::PathBuf, time::SystemTime};

use loom_base::time::{format_rfc3339, parse_rfc3339};
use loom_source::{Digest, Product, Slot};

use super::root_text::{MendedRoot, lines, mend, text};
use crate::store::{Installed, Store, StoreError, durable};

const HEADER: &str = "loom-generations 1";

/// The number of generations that are kept.
pub const MAX_GENERATIONS: usize = 10;

/// One version that was the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseGeneration {
    /// Its number: 1 for the first one.
    pub number: u64,
    /// When it became the current one.
    pub at: SystemTime,
    /// The version, or `dev`.
    pub slot: Slot,
    /// Its tree.
    pub tree: Digest,
    /// The number of the generation that was the current one before; 0 where there was none.
    pub before: u64,
}

/// The last generations of a product, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generations {
    /// The number of the current one; `None` where there is none.
    pub current: Option<u64>,
    /// At most ten.
    pub list: Vec<ReleaseGeneration>,
}

impl Generations {
    /// The current generation.
    pub fn current(&self) -> Option<&ReleaseGeneration> {
        self.list.iter().find(|generation| Some(generation.number) == self.current)
    }

    /// The one that was the current one before, and is of another version or tree. What was gone back from is passed over.
    pub fn previous(&self) -> Option<&ReleaseGeneration> {
        let current = self.current()?;
        self.chain().find(|at| (&at.slot, at.tree) != (&current.slot, current.tree))
    }

    /// The current one, the one that was the current one before it, and so on.
    pub fn chain(&self) -> impl Iterator<Item = &ReleaseGeneration> {
        std::iter::successors(self.current(), |at| {
            // Numbers only fall, so it ends.
            let before = at.before.min(at.number.saturating_sub(1));
            self.list.iter().find(|generation| generation.number == before)
        })
    }

    /// With one more, which becomes the current one; unchanged where the current one is of this version and tree.
    fn with(mut self, slot: &Slot, tree: Digest, at: SystemTime) -> Self {
        if self.current().is_some_and(|now| now.slot == *slot && now.tree == tree) {
            return self;
        }
        let number = self.list.first().map_or(1, |newest| newest.number.saturating_add(1));
        let before = self.current.unwrap_or_default();
        self.list.insert(0, ReleaseGeneration { number, at, slot: slot.clone(), tree, before });
        self.list.truncate(MAX_GENERATIONS);
        self.current = Some(number);
        self
    }

    fn of_lines(lines: Vec<GenerationLine>) -> Self {
        let mut generations = Self::default();
        for line in lines {
            match line {
                GenerationLine::Current(number) => generations.current = Some(number),
                GenerationLine::Generation(generation) => generations.list.push(generation),
            }
        }
        generations.list.truncate(MAX_GENERATIONS);
        generations
    }

    fn to_bytes(&self) -> Vec<u8> {
        let current = self.current.map(|number| format!("current {number}"));
        let line = |generation: &ReleaseGeneration| {
            let ReleaseGeneration { number, at, slot, tree, before } = generation;
            format!("{number} {} {slot} {tree} {before}", format_rfc3339(*at))
        };
        text(HEADER, current.into_iter().chain(self.list.iter().map(line)))
    }
}

/// Reads the file of generations; what was read is written and read again as it was. For the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(in crate::store) fn read_again(bytes: &[u8]) {
    use super::root_text::lines_of;
    let Ok(lines) = lines_of(bytes.to_vec(), HEADER, parse) else { return };
    let generations = Generations::of_lines(lines);
    assert!(generations.list.len() <= MAX_GENERATIONS);
    if let Some(previous) = generations.previous() {
        assert!(generations.current().is_some_and(|current| current != previous));
    }
    let written = generations.to_bytes();
    let again = lines_of(written.clone(), HEADER, parse).map(Generations::of_lines);
    assert_eq!(again.map(|again| again.to_bytes()), Ok(written));
}

/// A line of the file.
enum GenerationLine {
    Current(u64),
    Generation(ReleaseGeneration),
}

fn parse(line: &str) -> Option<GenerationLine> {
    if let Some(number) = line.strip_prefix("current ") {
        return number.parse().ok().map(GenerationLine::Current);
    }
    let mut parts = line.split(' ');
    Some(GenerationLine::Generation(ReleaseGeneration {
        // The first number is 1: each leads to a lower one, and 0 to none.
        number: parts.next()?.parse().ok().filter(|number| *number > 0)?,
        at: parse_rfc3339(parts.next()?)?,
        slot: parts.next()?.parse().ok()?,
        tree: parts.next()?.parse().ok()?,
        before: parts.next()?.parse().ok()?,
    }))
}

impl Store {
    /// The generations of a product for this user.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] or [`StoreError::Io`] where the file is there and cannot be read.
    pub fn generations(&self, product: &Product) -> Result<Generations, StoreError> {
        Self::generation_lines(&self.generations_path(product))
    }

    /// The generations of one file.
    pub(super) fn generation_lines(path: &std::path::Path) -> Result<Generations, StoreError> {
        Ok(Generations::of_lines(lines(path, HEADER, parse)?))
    }

    /// The file of generations with the lines of a damaged one that can be read. One that is not there is not the current.
    pub(super) fn mended_generations(bytes: &[u8]) -> Option<MendedRoot> {
        mend(bytes, parse, |lines| {
            let mut generations = Generations::of_lines(lines);
            generations.current = generations.current().map(|current| current.number);
            generations.to_bytes()
        })
    }

    /// Notes that an installed release is the current one from `at` on. The current one is not noted again.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn record_generation(
        &self,
        installed: &Installed,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        let Installed { release, tree, .. } = installed;
        self.change_generations(&release.product(), |generations| {
            generations.with(&release.slot, *tree, at)
        })
    }

    /// Makes an earlier generation the current one.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn set_generation(&self, product: &Product, number: u64) -> Result<(), StoreError> {
        self.change_generations(product, |generations| Generations {
            current: Some(number),
            ..generations
        })
    }

    fn change_generations(
        &self,
        product: &Product,
        change: impl FnOnce(Generations) -> Generations,
    ) -> Result<(), StoreError> {
        let path = self.generations_path(product);
        let _alone = self.lock_named(&format!("generations {}", path.display()))?;
        let old = self.generations(product)?;
        let new = change(old.clone());
        if new == old {
            return Ok(());
        }
        durable::replace(&self.root, &self.tmp(), &path, &new.to_bytes())
    }

    /// The trees of all generations of all users.
    pub(in crate::store) fn generation_trees(&self) -> Result<Vec<Digest>, StoreError> {
        let mut trees = Vec::new();
        for path in self.files_below(&self.root.join("roots/generations"), 4)? {
            let generations = Self::generation_lines(&path)?;
            trees.extend(generations.list.iter().map(|generation| generation.tree));
        }
        Ok(trees)
    }

    /// Each user has generations of their own: the folder has the digest of the path of the state folder as its name.
    fn generations_path(&self, product: &Product) -> PathBuf {
        let Product { authority, binary, platform } = product;
        let state = self.state.as_deref().unwrap_or(&self.root);
        let user = Digest::of(state.as_os_str().as_encoded_bytes());
        self.root.join(format!("roots/generations/{user}/{authority}/{binary}/{platform}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn ten_are_kept_and_the_text_round_trips() {
        let mut generations = Generations::default();
        for number in 1..=12_u64 {
            let slot: Slot = format!("0.{number}.0").parse().unwrap();
            let tree = Digest::of(slot.to_string().as_bytes());
            generations = generations.with(&slot, tree, at(number));
            let again = generations.clone().with(&slot, tree, at(99));
            assert_eq!(again, generations, "the current one is not noted again");
        }
        assert_eq!(generations.list.len(), MAX_GENERATIONS);
        assert_eq!(generations.current().unwrap().number, 12);
        assert_eq!(generations.previous().unwrap().slot.to_string(), "0.11.0");
        let text = String::from_utf8(generations.to_bytes()).unwrap();
        let lines = text.lines().skip(1).map(|line| parse(line).unwrap()).collect();
        assert_eq!(Generations::of_lines(lines), generations);
    }

    #[test]
    fn no_generation_leads_to_itself() {
        let tree = Digest::of(b"1");
        assert!(parse(&format!("0 2026-11-22T10:00:00Z 0.1.0 {tree} 0")).is_none());
        let line = |line: &str| parse(&format!("{line} 0.1.0 {tree} 7")).unwrap();
        let lines = ["7 2026-11-22T10:00:00Z", "3 2026-11-22T10:00:00Z"].map(line);
        let current = Generations { current: Some(7), ..Generations::of_lines(lines.into()) };
        assert_eq!(current.previous(), None, "all are of the same version");
    }

    #[test]
    fn a_new_one_after_a_rollback_gets_the_next_number() {
        let (old, new): (Slot, Slot) = ("0.1.0".parse().unwrap(), "0.2.0".parse().unwrap());
        let (tree, other) = (Digest::of(b"1"), Digest::of(b"2"));
        let generations = Generations::default().with(&old, tree, at(1)).with(&new, other, at(2));
        let back = Generations { current: Some(1), ..generations };
        assert_eq!(back.current().unwrap().slot, old);
        assert_eq!(back.previous(), None);
        let again = back.with(&new, other, at(3));
        assert_eq!((again.current, again.list.len()), (Some(3), 3));
        assert_eq!(again.previous().unwrap().number, 1, "the second was gone back from");
        let third: Slot = "0.3.0".parse().unwrap();
        let more = again.with(&third, Digest::of(b"3"), at(4));
        assert_eq!(more.previous().unwrap().number, 3);
    }
}
