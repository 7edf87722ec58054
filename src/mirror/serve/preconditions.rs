//! Conditional requests and ranges: RFC 9110, sections 13 and 14.

use std::{ops::Range, time::SystemTime};

use hyper::header::{self, HeaderMap, HeaderName};

/// What identifies the present bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Representation {
    /// The strong entity tag, with its quotes.
    pub(super) tag: String,
    pub(super) modified: Option<SystemTime>,
    pub(super) size: u64,
}

/// The part of a file that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SelectedPart {
    /// The client has the file: 304.
    NotModified,
    /// The file is another one than the client requires: 412.
    PreconditionFailed,
    /// The whole file: 200.
    Whole,
    /// These bytes: 206.
    Part(Range<u64>),
    /// No byte of the file: 416.
    Unsatisfiable,
}

impl Representation {
    /// What a request with these headers asks for.
    pub(super) fn select(&self, headers: &HeaderMap) -> SelectedPart {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(wanted) = text(header::IF_MATCH)
            && !tags(wanted).any(|tag| tag == "*" || tag == self.tag)
        {
            return SelectedPart::PreconditionFailed;
        }
        let unchanged = match text(header::IF_NONE_MATCH) {
            Some(known) => tags(known).any(|tag| tag == "*" || without_weak(tag) == self.tag),
            None => text(header::IF_MODIFIED_SINCE).is_some_and(|time| self.is_older(time)),
        };
        if unchanged {
            return SelectedPart::NotModified;
        }
        let same = text(header::IF_RANGE).is_none_or(|known| known == self.tag);
        match text(header::RANGE).filter(|_| same) {
            Some(range) => self.part(range),
            None => SelectedPart::Whole,
        }
    }

    /// Whether the file has not changed since this time. HTTP's times are in whole seconds.
    fn is_older(&self, time: &str) -> bool {
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs()).ok()
        };
        let Some(modified) = self.modified.and_then(seconds) else { return false };
        httpdate::parse_http_date(time).ok().and_then(seconds).is_some_and(|time| modified <= time)
    }

    /// The part that a header `Range` names. Several ranges, other units and what is malformed select the whole file.
    fn part(&self, range: &str) -> SelectedPart {
        let Some((first, last)) =
            range.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
        else {
            return SelectedPart::Whole;
        };
        let (first, last) = (first.trim(), last.trim());
        let number = |text: &str| text.parse::<u64>().ok().filter(|_| !text.starts_with('+'));
        let part = match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..last.saturating_add(1),
            (Some(first), None) if last.is_empty() => first..self.size,
            (None, Some(count)) if first.is_empty() => self.size.saturating_sub(count)..self.size,
            _ => return SelectedPart::Whole,
        };
        let part = part.start..part.end.min(self.size);
        if part.is_empty() { SelectedPart::Unsatisfiable } else { SelectedPart::Part(part) }
    }
}

fn tags(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

fn without_weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn selected(headers: &[(HeaderName, &str)]) -> SelectedPart {
        let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_500));
        let file = Representation { tag: "\"a\"".to_owned(), modified, size: 10 };
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        file.select(&headers.collect())
    }

    #[test]
    fn ranges_are_those_of_the_file() {
        for (range, expected) in [
            ("bytes=0-", SelectedPart::Part(0..10)),
            ("bytes=3-", SelectedPart::Part(3..10)),
            ("bytes=3-4", SelectedPart::Part(3..5)),
            ("bytes=9-100", SelectedPart::Part(9..10)),
            ("bytes=-3", SelectedPart::Part(7..10)),
            ("bytes=-100", SelectedPart::Part(0..10)),
            ("bytes=10-", SelectedPart::Unsatisfiable),
            ("bytes=-0", SelectedPart::Unsatisfiable),
            ("bytes=4-3", SelectedPart::Whole),
            ("bytes=1-2,4-5", SelectedPart::Whole),
            ("bytes=+1-2", SelectedPart::Whole),
            ("bytes=a-", SelectedPart::Whole),
            ("bytes=-", SelectedPart::Whole),
            ("lines=1-2", SelectedPart::Whole),
        ] {
            assert_eq!(selected(&[(header::RANGE, range)]), expected, "{range}");
        }
    }

    #[test]
    fn conditions_come_before_ranges() {
        const RANGE: (HeaderName, &str) = (header::RANGE, "bytes=1-1");
        let (before, after) = ("Mon, 12 Jan 1970 13:46:39 GMT", "Mon, 12 Jan 1970 13:46:40 GMT");
        for (name, value, expected) in [
            (header::IF_RANGE, "\"a\"", SelectedPart::Part(1..2)),
            (header::IF_RANGE, "\"b\"", SelectedPart::Whole),
            (header::IF_RANGE, "W/\"a\"", SelectedPart::Whole),
            (header::IF_RANGE, after, SelectedPart::Whole),
            (header::IF_MATCH, "\"b\", \"a\"", SelectedPart::Part(1..2)),
            (header::IF_MATCH, "W/\"a\"", SelectedPart::PreconditionFailed),
            (header::IF_MATCH, "*", SelectedPart::Part(1..2)),
            (header::IF_NONE_MATCH, "W/\"a\"", SelectedPart::NotModified),
            (header::IF_NONE_MATCH, "\"b\"", SelectedPart::Part(1..2)),
            (header::IF_MODIFIED_SINCE, after, SelectedPart::NotModified),
            (header::IF_MODIFIED_SINCE, before, SelectedPart::Part(1..2)),
            (header::IF_MODIFIED_SINCE, "yesterday", SelectedPart::Part(1..2)),
        ] {
            assert_eq!(selected(&[RANGE, (name.clone(), value)]), expected, "{name}: {value}");
        }
    }
}
