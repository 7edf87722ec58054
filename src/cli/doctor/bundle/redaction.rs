//! [`Redaction`]: text without secrets.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::secrets::KnownSecrets;

/// What is written in place of a secret.
const MASK: &str = "***";

/// Shorter texts are no secrets, and would blank half of a log.
const SHORTEST: usize = 5;

/// The value of a setting or variable that is a secret may be shorter: then it is blanked where it is a word by itself.
const SHORTEST_VALUE: usize = 3;

/// Tokens of services begin with these.
const TOKEN_STARTS: [&str; 16] = [
    "sk-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "eyJ",
    "hf_",
    "npm_",
    "pypi-",
];

/// The shortest token that is recognised by its start.
const SHORTEST_TOKEN: usize = 16;

/// Words after which a credential follows.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];

/// Takes secrets out of text.
pub(super) struct Redaction {
    /// In all their spellings, the longest first.
    secrets: Vec<String>,
    /// Short ones, which are blanked only where they are words by themselves.
    words: Vec<String>,
}

impl Redaction {
    /// A redaction that knows these secrets.
    pub(super) fn of(known: &KnownSecrets) -> Self {
        let common = ["true", "false", "localhost", "127.0.0.1"];
        let is_secret = |it: &&String| !common.contains(&&***it);
        let mut values = known.values.clone();
        values.extend(known.values.iter().filter_map(|value| credential_of(value)));
        let long = known.possible.union(&values).filter(|it| it.len() >= SHORTEST);
        let mut secrets: Vec<String> =
            long.filter(is_secret).flat_map(|secret| spellings(secret)).collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        let is_short = |it: &&String| (SHORTEST_VALUE..SHORTEST).contains(&it.len());
        let words = values.iter().filter(is_short).filter(is_secret).cloned().collect();
        Self { secrets, words }
    }

    /// The text without known secrets, without user names, passwords and queries in URLs, and without what looks like a
    /// token.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), MASK);
            }
        }
        text = without_escaped(&text, &self.secrets);
        for word in &self.words {
            text = without_word(&text, word);
        }
        without_tokens(&without_parts_of_urls(&text))
    }
}

/// The credential in the value of a header, such as `Bearer x`: it may stand elsewhere without its scheme.
fn credential_of(value: &str) -> Option<String> {
    let (scheme, credential) = value.trim().split_once(' ')?;
    let is_scheme = SCHEMES.contains(&scheme.to_lowercase().as_str());
    is_scheme.then(|| credential.trim().to_owned())
}

/// A secret as text, in JSON, with a plus for each space, and in base64. Its forms in URLs are found by decoding.
fn spellings(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let mut found = vec![secret.to_owned(), json, secret.replace(' ', "+")];
    found.extend(base64_of(secret.as_bytes()));
    found
}

/// The text without secrets that are written with percent signs, whichever of their bytes are.
fn without_escaped(text: &str, secrets: &[String]) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let decoded = decoded(text);
    let bytes: Vec<u8> = decoded.iter().map(|(_, byte)| *byte).collect();
    let start = |at: usize| decoded.get(at).map_or(text.len(), |(start, _)| *start);
    let mut found: Vec<Range<usize>> = vec![];
    for secret in secrets {
        let mut from = 0;
        while let Some(at) = memmem(&bytes[from..], secret.as_bytes()) {
            let at = from + at;
            from = at + secret.len();
            let range = start(at)..start(from);
            if found.iter().all(|other| range.end <= other.start || other.end <= range.start) {
                found.push(range);
            }
        }
    }
    found.sort_by_key(|range| range.start);
    let mut out = text.to_owned();
    for range in found.into_iter().rev() {
        // An escape may stand in the middle of a character.
        if out.is_char_boundary(range.start) && out.is_char_boundary(range.end) {
            out.replace_range(range, MASK);
        }
    }
    out
}

/// The bytes of a text with percent signs, each with its place in the text.
fn decoded(text: &str) -> Vec<(usize, u8)> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut at, mut found) = (0, Vec::with_capacity(bytes.len()));
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                found.push((at, u8::try_from(high * 16 + low).unwrap_or_default()));
                at += 3;
            }
            _ => {
                found.push((at, *byte));
                at += 1;
            }
        }
    }
    found
}

/// Where a text begins in another one.
fn memmem(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len().max(1)).position(|window| window == part)
}

/// The part of a base64 text that a secret determines, for each place that it may have in what is encoded: behind the
/// name of a user, for example. Both alphabets.
fn base64_of(secret: &[u8]) -> Vec<String> {
    let mut found = vec![];
    for before in 0..3 {
        let bytes = [&[0; 2][..before.min(2)], secret].concat();
        let text = STANDARD_NO_PAD.encode(&bytes);
        // The first characters depend on what is before, the last one on what is behind.
        let first = [0, 2, 3][before];
        let last = text.len() - usize::from(bytes.len() % 3 != 0);
        let text = text.get(first..last).unwrap_or_default().to_owned();
        if text.len() >= SHORTEST {
            found.push(text.replace('+', "-").replace('/', "_"));
            found.push(text);
        }
    }
    found
}

/// The text without a short secret, where it is a word by itself or the value of an assignment.
fn without_word(text: &str, word: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, found) = rest.split_at(at);
        let behind = &found[word.len()..];
        let is_inside =
            before.chars().next_back().or_else(|| out.chars().next_back()).is_some_and(is_part)
                || behind.chars().next().is_some_and(is_part);
        out.push_str(before);
        out.push_str(if is_inside { word } else { MASK });
        rest = behind;
    }
    out + rest
}

/// Blanks user names, passwords, queries and fragments of URLs.
fn without_parts_of_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let is_end = |c: char| c.is_whitespace() || "\"'<>`\\|^{}".contains(c);
        let end = after.find(is_end).unwrap_or(after.len());
        let (url, behind) = after.split_at(end);
        out.push_str(&without_parts(url));
        rest = behind;
    }
    out + rest
}

/// What follows `://`, without what may be secret.
fn without_parts(url: &str) -> String {
    let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, path) = url.split_at(authority);
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_owned(),
    };
    match path.find(['?', '#']) {
        Some(at) => format!("{host}{}{MASK}", &path[..=at]),
        None => host + path,
    }
}

/// Blanks what looks like a token.
fn without_tokens(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.+/=~".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_after_scheme = false;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let is_token = word.len() >= SHORTEST_TOKEN
            && TOKEN_STARTS.iter().any(|start| word.starts_with(start));
        let is_credential = is_after_scheme && word.len() >= SHORTEST;
        out.push_str(if is_token || is_credential { MASK } else { word });
        if !word.is_empty() {
            is_after_scheme = SCHEMES.contains(&word.to_lowercase().as_str());
        }
        let next = behind.find(is_word).unwrap_or(behind.len());
        let (between, after) = behind.split_at(next);
        is_after_scheme &= between == " ";
        out.push_str(between);
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blanked_in_all_spellings() {
        let known = ["pass/word+1", "four", "line\nbreak", "ab"].map(str::to_owned);
        let known = KnownSecrets { values: known.into(), ..KnownSecrets::default() };
        let redaction = Redaction::of(&known);
        for (text, expected) in [
            ("a pass/word+1 b", "a *** b"),
            ("pass%2Fword%2B1", "***"),
            ("pass%2fword%2b1", "***"),
            ("%70%61%73%73%2F%77%6F%72%64%2B%31", "***"),
            // base64 of the secret, of `ada:` and the secret, and of `xy` and the secret.
            ("cGFzcy93b3JkKzE=", "***E="),
            ("YWRhOnBhc3Mvd29yZCsx", "YWRhOn***"),
            ("eHlwYXNzL3dvcmQrMQ==", "eHl***Q=="),
            ("a four \"four\" k=four,", "a *** \"***\" k=***,"),
            ("fourteen, petit-four4, _four", "fourteen, petit-four4, _four"),
            ("ab", "ab"),
            (r#""line\nbreak""#, r#""***""#),
            ("https://ada:x@host/a?b=c#d e", "https://***@host/a?*** e"),
            ("\"https://host/#code=1\",", "\"https://host/#***\","),
            ("s3://bucket/prefix", "s3://bucket/prefix"),
            ("http://a@b@c", "http://***@c"),
            ("Authorization: Bearer abcdefgh, ok", "Authorization: Bearer ***, ok"),
            ("the token is", "the token is"),
            ("sk-abcdefghijklmnop!", "***!"),
            ("desk-abcdefghijklmnop", "desk-abcdefghijklmnop"),
            ("ärger ghp_0123456789abcdef", "ärger ***"),
        ] {
            assert_eq!(redaction.text(text), expected, "{text}");
        }
    }
}
