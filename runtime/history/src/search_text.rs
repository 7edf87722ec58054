//! Words: of a body for the index, and of a query.

/// The part of a body that is indexed, in bytes.
pub(crate) const INDEXED_BYTES: usize = 4 << 10;
/// The words of a query that are looked for.
const MOST_WORDS: usize = 16;
/// From this length on a word of a query stands for all that begin so: shorter ones would have most of the index read.
const PREFIX_CHARS: usize = 3;

use crate::redaction::cut_at_character;

/// The beginning of a body as the index gets it: each character of a script without spaces is a word of its own.
pub(crate) fn indexed_text(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(cut_at_character(content, INDEXED_BYTES));
    if text.chars().any(is_word_alone) { spaced(&text) } else { text.into_owned() }
}

/// A query in the language of FTS5: all words have to be there, and those of three letters or more may be beginnings.
/// None if there is no word.
pub(crate) fn match_expression(query: &str) -> Option<String> {
    let words = query.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric));
    let words: Vec<String> = words.take(MOST_WORDS).map(expression_of_word).collect();
    (!words.is_empty()).then(|| words.join(" AND "))
}

fn expression_of_word(word: &str) -> String {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let spaced = spaced(word);
    let quoted = spaced.trim().replace('"', " ");
    let last = quoted.chars().next_back();
    let may_be_prefix = word.chars().count() >= PREFIX_CHARS
        && last.is_some_and(|last| last.is_alphanumeric() && !is_word_alone(last));
    format!("\"{quoted}\"{}", if may_be_prefix { "*" } else { "" })
}

fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 4 / 3);
    for c in text.chars() {
        if is_word_alone(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character belongs to a script without spaces: Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese.
fn is_word_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{2fff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3100}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_becomes_words_and_prefixes() {
        for (query, expression) in [
            ("order", Some("\"order\"*")),
            ("an  order", Some("\"an\" AND \"order\"*")),
            ("say \"hi\" OR NEAR(", Some("\"say\"* AND \"hi\" AND \"OR\" AND \"NEAR\"*")),
            ("数据", Some("\"数  据\"")),
            ("BTC数", Some("\"BTC 数\"")),
            ("a.b*", Some("\"a.b\"*")),
            ("* - \"", None),
            ("", None),
        ] {
            assert_eq!(
                match_expression(query).as_deref().map(unquoted),
                expression.map(unquoted),
                "{query}"
            );
        }
    }

    /// Runs of blanks make no difference.
    fn unquoted(text: &str) -> String {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace("\" ", "\"")
            .replace(" \"", "\"")
    }

    #[test]
    fn only_the_beginning_of_a_body_is_indexed() {
        let long = "ä".repeat(3_000);
        assert_eq!(indexed_text(long.as_bytes()).chars().count(), 2_048);
        assert_eq!(indexed_text("a数据".as_bytes()), "a 数  据 ");
        assert_eq!(indexed_text(b"a\xffb"), "a\u{fffd}b");
    }
}
