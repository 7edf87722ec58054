//! The parameters of a request, each read once and by its name.

use std::{
    borrow::Cow,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use loom_base::time::parse_rfc3339;
use loom_history::{Nanos, nanos};
use url::form_urlencoded;

/// The parameters of a request.
#[derive(Debug)]
pub struct QueryParameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A parameter that is unknown or has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid parameter {parameter}: {reason}")]
pub struct QueryError {
    parameter: String,
    reason: String,
}

/// The longest name or value that an error repeats, in characters.
const SHOWN_CHARS: usize = 80;

impl<'a> QueryParameters<'a> {
    /// Reads the query of a request, whose parameters must be among `known`.
    pub fn read(query: Option<&'a str>, known: &[&str]) -> Result<Self, QueryError> {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let pairs: Vec<_> = pairs.filter(|(_, value)| !value.is_empty()).collect();
        match pairs.iter().find(|(name, _)| !known.contains(&&**name)) {
            Some((name, _)) => {
                Err(QueryError::new(name, format!("expected one of {}", known.join(", "))))
            }
            None => Ok(Self(pairs)),
        }
    }

    /// A text; `None` where it is missing or empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_string())
    }

    /// A value as parsed by `T`.
    pub fn parsed<T: FromStr<Err: fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, QueryError> {
        let parse = |text: String| {
            text.parse().map_err(|error: T::Err| QueryError::new(name, error.to_string()))
        };
        self.text(name).map(parse).transpose()
    }

    /// A number of milliseconds.
    pub fn milliseconds(&self, name: &str) -> Result<Option<Duration>, QueryError> {
        Ok(self.parsed::<u64>(name)?.map(Duration::from_millis))
    }

    /// A time: RFC 3339, or milliseconds since 1970.
    pub fn time(&self, name: &str) -> Result<Option<Nanos>, QueryError> {
        let read = |text: String| {
            let milliseconds = text.parse::<u64>().ok();
            let time = milliseconds
                .and_then(|ms| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms)))
                .or_else(|| parse_rfc3339(&text));
            let reason = "expected a time as 2026-01-31T12:00:00Z, or milliseconds since 1970";
            time.map(nanos).ok_or_else(|| QueryError::new(name, reason.to_owned()))
        };
        self.text(name).map(read).transpose()
    }
}

impl QueryError {
    fn new(parameter: &str, reason: String) -> Self {
        let parameter = parameter.chars().take(SHOWN_CHARS).collect();
        Self { parameter, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_by_name_and_unknown_ones_refused() {
        let query = Some("q=a+b%2Fc&since=2026-01-31T12:00:00Z&until=1500&limit=x&agent=");
        let known = ["q", "since", "until", "limit", "agent"];
        let query = QueryParameters::read(query, &known).unwrap();
        assert_eq!(query.text("q").as_deref(), Some("a b/c"));
        assert_eq!(query.text("agent"), None);
        assert_eq!(query.time("since"), Ok(Some(1_769_860_800_000_000_000)));
        assert_eq!(query.time("until"), Ok(Some(1_500_000_000)));
        let error = query.parsed::<usize>("limit").unwrap_err().to_string();
        assert_eq!(error, "invalid parameter limit: invalid digit found in string");
        let error = QueryParameters::read(Some("state=ok"), &["status"]).unwrap_err().to_string();
        assert_eq!(error, "invalid parameter state: expected one of status");
    }
}
