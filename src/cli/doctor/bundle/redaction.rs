//! [`Redaction`]: text without secrets.

use std::collections::BTreeSet;

/// What is written in place of a secret.
const MASK: &str = "***";

/// Shorter texts are no secrets, and would blank half of a log.
const SHORTEST: usize = 5;

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
}

impl Redaction {
    /// A redaction that knows these secrets.
    pub(super) fn of(known: BTreeSet<String>) -> Self {
        let common = ["true", "false", "localhost", "127.0.0.1"];
        let known = known.into_iter().filter(|it| it.len() >= SHORTEST && !common.contains(&&**it));
        let mut secrets: Vec<String> = known.flat_map(|secret| spellings(&secret)).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
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
        without_tokens(&without_parts_of_urls(&text))
    }
}

/// A secret as text, in JSON and in a URL.
fn spellings(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json.trim_matches('"').to_owned();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let url = secret
        .bytes()
        .map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") });
    vec![secret.to_owned(), json, url.collect()]
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
        let known = ["pass/word+1", "four", "line\nbreak"].map(str::to_owned);
        let redaction = Redaction::of(known.into());
        for (text, expected) in [
            ("a pass/word+1 b", "a *** b"),
            ("pass%2Fword%2B1", "***"),
            ("four", "four"),
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
