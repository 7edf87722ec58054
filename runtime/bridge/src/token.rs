//! The bearer token of callers.

use std::{fmt, str::FromStr};

use tonic::{Request, Status, service::Interceptor};

/// The token that callers must send. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

impl BearerToken {
    /// Whether `header`, the value of `authorization`, carries this token. The comparison takes a time that depends on
    /// the lengths only.
    pub fn accepts(&self, header: Option<&str>) -> bool {
        let credentials = header.and_then(|header| header.split_once(' '));
        credentials.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && self.is_equal(token.trim())
        })
    }

    fn is_equal(&self, other: &str) -> bool {
        let pairs = self.0.bytes().zip(other.bytes());
        let differences = pairs.fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
        self.0.len() == other.len() && differences == 0
    }
}

impl FromStr for BearerToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The token is sent in a header.
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected visible ASCII characters without spaces")
        }
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(***)")
    }
}

/// Refuses gRPC calls without the token; without a token, accepts all calls.
#[derive(Debug, Clone)]
pub struct TokenInterceptor(pub Option<BearerToken>);

impl Interceptor for TokenInterceptor {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(token) = &self.0 else { return Ok(request) };
        let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        if token.accepts(header) {
            Ok(request)
        } else {
            Err(Status::unauthenticated("this runtime requires `authorization: Bearer <token>`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_accepted() {
        let table = [
            (Some("Bearer s3cret"), true),
            (Some("bearer s3cret"), true),
            (Some("Bearer s3cre"), false),
            (Some("Bearer s3crets"), false),
            (Some("Basic s3cret"), false),
            (Some("s3cret"), false),
            (None, false),
        ];
        for (header, expected) in table {
            let mut request = Request::new(());
            if let Some(header) = header {
                request.metadata_mut().insert("authorization", header.parse().unwrap());
            }
            let mut interceptor = TokenInterceptor(Some("s3cret".parse().unwrap()));
            assert_eq!(interceptor.call(request).is_ok(), expected, "{header:?}");
        }
        assert!(TokenInterceptor(None).call(Request::new(())).is_ok());
    }

    #[test]
    fn no_token_is_empty() {
        for text in ["", " ", "two words", "ä"] {
            assert!(text.parse::<BearerToken>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_token() {
        let token: BearerToken = "s3cret".parse().unwrap();
        assert_eq!(format!("{token:?}"), "BearerToken(***)");
    }
}
