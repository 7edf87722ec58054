//! Who may call.

use std::{fmt, str::FromStr};

use tonic::{Request, Status, service::Interceptor};

/// What callers must know. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

impl BearerToken {
    /// Compares in a time that depends on the lengths only.
    pub fn is(&self, offered: &str) -> bool {
        let pairs = self.0.bytes().zip(offered.bytes());
        let differences = pairs.fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
        self.0.len() == offered.len() && differences == 0
    }
}

impl FromStr for BearerToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // It travels in a header.
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a token consists of visible ASCII characters without spaces")
        }
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Lets calls pass that carry `authorization: Bearer <token>`; all calls, if there is no token.
#[derive(Debug, Clone)]
pub struct Guard(pub Option<BearerToken>);

impl Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(token) = &self.0 else { return Ok(request) };
        let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        let offered = header.and_then(|header| header.split_once(' '));
        match offered {
            Some((scheme, offered))
                if scheme.eq_ignore_ascii_case("bearer") && token.is(offered.trim()) =>
            {
                Ok(request)
            }
            _ => Err(Status::unauthenticated("this runtime wants `authorization: Bearer <token>`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_opens() {
        let table = [
            (Some("Bearer s3cret"), true),
            (Some("bearer s3cret"), true),
            (Some("Bearer s3cre"), false),
            (Some("Bearer s3crets"), false),
            (Some("Basic s3cret"), false),
            (Some("s3cret"), false),
            (None, false),
        ];
        for (header, passes) in table {
            let mut request = Request::new(());
            if let Some(header) = header {
                request.metadata_mut().insert("authorization", header.parse().unwrap());
            }
            let guarded = Guard(Some("s3cret".parse().unwrap())).call(request);
            assert_eq!(guarded.is_ok(), passes, "{header:?}");
        }
        assert!(Guard(None).call(Request::new(())).is_ok());
    }
}
