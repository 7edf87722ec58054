//! The progress line of a transfer: one line that never wraps.

use std::time::Duration;

use indicatif::HumanBytes;
use loom_base::clean;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The state of a transfer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TransferProgress<'a> {
    /// The name of the file.
    pub(crate) name: &'a str,
    /// Bytes received so far, those of an earlier transfer included.
    pub(crate) bytes: u64,
    /// Bytes that an earlier transfer had received.
    pub(crate) resumed_at: u64,
    /// Bytes in total, where known.
    pub(crate) total: Option<u64>,
    /// The time since this transfer began.
    pub(crate) elapsed: Duration,
}

/// The widest bar, in columns.
const WIDEST_BAR: usize = 30;
/// A bar that is narrower shows nothing.
const NARROWEST_BAR: usize = 8;
/// A name of which less remains is left out.
const SHORTEST_NAME: usize = 6;

impl TransferProgress<'_> {
    /// Bytes per second, counting only those of this transfer; `None` before there is something to count.
    fn rate(&self) -> Option<u64> {
        let new = self.bytes.saturating_sub(self.resumed_at);
        let seconds = self.elapsed.as_secs_f64();
        // A float is converted saturating.
        (new > 0 && seconds > 0.0).then(|| (new as f64 / seconds) as u64)
    }

    /// The line, in at most `columns` columns. Where there is little room, the bar, the remaining time, the rate and
    /// the name are left out, in this order.
    pub(crate) fn line(&self, columns: usize) -> String {
        let numbers = self.numbers();
        let fits = |text: &&String| text.width() + SHORTEST_NAME < columns;
        let Some(numbers) = numbers.iter().find(fits) else {
            let shortest = numbers.last().map_or("", String::as_str);
            return shortened(shortest, columns);
        };
        let room = columns - numbers.width() - 1;
        let name = shortened(self.name, room);
        match self.bar(room.saturating_sub(name.width() + 1)) {
            Some(bar) => format!("{name} {bar} {numbers}"),
            None => format!("{name} {numbers}"),
        }
    }

    /// The numbers, from the longest text to the shortest.
    fn numbers(&self) -> Vec<String> {
        let size = |bytes| HumanBytes(bytes).to_string();
        let amount = match self.total {
            Some(total) => format!("{}/{}", size(self.bytes), size(total)),
            None => size(self.bytes),
        };
        let rate = self.rate().map(|rate| format!("{}/s", size(rate)));
        let left = self.seconds_left().map(|seconds| format!("{seconds} s left"));
        let joined = |parts: &[&Option<String>]| {
            let parts = parts.iter().filter_map(|part| part.as_deref());
            std::iter::once(amount.as_str()).chain(parts).collect::<Vec<_>>().join("  ")
        };
        let mut texts = vec![joined(&[&rate, &left]), joined(&[&rate]), amount.clone()];
        texts.extend(self.percent().map(|percent| format!("{percent}%")));
        texts
    }

    fn percent(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some(self.bytes.min(total).saturating_mul(100) / total)
    }

    fn seconds_left(&self) -> Option<u64> {
        let rate = self.rate().filter(|rate| *rate > 0)?;
        Some(self.total?.saturating_sub(self.bytes).div_ceil(rate))
    }

    /// A bar of at most `columns` columns, brackets included.
    fn bar(&self, columns: usize) -> Option<String> {
        let percent = usize::try_from(self.percent()?).unwrap_or(100);
        let inner = columns.min(WIDEST_BAR).checked_sub(2).filter(|n| *n >= NARROWEST_BAR)?;
        let filled = inner * percent / 100;
        Some(format!("[{}{}]", "#".repeat(filled), "-".repeat(inner - filled)))
    }
}

/// The text in at most `columns` columns, with an ellipsis where its end is cut off. Control characters, whose width
/// is unknown, and others that change how a terminal displays the rest become question marks.
fn shortened(text: &str, columns: usize) -> String {
    let is_unsafe = |c: char| c.is_control() || clean::is_unsafe(c);
    let text: String = text.chars().map(|c| if is_unsafe(c) { '?' } else { c }).collect();
    if text.width() <= columns {
        return text;
    }
    let mut short = String::new();
    let mut room = columns.saturating_sub(1);
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if width > room {
            break;
        }
        room -= width;
        short.push(c);
    }
    if columns > 0 {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn progress(name: &str, resumed_at: u64) -> TransferProgress<'_> {
        let elapsed = Duration::from_secs(2);
        TransferProgress { name, bytes: 6 * MIB, resumed_at, total: Some(8 * MIB), elapsed }
    }

    #[test]
    fn the_line_shows_what_there_is_room_for() {
        let progress = progress("loom-bridge-server-0.2.0.tar.gz", 4 * MIB);
        for (columns, expected) in [
            (
                100,
                "loom-bridge-server-0.2.0.tar.gz [###################-------] 6.00 MiB/8.00 MiB  1.00 MiB/s  2 s left",
            ),
            (60, "loom-bridge-server-… 6.00 MiB/8.00 MiB  1.00 MiB/s  2 s left"),
            (40, "loom-brid… 6.00 MiB/8.00 MiB  1.00 MiB/s"),
            (26, "loom-br… 6.00 MiB/8.00 MiB"),
            (11, "loom-b… 75%"),
            (3, "75%"),
            (2, "7…"),
            (0, ""),
        ] {
            assert_eq!(progress.line(columns), expected, "{columns}");
        }
    }

    #[test]
    fn wide_characters_count_twice() {
        let line = progress("数据数据数据数据", 0).line(40);
        assert_eq!(line, "数据数据… 6.00 MiB/8.00 MiB  3.00 MiB/s");
        assert!(line.width() <= 40);
    }

    #[test]
    fn the_rate_counts_only_bytes_of_this_transfer() {
        assert_eq!(progress("x", 0).rate(), Some(3 * MIB));
        assert_eq!(progress("x", 4 * MIB).rate(), Some(MIB));
        assert_eq!(progress("x", 6 * MIB).rate(), None);
    }

    #[test]
    fn without_a_total_there_is_neither_bar_nor_remaining_time() {
        let progress = TransferProgress { total: None, ..progress("x", 0) };
        assert_eq!(progress.line(80), "x 6.00 MiB  3.00 MiB/s");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            name in ".{0,60}",
            bytes: u64,
            resumed_at: u64,
            total: Option<u64>,
            seconds in 0_u64..1_000_000,
            columns in 0_usize..200,
        ) {
            let elapsed = Duration::from_secs(seconds);
            let progress = TransferProgress { name: &name, bytes, resumed_at, total, elapsed };
            let line = progress.line(columns);
            prop_assert!(line.width() <= columns, "{line:?}");
            prop_assert!(!line.contains(char::is_control), "{line:?}");
            prop_assert!(!line.contains(clean::is_unsafe), "{line:?}");
        }
    }
}
