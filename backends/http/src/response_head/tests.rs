//! Judging responses.

use super::*;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.insert(HeaderName::from_static(name), value.parse().unwrap());
    }
    map
}

fn judged(status: u16, from: u64, tag: Option<&str>, lines: &[(&'static str, &str)]) -> String {
    let validator = tag.map(|tag| match tag.strip_prefix("W/") {
        Some(_) => Validator::Weak(tag.to_owned()),
        None => Validator::Strong(tag.to_owned()),
    });
    let requested = RangeRequest { from, validator };
    match judge("x", "a.tar.gz", &requested, StatusCode::from_u16(status).unwrap(), &headers(lines))
    {
        Ok(verdict) => format!("{verdict:?}"),
        Err(error) => error.kind.as_str().to_owned(),
    }
}

#[test]
fn status_and_headers_are_judged() {
    const SAME: (&str, &str) = ("etag", "\"a\"");
    let range = |text| ("content-range", text);
    for (status, from, tag, lines, expected) in [
        (200, 0, None, &[][..], "Whole"),
        (200, 5, Some("\"a\""), &[SAME], "Whole"),
        (206, 5, Some("\"a\""), &[SAME, range("bytes 5-9/10")], "Range { total: Some(10) }"),
        (206, 5, Some("\"a\""), &[range("bytes 5-9/*")], "Range { total: None }"),
        (206, 5, None, &[SAME, range("bytes 5-7/10")], "Range { total: Some(10) }"),
        (206, 5, Some("\"b\""), &[SAME, range("bytes 5-9/10")], "Restart"),
        (206, 5, Some("W/\"a\""), &[("etag", "W/\"b\""), range("bytes 5-9/10")], "Restart"),
        (
            206,
            5,
            Some("W/\"a\""),
            &[("etag", "W/\"a\""), range("bytes 5-9/10")],
            "Range { total: Some(10) }",
        ),
        (206, 5, None, &[range("bytes 4-9/10")], "range_mismatch"),
        (206, 5, None, &[range("bytes 5-10/10")], "range_mismatch"),
        (206, 5, None, &[range("bytes 9-5/10")], "range_mismatch"),
        (206, 5, None, &[range("pages 5-9/10")], "range_mismatch"),
        (206, 5, None, &[("content-type", "multipart/byteranges; boundary=x")], "range_mismatch"),
        (206, 0, None, &[range("bytes 0-9/10")], "range_mismatch"),
        (416, 10, None, &[range("bytes */10")], "End"),
        (416, 10, None, &[range("bytes */9")], "Restart"),
        (416, 10, None, &[], "Restart"),
        (416, 0, None, &[], "http_status"),
        (404, 0, None, &[], "Absent"),
        (410, 5, None, &[], "Absent"),
        (401, 0, None, &[], "access_denied"),
        (403, 0, None, &[], "access_denied"),
        (407, 0, None, &[], "access_denied"),
        (204, 0, None, &[], "http_status"),
        (304, 0, None, &[], "http_status"),
        (500, 0, None, &[], "http_status"),
        (511, 0, None, &[], "html_page"),
        (200, 0, None, &[("content-encoding", "identity")], "Whole"),
        (200, 0, None, &[("content-encoding", "x-gzip")], "Whole"),
        (200, 0, None, &[("content-encoding", "br")], "content_encoding"),
        (206, 5, None, &[range("bytes 5-9/10"), ("content-encoding", "br")], "content_encoding"),
    ] {
        assert_eq!(judged(status, from, tag, lines), expected, "{status} {from} {tag:?} {lines:?}");
    }
}

#[test]
fn an_encoding_may_describe_the_file_itself() {
    for (encoding, name, own) in [
        ("identity", "a.zip", true),
        ("x-gzip", "a.tar.gz", true),
        ("GZIP", "a.TGZ", true),
        ("gzip", "a.tar.gz.sha256", true),
        ("zstd", "a.tar.zst", true),
        ("gzip", "a.tar.zst", false),
        ("gzip", "a", false),
        ("gzip", "gz", false),
        ("gzip", "a.zip", false),
        ("br", "a.tar.gz", false),
        ("gzip, gzip", "a.tar.gz", false),
    ] {
        assert_eq!(is_own_encoding(encoding, name), own, "{encoding} {name}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (text, expected) in [
        ("7", Some(7)),
        ("0", Some(0)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
        ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
        ("18446744073709551615", Some(86_400)),
        ("soon", None),
        ("-1", None),
    ] {
        let got = retry_after(&headers(&[("retry-after", text)]), now);
        assert_eq!(got, expected.map(Duration::from_secs), "{text}");
    }
}

#[test]
fn validators_are_strong_only_where_the_tag_is() {
    let of = |name, text| validator(&headers(&[(name, text)]));
    assert_eq!(of("etag", "\"x\""), Some(Validator::Strong("\"x\"".into())));
    assert_eq!(of("etag", "W/\"x\""), Some(Validator::Weak("W/\"x\"".into())));
    assert_eq!(of("etag", "x"), Some(Validator::Weak("x".into())));
    assert_eq!(of("last-modified", "then"), Some(Validator::Weak("then".into())));
    assert_eq!(of("date", "then"), None);
}

#[test]
fn html_is_recognised_by_its_type() {
    for (media_type, html) in [
        ("text/html", true),
        ("Text/HTML; charset=utf-8", true),
        ("application/xhtml+xml", true),
        ("application/octet-stream", false),
        ("text/plain", false),
        ("text/html-but-not", false),
    ] {
        assert_eq!(is_html(&headers(&[("content-type", media_type)])), html, "{media_type}");
    }
}

proptest::proptest! {
    #[test]
    fn any_content_range_is_parsed_or_refused(text in "(bytes )?[0-9*+ -]{0,24}/?[0-9*]{0,24}") {
        if let Some(range) = ContentRange::parse(&text) {
            proptest::prop_assert!(range.first <= range.last);
        }
    }
}
