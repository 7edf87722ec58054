//! The `Link` to the next page of a list (RFC 8288).

use loom_http::header::{self, HeaderMap};
use url::Url;

/// The URL of the next page; `None` where the page is the last one.
///
/// # Errors
/// Where the link is not a URL of the same registry: its list would be another one, and would get the authorization of this.
pub(super) fn of(headers: &HeaderMap, url: &Url) -> Result<Option<Url>, String> {
    for value in headers.get_all(header::LINK) {
        let Ok(text) = value.to_str() else { continue };
        let Some((target, parameters)) =
            text.trim().strip_prefix('<').and_then(|t| t.split_once('>'))
        else {
            continue;
        };
        let is_next = |parameter: &str| {
            let parameter = parameter.trim().to_ascii_lowercase();
            matches!(parameter.as_str(), "rel=next" | "rel=\"next\"")
        };
        if !parameters.split([';', ',']).any(is_next) {
            continue;
        }
        return match url.join(target) {
            Ok(next) if next.origin() == url.origin() && next.path() == url.path() => {
                Ok(Some(next))
            }
            _ => Err("the link to the next page leads elsewhere".to_owned()),
        };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_one_of_the_same_list() {
        let url: Url = "https://h/v2/a/tags/list?n=2".parse().unwrap();
        let next = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LINK, text.parse().unwrap());
            of(&headers, &url).map(|next| next.map(|next| next.to_string()))
        };
        let second = Ok(Some("https://h/v2/a/tags/list?n=2&last=b".to_owned()));
        assert_eq!(next("</v2/a/tags/list?n=2&last=b>; rel=\"next\""), second);
        assert_eq!(next("<list?n=2&last=b>;rel=next"), second);
        assert_eq!(next("</v2/a/tags/list>; rel=\"prev\""), Ok(None));
        assert_eq!(next("next"), Ok(None));
        for elsewhere in ["https://other/v2/a/tags/list", "/v2/b/tags/list", "//h:1/v2/a/tags/list"]
        {
            assert!(next(&format!("<{elsewhere}>; rel=next")).is_err(), "{elsewhere}");
        }
        assert_eq!(of(&HeaderMap::new(), &url), Ok(None));
    }
}
