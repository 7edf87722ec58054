//! Login codes: the single-use codes in the dashboard's address that `loom up` prints.
//!
//! The server makes a [`LoginKey`] when it starts and writes it into its ready file, which only its own user can read.
//! A process with the key makes codes without a request to the server. A code is 56 hexadecimal digits: the second in
//! which it was made, a random number, and the first half of the HMAC-SHA256 of both. The server accepts a code for ten
//! minutes, and once.

use std::{
    fmt, io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use loom_base::token::random_token;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// How long a code is valid.
pub const LOGIN_CODE_VALIDITY: Duration = Duration::from_secs(600);
/// How far the clock may go back between making a code and checking it.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);
/// The digits of the second, of the random number, and of the authentication code.
const DIGITS: [usize; 3] = [8, 16, 32];

/// The key of login codes. `Debug` hides it; serialising writes it, for the ready file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LoginKey(String);

/// Why a login code is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginCodeError {
    /// The code was not made with this key.
    #[error("the login code is invalid")]
    Invalid,
    /// The code is older than [`LOGIN_CODE_VALIDITY`].
    #[error("the login code has expired")]
    Expired,
}

impl LoginKey {
    /// A new key.
    ///
    /// # Errors
    /// Where the operating system has no randomness to give.
    ///
    /// # Examples
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use loom_environment::LoginKey;
    ///
    /// let key = LoginKey::random()?;
    /// let now = SystemTime::now();
    /// let code = key.code(now)?;
    /// assert_eq!(key.check(&code, now), Ok(()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn random() -> io::Result<Self> {
        Ok(Self(random_token()? + &random_token()?))
    }

    /// A new code, made at `now`.
    ///
    /// # Errors
    /// Where the operating system has no randomness to give.
    pub fn code(&self, now: SystemTime) -> io::Result<String> {
        let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() & 0xffff_ffff;
        let [_, random, _] = DIGITS;
        let message = format!("{second:08x}{}", &random_token()?[..random]);
        Ok(format!("{message}{}", self.authentication(&message)))
    }

    /// Whether `code` was made with this key and is valid at `now`. Whether it was used before is not known here.
    ///
    /// # Errors
    /// Why the code is refused.
    pub fn check(&self, code: &str, now: SystemTime) -> Result<(), LoginCodeError> {
        let [second, random, authentication] = DIGITS;
        let is_code = code.len() == second + random + authentication && code.is_ascii();
        if !is_code {
            return Err(LoginCodeError::Invalid);
        }
        let (message, given) = code.split_at(second + random);
        if !is_equal(&self.authentication(message), given) {
            return Err(LoginCodeError::Invalid);
        }
        let second =
            u64::from_str_radix(&message[..second], 16).map_err(|_| LoginCodeError::Invalid)?;
        let made = UNIX_EPOCH + Duration::from_secs(second);
        match now.duration_since(made) {
            Ok(age) if age <= LOGIN_CODE_VALIDITY => Ok(()),
            Err(ahead) if ahead.duration() <= CLOCK_TOLERANCE => Ok(()),
            Ok(_) | Err(_) => Err(LoginCodeError::Expired),
        }
    }

    /// The first half of the HMAC of `message`, in hexadecimal digits.
    fn authentication(&self, message: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        let tag = hmac::sign(&key, message.as_bytes());
        tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Compares in a time that depends on the lengths only.
fn is_equal(ours: &str, given: &str) -> bool {
    let pairs = ours.bytes().zip(given.bytes());
    let differences = pairs.fold(0, |all, (ours, given)| all | (ours ^ given));
    ours.len() == given.len() && differences == 0
}

impl fmt::Debug for LoginKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    #[test]
    fn a_code_is_valid_for_ten_minutes() {
        let key = LoginKey::random().unwrap();
        let code = key.code(at(10_000)).unwrap();
        for (second, expected) in [
            (10_000, Ok(())),
            (10_600, Ok(())),
            (10_601, Err(LoginCodeError::Expired)),
            (9_940, Ok(())),
            (9_939, Err(LoginCodeError::Expired)),
        ] {
            assert_eq!(key.check(&code, at(second)), expected, "{second}");
        }
        assert_ne!(code, key.code(at(10_000)).unwrap());
    }

    #[test]
    fn a_changed_code_and_that_of_another_key_are_invalid() {
        let key = LoginKey::random().unwrap();
        let code = key.code(at(1)).unwrap();
        let other = LoginKey::random().unwrap();
        assert_eq!(other.check(&code, at(1)), Err(LoginCodeError::Invalid));
        for position in 0..code.len() {
            let digit = if code.as_bytes()[position] == b'0' { "1" } else { "0" };
            let mut changed = code.clone();
            changed.replace_range(position..=position, digit);
            assert_eq!(key.check(&changed, at(1)), Err(LoginCodeError::Invalid), "{position}");
        }
        for text in ["", "0", &code[1..], &format!("{code}0"), &"é".repeat(28)] {
            assert_eq!(key.check(text, at(1)), Err(LoginCodeError::Invalid), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_key() {
        assert_eq!(format!("{:?}", LoginKey::random().unwrap()), "LoginKey(***)");
    }
}
