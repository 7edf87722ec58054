//! Replaces a table of a Markdown file: the first table below a heading.

use std::{fs, path::Path};

use crate::tally::Outcome;

/// Replaces the first table below `## heading` in `path`.
pub(crate) fn replace(path: &Path, heading: &str, table: &str) -> Outcome {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let replaced = replaced(&text, heading, table)
        .ok_or_else(|| format!("{} has no table below \"## {heading}\"", path.display()))?;
    Ok(fs::write(path, replaced)?)
}

fn replaced(text: &str, heading: &str, table: &str) -> Option<String> {
    let section = text.find(&format!("## {heading}\n"))?;
    let start = section + text[section..].find("\n|")? + 1;
    let end = text[start..].find("\n\n").map_or(text.len(), |end| start + end + 1);
    Some(format!("{}{table}{}", &text[..start], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_of_the_heading_is_replaced() {
        let text = "## A\n\n| 1 |\n\n## B\n\ntext\n\n| 2 |\n| 3 |\n\nend\n";
        let expected = "## A\n\n| 1 |\n\n## B\n\ntext\n\n| new |\n\nend\n";
        assert_eq!(replaced(text, "B", "| new |\n").unwrap(), expected);
        assert_eq!(replaced(text, "C", "| new |\n"), None);
    }
}
