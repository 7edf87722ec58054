//! The headers of requests to a collector, in the form of W3C baggage that the specification gives them.

use axum::http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

/// Reads `name=value,name=value`; values are percent-encoded.
///
/// # Errors
/// What is wrong, without any value: they may be secret.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    text.split(',').map(str::trim).filter(|pair| !pair.is_empty()).map(header).collect()
}

fn header(pair: &str) -> Result<(String, String), String> {
    let expected = || "expected name=value,name=value".to_owned();
    let (name, value) = pair.split_once('=').ok_or_else(expected)?;
    let name = name.trim();
    let is_name = HeaderName::try_from(name).is_ok();
    if !is_name {
        return Err(expected());
    }
    let value = percent_decode_str(value.trim()).decode_utf8();
    let value = value.ok().filter(|value| HeaderValue::from_str(value).is_ok());
    let value = value.ok_or_else(|| format!("the value of {name} is no header"))?;
    Ok((name.to_ascii_lowercase(), value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_pairs() {
        let pairs = |pairs: &[(&str, &str)]| {
            Ok(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
        };
        for (text, expected) in [
            ("a=1", pairs(&[("a", "1")])),
            (" Api-Key = s%20p=x , b=,", pairs(&[("api-key", "s p=x"), ("b", "")])),
            ("", pairs(&[])),
            ("hush", Err("expected name=value,name=value".to_owned())),
            ("na me=hush", Err("expected name=value,name=value".to_owned())),
            ("=hush", Err("expected name=value,name=value".to_owned())),
            ("a=hush%0A", Err("the value of a is no header".to_owned())),
            ("a=%FF", Err("the value of a is no header".to_owned())),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
