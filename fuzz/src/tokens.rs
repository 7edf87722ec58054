//! Changes of whole words of a text.
//!
//! libFuzzer changes bytes, so that most of what it makes of a document ends at a bracket or quote that is missing. These
//! changes replace, repeat, remove and exchange words, quoted texts and the members of objects, arrays and tables, so that
//! missing, repeated and mistyped fields are tried within a million executions.

use std::ops::Range;

/// What stands in the place of another word.
const WORDS: [&str; 18] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.5",
    "\"\"",
    "\"a\"",
    "[]",
    "{}",
    "[null]",
    "{\"a\":1}",
    "\"\\u0000\"",
    "\"2026-01-01T00:00:00Z\"",
    "'x'",
    "# x\n",
];

/// Random numbers that are the same for the same seed: a multiplicative generator, whose high half is used.
pub(crate) struct MutationSeed(u64);

impl MutationSeed {
    pub(crate) fn new(seed: u32) -> Self {
        Self((u64::from(seed) << 1 | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// The text with one to four changes; `None` where it has no words.
pub(crate) fn change(text: &str, seed: &mut MutationSeed) -> Option<String> {
    let mut changed = text.to_owned();
    for _ in 0..=seed.below(4) {
        changed = change_once(&changed, seed)?;
    }
    Some(changed)
}

fn change_once(text: &str, seed: &mut MutationSeed) -> Option<String> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return None;
    }
    let any = |seed: &mut MutationSeed| tokens[seed.below(tokens.len())].clone();
    let one = if seed.below(2) == 0 {
        any(seed)
    } else {
        member(text, &tokens, seed.below(tokens.len()))
    };
    let words = &text[one.clone()];
    Some(match seed.below(6) {
        0 => replaced(text, one, WORDS[seed.below(WORDS.len())]),
        1 => replaced(text, one, &text[any(seed)]),
        2 => {
            let other = member(text, &tokens, seed.below(tokens.len()));
            replaced(text, one, &text[other])
        }
        3 => replaced(text, one, ""),
        4 => {
            let separator = if text[one.end..].starts_with('\n') { "\n" } else { "," };
            replaced(text, one, &format!("{words}{separator}{words}"))
        }
        _ => {
            let place = any(seed).start;
            replaced(text, place..place, words)
        }
    })
}

fn replaced(text: &str, range: Range<usize>, with: &str) -> String {
    [&text[..range.start], with, &text[range.end..]].concat()
}

/// The words, quoted texts and other characters; white space is left out.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if first == '"' {
            let mut escaped = false;
            while let Some((_, next)) = rest.next_if(|_| true) {
                if next == '"' && !escaped {
                    break;
                }
                escaped = next == '\\' && !escaped;
            }
        } else if is_word(first) {
            while rest.next_if(|(_, next)| is_word(*next)).is_some() {}
        } else if first.is_whitespace() && first != '\n' {
            continue;
        }
        let end = rest.peek().map_or(text.len(), |(at, _)| *at);
        tokens.push(start..end);
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || "_.+-@/".contains(character)
}

/// The member of an object, array or table, or the line, that begins after the separator before a token.
fn member(text: &str, tokens: &[Range<usize>], near: usize) -> Range<usize> {
    let is_one_of = |token: &Range<usize>, characters: &str| {
        token.len() == 1 && characters.contains(&text[token.clone()])
    };
    let before = tokens[..near].iter().rposition(|token| is_one_of(token, ",{[\n"));
    let first = before.map_or(0, |before| before + 1);
    let mut depth = 0_usize;
    let mut last = first;
    for (number, token) in tokens.iter().enumerate().skip(first) {
        if is_one_of(token, "{[") {
            depth += 1;
        } else if depth == 0 && is_one_of(token, ",}]\n") {
            break;
        } else if is_one_of(token, "}]") {
            depth -= 1;
        }
        last = number;
    }
    tokens[first].start..tokens[last].end
}
