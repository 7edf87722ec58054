//! Tables of text.

use unicode_width::UnicodeWidthStr as _;

/// The header and the rows as lines whose columns are aligned; no line ends with blanks.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].width());
        cells.chain([header[column].width()]).max().unwrap_or(0)
    });
    let header = header.map(str::to_owned);
    let lines = std::iter::once(&header).chain(rows).map(|row| line(row, &widths));
    lines.collect()
}

fn line<const N: usize>(row: &[String; N], widths: &[usize; N]) -> String {
    let cells = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()))));
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned);
        let text = table(["NAME", "SIZE"], &[row(["数据数据", "1"]), row(["a", ""])]);
        assert_eq!(text, "NAME      SIZE\n数据数据  1\na\n");
    }
}
