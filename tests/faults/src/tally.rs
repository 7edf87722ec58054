//! Counts: how many points were tried, and which of them were not survived.

use std::{collections::BTreeMap, error::Error, fmt::Write as _};

/// The result of something that cannot go on after an error.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The counts of one kind of fault, by scenario.
#[derive(Debug)]
pub(crate) struct Tally {
    heading: &'static str,
    columns: Vec<&'static str>,
    rows: BTreeMap<String, Vec<usize>>,
    failures: Vec<String>,
    missed: usize,
}

impl Tally {
    /// A table with one column for each kind of point.
    pub(crate) fn new(heading: &'static str, columns: &[&'static str]) -> Self {
        Self {
            heading,
            columns: columns.to_vec(),
            rows: BTreeMap::new(),
            failures: Vec::new(),
            missed: 0,
        }
    }

    /// The heading of the section of tests/FAULTS.md that the table belongs to.
    pub(crate) fn heading(&self) -> &'static str {
        self.heading
    }

    /// Counts one point, and keeps why it was not survived.
    pub(crate) fn count(&mut self, row: &str, column: &str, result: Result<(), String>) {
        let counts = self.rows.entry(row.to_owned()).or_default();
        counts.resize(self.columns.len() + 1, 0);
        if let Some(at) = self.columns.iter().position(|one| *one == column) {
            counts[at] += 1;
        }
        match result {
            Ok(()) if !self.columns.contains(&column) => self.missed += 1,
            Ok(()) => counts[self.columns.len()] += 1,
            Err(why) => {
                let failure = format!("{row}: {why}");
                println!("FAILED {failure}");
                self.failures.push(failure);
            }
        }
    }

    /// What was not survived.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }

    /// How many points belong to no column: the fault did not meet what it was meant for.
    pub(crate) fn missed(&self) -> usize {
        self.missed
    }

    /// How many points were tried.
    pub(crate) fn tried(&self) -> usize {
        self.rows.values().map(|counts| total(counts)).sum()
    }

    /// The table in Markdown, with a line for all scenarios.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("| scenario | {} | tried | survived |\n", self.columns.join(" | "));
        table.push_str(&format!("|---|{}\n", "--:|".repeat(self.columns.len() + 2)));
        let mut sum = vec![0; self.columns.len() + 1];
        for (row, counts) in &self.rows {
            line(&mut table, row, counts);
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        line(&mut table, "**total**", &sum);
        table
    }
}

/// The tried points: the sum of all columns but the last.
fn total(counts: &[usize]) -> usize {
    counts.iter().rev().skip(1).sum()
}

fn line(table: &mut String, row: &str, counts: &[usize]) {
    let Some((survived, columns)) = counts.split_last() else { return };
    let cells: Vec<String> = columns.iter().map(usize::to_string).collect();
    // Writing to a string cannot fail.
    let _ = writeln!(table, "| {row} | {} | {} | {survived} |", cells.join(" | "), total(counts));
}
