//! Random tokens.

use std::io;

/// 128 random bits from the operating system, as 32 lower-case hexadecimal digits: cannot be guessed.
///
/// # Errors
/// Where the operating system has no randomness to give (a very early boot, a sandbox without the system call).
///
/// # Examples
/// ```
/// let token = loom_base::token::random_token()?;
/// assert_eq!(token.len(), 32);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn random_token() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::from)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same() {
        let one = random_token().unwrap();
        let other = random_token().unwrap();
        assert!(one != other && one.len() == 32 && one.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
