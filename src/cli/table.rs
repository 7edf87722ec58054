//! Tables of text.

use unicode_width::UnicodeWidthStr as _;

/// The header and the rows as lines whose columns are aligned. Columns without a value in any row are left out; no
/// line ends with blanks.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let has_values = |column: &usize| rows.iter().any(|row| !row[*column].is_empty());
    let columns: Vec<(usize, usize)> = (0..N)
        .filter(has_values)
        .map(|column| {
            let widths = rows.iter().map(|row| row[column].width());
            (column, widths.max().unwrap_or(0).max(header[column].width()))
        })
        .collect();
    let header = header.map(str::to_owned);
    std::iter::once(&header).chain(rows).map(|row| line(row, &columns)).collect()
}

/// The cells of these columns, each padded to its width.
fn line(row: &[String], columns: &[(usize, usize)]) -> String {
    let cells = columns.iter().map(|(column, width)| {
        let cell = &row[*column];
        format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
    });
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [row(["数据数据", "", "1"]), row(["a", "", ""])];
        assert_eq!(table(["NAME", "EMPTY", "SIZE"], &rows), "NAME      SIZE\n数据数据  1\na\n");
    }
}
