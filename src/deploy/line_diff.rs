//! The lines in which two texts differ.

/// A line that only one of two texts has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineChange {
    /// Only the first text has it.
    Removed(String),
    /// Only the second text has it.
    Added(String),
}

/// The most pairs of lines that are compared. Beyond it, all lines count as different.
const MAX_PAIRS: usize = 4 << 20;

/// The lines that turn `before` into `after`, in their order: as few as possible.
pub fn line_diff(before: &str, after: &str) -> Vec<LineChange> {
    let mut old: Vec<&str> = before.lines().collect();
    let mut new: Vec<&str> = after.lines().collect();
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    old.drain(..same);
    new.drain(..same);
    let same = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    old.truncate(old.len() - same);
    new.truncate(new.len() - same);
    if old.len().saturating_mul(new.len()) > MAX_PAIRS {
        return old
            .iter()
            .map(|line| removed(line))
            .chain(new.iter().map(|line| added(line)))
            .collect();
    }
    changes(&old, &new, &common_lengths(&old, &new))
}

/// For each pair of positions, the length of the longest sequence of lines that both rests have.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut lengths = vec![vec![0; new.len() + 1]; old.len() + 1];
    for (i, line) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            lengths[i][j] = if line == other {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    lengths
}

fn changes(old: &[&str], new: &[&str], lengths: &[Vec<u32>]) -> Vec<LineChange> {
    let (mut i, mut j, mut changes) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            i += 1;
            j += 1;
        } else if j == new.len() || i < old.len() && lengths[i + 1][j] >= lengths[i][j + 1] {
            changes.push(removed(old[i]));
            i += 1;
        } else {
            changes.push(added(new[j]));
            j += 1;
        }
    }
    changes
}

fn removed(line: &str) -> LineChange {
    LineChange::Removed(line.to_owned())
}

fn added(line: &str) -> LineChange {
    LineChange::Added(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_lines_turn_one_text_into_the_other() {
        for (before, after, expected) in [
            ("a\nb\n", "a\nb\n", ""),
            ("", "a\n", "+a"),
            ("a\n", "", "-a"),
            ("a\nb\nc\n", "a\nx\nc\n", "-b +x"),
            ("a\nb\nc\nd\n", "b\nc\ne\nd\n", "-a +e"),
            ("a\nb\n", "b\na\n", "-a +a"),
        ] {
            let shown = line_diff(before, after).into_iter().map(|change| match change {
                LineChange::Removed(line) => format!("-{line}"),
                LineChange::Added(line) => format!("+{line}"),
            });
            assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn long_texts_are_replaced_as_a_whole() {
        let lines = |of: char| (0..3000).map(|n| format!("{of}{n}\n")).collect::<String>();
        assert_eq!(line_diff(&lines('a'), &lines('b')).len(), 6000);
    }
}
