//! Sessions of the page: who has logged in by a code or by the token reads the dashboard with a session token.

use std::{
    collections::HashMap,
    io,
    sync::Mutex,
    time::{Duration, Instant, SystemTime},
};

use loom_base::{LockExt as _, token::random_token};
use loom_environment::{
    LoginKey,
    login::{LOGIN_CODE_VALIDITY, LoginCodeError},
};

use crate::token::{BearerToken, bearer_of};

/// How long a session lasts after its last request.
const SESSION_IDLE: Duration = Duration::from_secs(24 * 3600);
/// Sessions at a time; a further one ends the one that was unused for the longest time.
const MAX_SESSIONS: usize = 256;
/// Used codes that are remembered. They expire after [`LOGIN_CODE_VALIDITY`], and only the server's user makes codes.
const MAX_USED_CODES: usize = 4096;

/// The token, and who has logged in with it or by a code.
#[derive(Debug)]
pub struct DashboardSessions {
    token: BearerToken,
    key: LoginKey,
    state: Mutex<OpenSessions>,
}

#[derive(Debug, Default)]
struct OpenSessions {
    /// Session tokens, and when each was used last.
    sessions: HashMap<String, Instant>,
    /// Codes that were used, and when.
    used: HashMap<String, Instant>,
}

/// Why a login is refused.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The code is invalid or has expired.
    #[error(transparent)]
    Code(#[from] LoginCodeError),
    /// The code was used before.
    #[error("the login code was used before")]
    UsedCode,
    /// The token is not that of the runtime.
    #[error("the token is not that of this runtime")]
    Token,
    /// No session token can be made.
    #[error("could not make a session token")]
    Random(#[from] io::Error),
}

impl DashboardSessions {
    /// No session yet; `token` and the codes of `key` open one.
    pub fn new(token: BearerToken, key: LoginKey) -> Self {
        Self { token, key, state: Mutex::default() }
    }

    /// Whether `header`, the value of `authorization`, carries the token or the token of a session.
    pub fn accepts(&self, header: Option<&str>) -> bool {
        self.token.accepts(header)
            || bearer_of(header).is_some_and(|session| self.is_session(session, Instant::now()))
    }

    fn is_session(&self, session: &str, now: Instant) -> bool {
        let mut state = self.state.locked();
        let Some(used) = state.sessions.get_mut(session) else { return false };
        let is_valid = now.duration_since(*used) <= SESSION_IDLE;
        *used = if is_valid { now } else { *used };
        is_valid
    }

    /// A new session for a code, which cannot be used again.
    ///
    /// # Errors
    /// Why there is none.
    pub fn open_by_code(&self, code: &str) -> Result<String, LoginError> {
        self.key.check(code, SystemTime::now())?;
        let now = Instant::now();
        let mut state = self.state.locked();
        // Longer than a code is valid, so that a clock that was set back makes none valid again.
        state.used.retain(|_, used| now.duration_since(*used) <= 2 * LOGIN_CODE_VALIDITY);
        if state.used.contains_key(code) || state.used.len() >= MAX_USED_CODES {
            return Err(LoginError::UsedCode);
        }
        state.used.insert(code.to_owned(), now);
        state.open(now)
    }

    /// A new session for the token.
    ///
    /// # Errors
    /// Why there is none.
    pub fn open_by_token(&self, token: &str) -> Result<String, LoginError> {
        if self.token.is_equal(token.trim()) {
            self.state.locked().open(Instant::now())
        } else {
            Err(LoginError::Token)
        }
    }
}

impl OpenSessions {
    fn open(&mut self, now: Instant) -> Result<String, LoginError> {
        self.sessions.retain(|_, used| now.duration_since(*used) <= SESSION_IDLE);
        if self.sessions.len() >= MAX_SESSIONS {
            let oldest = self.sessions.iter().min_by_key(|(_, used)| **used);
            if let Some(oldest) = oldest.map(|(session, _)| session.clone()) {
                self.sessions.remove(&oldest);
            }
        }
        let session = random_token()? + &random_token()?;
        self.sessions.insert(session.clone(), now);
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> (DashboardSessions, LoginKey) {
        let key = LoginKey::random().unwrap();
        (DashboardSessions::new("s3cret".parse().unwrap(), key.clone()), key)
    }

    #[test]
    fn the_token_and_sessions_are_accepted() {
        let (sessions, _) = sessions();
        let session = sessions.open_by_token(" s3cret ").unwrap();
        for (header, expected) in [
            (Some("Bearer s3cret".to_owned()), true),
            (Some(format!("Bearer {session}")), true),
            (Some(format!("bearer {session}")), true),
            (Some(session.clone()), false),
            (Some(format!("Bearer {session}0")), false),
            (Some("Bearer ".to_owned()), false),
            (None, false),
        ] {
            assert_eq!(sessions.accepts(header.as_deref()), expected, "{header:?}");
        }
        assert!(matches!(sessions.open_by_token("s3cre"), Err(LoginError::Token)));
    }

    #[test]
    fn a_code_opens_one_session() {
        let (sessions, key) = sessions();
        let code = key.code(SystemTime::now()).unwrap();
        let session = sessions.open_by_code(&code).unwrap();
        assert!(sessions.accepts(Some(&format!("Bearer {session}"))));
        assert!(matches!(sessions.open_by_code(&code), Err(LoginError::UsedCode)));
        assert!(!sessions.accepts(Some(&format!("Bearer {code}"))));
        let old = key.code(SystemTime::now() - 2 * LOGIN_CODE_VALIDITY).unwrap();
        let expired = sessions.open_by_code(&old);
        assert!(matches!(expired, Err(LoginError::Code(LoginCodeError::Expired))));
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_for_a_day() {
        let (sessions, _) = sessions();
        let session = sessions.open_by_token("s3cret").unwrap();
        let begun = Instant::now();
        assert!(sessions.is_session(&session, begun + SESSION_IDLE / 2));
        assert!(sessions.is_session(&session, begun + SESSION_IDLE * 5 / 4));
        assert!(!sessions.is_session(&session, begun + SESSION_IDLE * 3));
    }

    #[test]
    fn the_number_of_sessions_is_limited() {
        let mut state = OpenSessions::default();
        let begun = Instant::now();
        let opened: Vec<String> = (0..=MAX_SESSIONS)
            .map(|n| state.open(begun + Duration::from_millis(n as u64)).unwrap())
            .collect();
        assert_eq!(state.sessions.len(), MAX_SESSIONS);
        assert!(!state.sessions.contains_key(&opened[0]));
        assert!(state.sessions.contains_key(&opened[1]));
    }
}
