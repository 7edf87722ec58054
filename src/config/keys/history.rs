//! `[history]`: the history of runs.

use std::time::Duration;

use loom_environment::{HistoryAge, HistoryChoice, HistorySize};

use crate::config::{
    Setting,
    any_key::keys,
    key::SettingKey,
    key_row::{KeyVariable, TableRow},
    layers::Layers,
    trust_rule::{Tightness, TrustRule, TrustVerdict},
    types::Positive,
};

/// `[history]`
pub(crate) const TABLE: TableRow =
    TableRow::new(&["history"], "The history of runs: what it keeps, and where.");

keys! {
    /// The file of the history, memory, or off. By default `loom up` with a dashboard keeps it in a file of the state
    /// folder, one for each project; `loom exec` keeps it in memory. Without a dashboard there is none.
    FILE: Option<HistoryChoice> = SettingKey::new(&["history", "file"], || None)
        .variables(&[KeyVariable::Named("LOOM_HISTORY")])
        .example("\"off\"")
        .trust(TrustRule::Tighter(Tightness { alone: without_path, than: keeps_less }));

    /// How large the file may grow, 2MiB or more; in memory at most 64MiB. Beyond it, contents of runs go first, then runs
    /// without an error, then failed ones.
    MAX_SIZE: HistorySize = SettingKey::new(&["history", "max_size"], || HistorySize::DEFAULT)
        .variables(&[KeyVariable::Named("LOOM_HISTORY_MAX_SIZE")])
        .trust(TrustRule::Tighter(Tightness { alone: tighter, than: |size, below| size < below }));

    /// The age after which runs are removed.
    MAX_AGE: Positive = SettingKey::new(&["history", "max_age"], || Positive(HistoryAge::DEFAULT.0))
        .variables(&[KeyVariable::Named("LOOM_HISTORY_MAX_AGE")])
        .trust(TrustRule::Tighter(Tightness {
            alone: tighter,
            than: |Positive(age), Positive(below)| age < below,
        }));

    /// The rows, and the spans of events, that are stored in one second: beyond it, runs that begin are left out as a whole
    /// and counted.
    ROWS_PER_SECOND: u32 = SettingKey::new(&["history", "rows_per_second"], || 2_000)
        .variables(&[KeyVariable::Named("LOOM_HISTORY_ROWS_PER_SECOND")])
        .trust(TrustRule::Tighter(Tightness { alone: tighter, than: |rows, below| rows < below }));
}

/// `[history]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHistorySettings {
    /// Where the history is kept; `None` where nothing says so.
    pub file: Option<Setting<HistoryChoice>>,
    /// How large its file may grow.
    pub max_size: Setting<HistorySize>,
    /// The age after which runs are removed.
    pub max_age: Setting<Duration>,
    /// The rows that are stored in one second.
    pub rows_per_second: Setting<u32>,
}

impl RunHistorySettings {
    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        Self {
            file: FILE.resolve(layers, &[]).transpose(),
            max_size: MAX_SIZE.resolve(layers, &[]),
            max_age: MAX_AGE.resolve(layers, &[]).map(|Positive(age)| age),
            rows_per_second: ROWS_PER_SECOND.resolve(layers, &[]),
        }
    }
}

fn tighter<T>(_: &T) -> TrustVerdict {
    TrustVerdict::Tighter
}

/// A project that is not trusted names no path: it could be any file of its user.
fn without_path(choice: &Option<HistoryChoice>) -> TrustVerdict {
    match choice {
        Some(HistoryChoice::File(_)) => TrustVerdict::Withheld,
        _ => TrustVerdict::Tighter,
    }
}

fn keeps_less(choice: &Option<HistoryChoice>, below: &Option<HistoryChoice>) -> bool {
    let rank = |choice: &Option<HistoryChoice>| match choice {
        Some(HistoryChoice::Off) => 0,
        Some(HistoryChoice::Memory) => 1,
        Some(HistoryChoice::File(_)) | None => 2,
    };
    rank(choice) < rank(below)
}
