//! The figures by which rows are stored or left out.

use std::{collections::BTreeMap, time::Duration};

use crate::prices::ModelPrices;

/// The figures of the policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IntakePolicy {
    /// The rows that are stored in each second.
    pub(crate) rows_per_second: u32,
    /// A run ends when no span was open for so long.
    pub(crate) quiet: Duration,
    /// A run is cut after so many spans.
    pub(crate) most_spans: u64,
    /// A run is cut after so long.
    pub(crate) longest: Duration,
    /// The runs that are open at the same time.
    pub(crate) open_runs: usize,
    /// How long, and in how many bytes, rows of runs that were left out are kept.
    pub(crate) left_out_age: Duration,
    pub(crate) left_out_bytes: usize,
    /// The ids of runs that are remembered after their end, or after they were left out.
    pub(crate) remembered: usize,
    /// The prices of tokens by provider.
    pub(crate) prices: BTreeMap<String, ModelPrices>,
}

impl IntakePolicy {
    pub(crate) fn new(rows_per_second: u32, prices: BTreeMap<String, ModelPrices>) -> Self {
        Self {
            rows_per_second,
            quiet: Duration::from_secs(10),
            most_spans: 10_000,
            longest: Duration::from_secs(3_600),
            open_runs: 65_536,
            left_out_age: Duration::from_secs(10),
            left_out_bytes: 32 << 20,
            remembered: 65_536,
            prices,
        }
    }
}
