//! [`AuthChallenge`]: what a registry asks for in `WWW-Authenticate` (RFC 9110, section 11.6.1).

use loom_http::header::{self, HeaderMap};

/// The longest header that is read, in bytes.
const MAX_HEADER: usize = 8 * 1024;

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AuthChallenge {
    /// A user and a password.
    Basic,
    /// A token of a realm.
    Bearer {
        /// The URL of the realm.
        realm: String,
        service: Option<String>,
        /// What the token has to permit, exactly as the registry names it.
        scope: Option<String>,
    },
}

impl AuthChallenge {
    /// The challenge that is answered: the first for a token, else one for a password; `None` where there is neither.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
        let texts =
            values.filter_map(|value| value.to_str().ok()).filter(|text| text.len() <= MAX_HEADER);
        let challenges: Vec<Self> = texts.flat_map(Self::parse).collect();
        let bearer = challenges.iter().find(|challenge| matches!(challenge, Self::Bearer { .. }));
        bearer.or(challenges.first()).cloned()
    }

    /// The challenges of one header.
    fn parse(text: &str) -> Vec<Self> {
        let mut challenges = Vec::new();
        let mut scheme = None;
        let mut parameters = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([',', ' ', '\t']);
            if rest.is_empty() {
                break;
            }
            let (word, after) =
                rest.split_at(rest.find(|c| " \t,=".contains(c)).unwrap_or(rest.len()));
            match after.trim_start().strip_prefix('=') {
                Some(value) => {
                    let (value, after) = read_value(value.trim_start());
                    parameters.push((word.to_ascii_lowercase(), value));
                    rest = after;
                }
                None => {
                    challenges.extend(Self::made(scheme.take(), std::mem::take(&mut parameters)));
                    scheme = Some(word.to_ascii_lowercase());
                    rest = after;
                }
            }
        }
        challenges.extend(Self::made(scheme, parameters));
        challenges
    }

    fn made(scheme: Option<String>, parameters: Vec<(String, String)>) -> Option<Self> {
        let value = |name: &str| {
            let found = parameters.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };
        match scheme?.as_str() {
            "basic" => Some(Self::Basic),
            "bearer" => Some(Self::Bearer {
                realm: value("realm")?,
                service: value("service"),
                scope: value("scope"),
            }),
            _ => None,
        }
    }
}

/// A token or a quoted string, and what comes after it.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(|c| " \t,".contains(c)).unwrap_or(text.len()));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> AuthChallenge {
        AuthChallenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        }
    }

    fn challenge(values: &[&str]) -> Option<AuthChallenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        AuthChallenge::of(&headers)
    }

    #[test]
    fn challenges_are_read_in_every_form() {
        let full = bearer("https://auth/token", Some("reg"), Some("repository:a/b:pull,push"));
        for (values, expected) in [
            (
                &[
                    r#"Bearer realm="https://auth/token",service="reg",scope="repository:a/b:pull,push""#,
                ][..],
                Some(full.clone()),
            ),
            (
                &[
                    r#"bearer REALM = "https://auth/token" , service=reg, scope="repository:a/b:pull,push", error="invalid_token""#,
                ],
                Some(full.clone()),
            ),
            (
                &[
                    r#"Basic realm="x, y", Bearer realm="https://auth/token",service="reg",scope="repository:a/b:pull,push""#,
                ],
                Some(full.clone()),
            ),
            (&["Basic realm=x", r#"Bearer realm="r""#], Some(bearer("r", None, None))),
            (&[r#"Basic realm="Registry""#], Some(AuthChallenge::Basic)),
            (&["Basic"], Some(AuthChallenge::Basic)),
            (&[r#"Bearer realm="a\"b""#], Some(bearer("a\"b", None, None))),
            (&[r#"Bearer realm="open"#], Some(bearer("open", None, None))),
            (&["Bearer"], None),
            (&["Negotiate", "Digest realm=x"], None),
            (&["", ",,,=="], None),
            (&[], None),
        ] {
            assert_eq!(challenge(values), expected, "{values:?}");
        }
        assert_eq!(challenge(&[&format!("Bearer realm=\"{}\"", "x".repeat(MAX_HEADER))]), None);
    }
}
